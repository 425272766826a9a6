package redshift

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Rights are what a session's user may do in its database, as the warehouse's own functions tell.
type Rights struct {
	User      Ident
	Superuser bool
	Create    bool // schemas
	Schemas   map[Ident]SchemaRights
	Tables    map[Table]TableRights
}

// SchemaRights are those on one schema.
type SchemaRights struct{ Usage, Create bool }

// TableRights are those on one table. Where the schema cannot be used, only Owner is known.
type TableRights struct{ Owner, Select, Insert, Update, Delete, References bool }

// ReadRights asks with three queries, however many tables there are.
func ReadRights(ctx context.Context, q Querier) (*Rights, error) {
	r := &Rights{Schemas: map[Ident]SchemaRights{}, Tables: map[Table]TableRights{}}
	for _, step := range []struct {
		what   string
		sql    SQL
		fields int
		each   func(row []*string) error
	}{
		{"the user", Build(`SELECT usename, usesuper, HAS_DATABASE_PRIVILEGE(current_database(), 'create')
FROM pg_catalog.pg_user
WHERE usename = current_user`), 3, r.user},
		{"rights on schemas", Build(`SELECT nspname, HAS_SCHEMA_PRIVILEGE(nspname, 'usage'), HAS_SCHEMA_PRIVILEGE(nspname, 'create')
FROM pg_catalog.pg_namespace
WHERE SUBSTRING(nspname, 1, 3) <> 'pg_'`), 3, r.schema},
		// Asking about a table of a schema that cannot be used would be an error.
		{"rights on tables", Build(`SELECT t.nspname, t.relname, t.usename = current_user, ?
FROM (SELECT n.nspname, c.relname, u.usename, QUOTE_IDENT(n.nspname) || '.' || QUOTE_IDENT(c.relname) AS name,
        HAS_SCHEMA_PRIVILEGE(n.nspname, 'usage') AS usable
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_user u ON u.usesysid = c.relowner
    WHERE c.relkind = 'r' AND SUBSTRING(n.nspname, 1, 3) <> 'pg_' AND n.nspname <> 'information_schema') t`,
			Join(", ", may("select"), may("insert"), may("update"), may("delete"), may("references"))), 8, r.table},
	} {
		err := q.Query(ctx, step.sql, func(row []*string) error {
			if len(row) != step.fields {
				return fmt.Errorf("an answer with %d fields, %d were asked for", len(row), step.fields)
			}
			return step.each(row)
		})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", step.what, err)
		}
	}
	if r.User.IsZero() {
		return nil, errors.New("read the user: the catalog does not have who is logged in")
	}
	return r, nil
}

func may(privilege string) SQL {
	return Build("CASE WHEN t.usable THEN HAS_TABLE_PRIVILEGE(t.name, ?) ELSE false END", Lit(privilege))
}

func (r *Rights) user(row []*string) (err error) {
	if row[0] == nil {
		return errors.New("a name is NULL")
	}
	if r.User, err = NewIdent(*row[0]); err != nil {
		return err
	}
	return bools(row[1:], &r.Superuser, &r.Create)
}

func (r *Rights) schema(row []*string) error {
	if row[0] == nil {
		return errors.New("a name is NULL")
	}
	name, err := NewIdent(*row[0])
	if err != nil {
		return err
	}
	var s SchemaRights
	err = bools(row[1:], &s.Usage, &s.Create)
	r.Schemas[name] = s
	return err
}

func (r *Rights) table(row []*string) error {
	if row[0] == nil || row[1] == nil {
		return errors.New("a name is NULL")
	}
	name, err := NewTable(*row[0], *row[1])
	if err != nil {
		return err
	}
	var t TableRights
	if row[2] != nil { // an owner who is gone is nobody
		err = bools(row[2:3], &t.Owner)
	}
	err = errors.Join(err, bools(row[3:], &t.Select, &t.Insert, &t.Update, &t.Delete, &t.References))
	r.Tables[name] = t
	return err
}

func bools(row []*string, to ...*bool) error {
	for i, p := range to {
		v, err := parseBool(row[i])
		if err != nil {
			return err
		}
		*p = v
	}
	return nil
}

// Policy is a masking policy or a policy on rows that is attached to a table, and to whom.
type Policy struct {
	Name    string
	Kind    string // masking or rows
	Table   Table
	Grantee string // a user, a role, or public
	To      string // user, role or public, in small letters
	Columns string // of a masking policy
}

// PoliciesQueries ask for the policies that are attached to anything. Superusers and those with sys:secadmin may see them (DG
// t_rls_ownership, t_ddm); others see nothing, or are refused. ParsePolicy reads a row of either.
func PoliciesQueries() []SQL {
	return []SQL{
		Build(`SELECT 'masking', policy_name, schema_name, table_name, grantee, grantee_type, output_columns
FROM svv_attached_masking_policy`),
		Build(`SELECT 'rows', polname, relschema, relname, grantee, granteekind, NULL
FROM svv_rls_attached_policy
WHERE is_pol_on AND is_rls_on`),
	}
}

// ParsePolicy reads a row of PoliciesQueries.
func ParsePolicy(row []*string) (p Policy, err error) {
	const fields = 7
	if len(row) != fields {
		return p, fmt.Errorf("read policy: %d fields, %d were asked for", len(row), fields)
	}
	text := func(i int) string {
		if row[i] == nil {
			return ""
		}
		return *row[i]
	}
	p = Policy{Kind: text(0), Name: text(1), Grantee: text(4), To: LowerASCII(text(5)), Columns: text(6)}
	p.Table, err = NewTable(text(2), text(3))
	return p, err
}

// ScanQuery asks how a table, or a query with a name, is read. A line that IsFiltered holds for says that a policy on rows applies to this
// very user, whoever may see the policy itself (DG r_EXPLAIN, Using EXPLAIN for RLS).
func ScanQuery(from SQL) SQL { return Build("EXPLAIN SELECT 1 FROM ?", from) }

// IsFiltered tells that of a row of its answer.
func IsFiltered(row []*string) bool {
	return len(row) == 1 && row[0] != nil && strings.Contains(*row[0], "RLS SecureScan")
}

// ProbeUnload writes one constant row, as a run's UNLOAD would: to a URL, under the key, in the name of the role.
func ProbeUnload(to, role, key, region string) Unload {
	return Unload{Query: Build("SELECT 1 AS probe"), To: Lit(to), Role: role, KMSKeyID: key, Format: Text, NullAs: probeNull, Region: region}
}

const probeNull = "sealift_null_probe"

// ProbeTable is the temporary table that ProbeCopy needs to name.
func ProbeTable() SQL { return Build("CREATE TEMPORARY TABLE sealift_probe (probe INTEGER)") }

// ProbeCopy reads what a manifest names, in the name of the role, and loads nothing (DG copy-parameters-data-load, NOLOAD). What
// ProbeUnload wrote is packed.
func ProbeCopy(manifest, role, region string, packed bool) SQL {
	clauses := append([]SQL{Build("COPY sealift_probe (probe)"), Build("FROM ?", Lit(manifest)), authorization(role), Build("MANIFEST")}, delimited(probeNull)...)
	if !packed {
		clauses = clauses[:len(clauses)-1]
	}
	if region != "" {
		clauses = append(clauses, Build("REGION ?", Lit(region)))
	}
	return Join("\n", append(clauses, Build("NOLOAD"))...)
}

// ReadsQuery runs a query, as far as the right to do so goes, and answers nothing of its rows.
func ReadsQuery(query SQL) SQL {
	return Build("SELECT COUNT(*)\nFROM (\n?\n) AS q\nWHERE FALSE", query)
}
