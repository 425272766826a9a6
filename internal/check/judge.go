package check

import (
	"fmt"
	"slices"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// Move is one table's way, as far as rights go.
type Move struct {
	Source redshift.Table // zero: a query, or files
	Target redshift.Table
	Method plan.Method
	Owned  bool // the table is given to another owner afterwards
	Alters bool // a sync changes its definition when the source's changes
	// Refers are the tables of the target that its foreign keys name, but for those that are made beside it.
	Refers []redshift.Table
}

// judge gathers what one user lacks.
type judge struct {
	rights  *redshift.Rights
	catalog *redshift.Catalog
	results []Result
}

// lacks notes a missing right, once, with the statement that gives it. Its template takes the user as the last fragment.
func (j *judge) lacks(why string, sql redshift.SQL, format string, args ...any) {
	r := Bad(nil, format, args...)
	if slices.ContainsFunc(j.results, func(o Result) bool { return o.What == r.What }) {
		return
	}
	r.Reason, r.SQL = why, []string{sql.String() + ";"}
	j.results = append(j.results, r)
}

func (j *judge) to(grant redshift.SQL) redshift.SQL {
	return redshift.Build("GRANT ? TO ?", grant, j.rights.User)
}

// usage makes sure that a schema can be used at all.
func (j *judge) usage(s redshift.Ident, why string) {
	if !j.rights.Superuser && !j.rights.Schemas[s].Usage {
		j.lacks(why, j.to(redshift.Build("USAGE ON SCHEMA ?", s)), "USAGE on schema %s", s)
	}
}

// table makes sure of one right on one table. While its schema cannot be used, only the table's own list of grants tells.
func (j *judge) table(t redshift.Table, privilege, why string) bool {
	have := j.rights.Tables[t]
	is := map[string]bool{
		"SELECT": have.Select, "INSERT": have.Insert, "UPDATE": have.Update, "DELETE": have.Delete, "REFERENCES": have.References,
	}[privilege]
	if j.rights.Superuser || have.Owner || is || !j.rights.Schemas[t.Schema].Usage && j.granted(t, privilege) {
		return true
	}
	grant := map[string]redshift.SQL{
		"SELECT": redshift.Build("SELECT ON TABLE ?", t), "INSERT": redshift.Build("INSERT ON TABLE ?", t), "UPDATE": redshift.Build("UPDATE ON TABLE ?", t),
		"DELETE": redshift.Build("DELETE ON TABLE ?", t), "REFERENCES": redshift.Build("REFERENCES ON TABLE ?", t),
	}[privilege]
	j.lacks(why, j.to(grant), "%s on %s", privilege, t)
	return false
}

func (j *judge) granted(t redshift.Table, privilege string) bool {
	def := j.catalog.Table(t)
	return def != nil && slices.ContainsFunc(def.Grants, func(g redshift.Grant) bool {
		return (g.Kind == redshift.ToPublic || g.Kind == redshift.ToUser && g.Grantee == j.rights.User) && slices.Contains(g.Privileges, privilege)
	})
}

// Reads judges what is read of the source.
func Reads(moves []Move, r *redshift.Rights, c *redshift.Catalog) []Result {
	j := &judge{rights: r, catalog: c}
	tables, may := 0, 0
	for _, m := range moves {
		if m.Source.IsZero() {
			continue
		}
		tables++
		j.usage(m.Source.Schema, "without it no table of the schema can be read")
		if j.table(m.Source, "SELECT", "UNLOAD reads it") && (r.Superuser || r.Schemas[m.Source.Schema].Usage) {
			may++
		}
	}
	if len(j.results) == 0 {
		return []Result{Good("SELECT on %d of %d tables", may, tables)}
	}
	return j.results
}

// Writes judges what is written into the target. synced is for a job that sync carries out.
func Writes(moves []Move, synced bool, r *redshift.Rights, c *redshift.Catalog) []Result {
	j := &judge{rights: r, catalog: c}
	j.ledger()
	if synced {
		j.cursors()
	}
	for _, m := range moves {
		j.schema(m.Target.Schema)
		j.write(m)
	}
	if len(j.results) == 0 {
		return []Result{Good("rights to write %d of %d tables, and their markers", len(moves), len(moves))}
	}
	return j.results
}

// made is what an administrator makes in place of the user, who then needs no right to.
func (j *judge) made(s redshift.Ident) bool {
	if j.catalog.HasSchema(s) {
		return true
	}
	if !j.rights.Superuser && !j.rights.Create {
		j.lacks("it is not there, and the user may make no schemas", redshift.CreateSchema(s), "schema %s", s)
		at := &j.results[len(j.results)-1]
		for _, g := range []redshift.SQL{redshift.Build("USAGE ON SCHEMA ?", s), redshift.Build("CREATE ON SCHEMA ?", s)} {
			if sql := j.to(g).String() + ";"; !slices.Contains(at.SQL, sql) {
				at.SQL = append(at.SQL, sql)
			}
		}
	}
	return false
}

func (j *judge) schema(s redshift.Ident) {
	if !j.made(s) {
		return
	}
	j.usage(s, "without it no table of the schema can be reached")
	if !j.rights.Superuser && !j.rights.Schemas[s].Create {
		j.lacks("rows are loaded into a shadow beside their table", j.to(redshift.Build("CREATE ON SCHEMA ?", s)), "CREATE on schema %s", s)
	}
}

// ledger: Sealift's own tables are there and can be written, or can be made.
func (j *judge) ledger() {
	own := redshift.Ledger.Schema
	if !j.catalog.Ledger {
		if j.made(own) {
			j.schema(own)
		}
		return
	}
	j.usage(own, "each publish leaves its marker there")
	for _, need := range []struct {
		table     redshift.Table
		privilege string
		why       string
	}{
		{redshift.Ledger, "INSERT", "each publish leaves its marker"},
		{redshift.Ledger, "SELECT", "the marker tells whether a publish happened"},
		{redshift.Fence, "INSERT", "each run claims its tables"},
		{redshift.Fence, "UPDATE", "each publish touches its claim"},
		{redshift.Fence, "DELETE", "a claim replaces an earlier run's"},
		{redshift.Fence, "SELECT", "claims are found by their table"},
	} {
		j.table(need.table, need.privilege, need.why)
	}
}

// cursors: how far each table has come can be written, or the table for it be made.
func (j *judge) cursors() {
	if _, there := j.rights.Tables[redshift.Cursors]; !there {
		if j.made(redshift.Cursors.Schema) {
			j.schema(redshift.Cursors.Schema)
		}
		return
	}
	j.usage(redshift.Cursors.Schema, "each publish of a sync leaves there how far its table has come")
	for _, privilege := range []string{"INSERT", "DELETE", "SELECT"} {
		j.table(redshift.Cursors, privilege, "each publish of a sync leaves how far its table has come")
	}
}

// write: the way a table is published decides what it takes.
func (j *judge) write(m Move) {
	if m.Owned && !j.rights.Superuser {
		r := Bad(nil, "being a superuser, to give %s to its owner", m.Target)
		r.Reason, r.Hint = "owner: true gives tables to other users, which only a superuser may", "leave owner out of the job, or grants and ownership to an administrator"
		j.results = append(j.results, r)
	}
	const locks = "LOCK TABLE asks for it, so that nobody else writes meanwhile"
	var needs []string
	switch m.Method {
	case plan.Create:
	case plan.Swap:
		if !j.rights.Superuser && !j.rights.Tables[m.Target].Owner {
			j.lacks("mode replace puts another table in its place, which only its owner may", redshift.Build("ALTER TABLE ? OWNER TO ?", m.Target, j.rights.User), "ownership of %s", m.Target)
		}
	case plan.Append:
		needs = []string{"INSERT", "UPDATE"}
	case plan.Fill, plan.Merge, plan.InsertNew, plan.History:
		needs = []string{"SELECT", "INSERT", "UPDATE"}
	case plan.DeleteInsert:
		needs = []string{"SELECT", "INSERT", "DELETE"}
	case plan.Mirror:
		needs = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}
	}
	for _, privilege := range needs {
		why := map[string]string{
			"SELECT": "rows are compared once more before they are published", "INSERT": "rows are added", "DELETE": "rows are exchanged", "UPDATE": locks,
		}[privilege]
		if privilege == "UPDATE" && (m.Method == plan.Merge || m.Method == plan.Mirror || m.Method == plan.History) {
			why = "rows take the place of those with their key"
		}
		j.table(m.Target, privilege, why)
	}
	if _, there := j.rights.Tables[m.Target]; there && m.Alters && !j.rights.Superuser && !j.rights.Tables[m.Target].Owner {
		j.lacks("on_schema_change: evolve alters it, which only its owner may", redshift.Build("ALTER TABLE ? OWNER TO ?", m.Target, j.rights.User), "ownership of %s", m.Target)
	}
	for _, t := range m.Refers {
		j.table(t, "REFERENCES", "a foreign key of "+m.Target.String()+" names it")
	}
}

// Policies judges the policies that are attached in the source: those that were found, of which all is false where the user may not
// see them, and those on rows that apply to what it reads, by whatever name.
func Policies(found []redshift.Policy, filtered map[redshift.Table]bool, all bool, moves []Move, r *redshift.Rights) []Result {
	var results []Result
	for _, m := range moves {
		if filtered[m.Source] && !slices.ContainsFunc(found, func(p redshift.Policy) bool { return p.Kind == "rows" && p.Table == m.Source }) {
			res := Bad(nil, "all rows of %s: policies on rows filter what %s reads", m.Source, r.User)
			res.Reason, res.Hint = silent, "have who administers policies grant IGNORE RLS to a role of the user, or detach the policies from it; or leave the table out"
			results = append(results, res)
		}
	}
	for _, p := range found {
		to, sure := "", true
		switch {
		case p.To == "public" || p.Grantee == "public":
			to = "everybody"
		case p.To == "user" && p.Grantee == r.User.String():
			to = "user " + p.Grantee
		case p.To == "role":
			to, sure = "role "+p.Grantee, false
		default:
			continue
		}
		if r.Superuser && p.Kind == "rows" {
			continue // such a policy is not applied to them (DG r_ATTACH_RLS_POLICY)
		}
		for _, m := range moves {
			if m.Source != p.Table {
				continue
			}
			what := fmt.Sprintf("%s without masks: masking policy %s is attached to %s", p.Table, p.Name, to)
			if p.Kind == "rows" {
				what = fmt.Sprintf("all rows of %s: policy %s on rows is attached to %s", p.Table, p.Name, to)
			}
			res := Bad(nil, "%s", what)
			res.Reason = silent
			res.Hint = "detach the policy from the user that unloads, or leave the table out"
			if !sure {
				res.State, res.Reason = CannotTell, "whether "+r.User.String()+" has that role is not known; if it has, what is unloaded would not be what is there"
			}
			results = append(results, res)
		}
	}
	if !all {
		res := Unknown(nil, "policies that mask what is unloaded")
		res.Reason = "only superusers, and users with sys:secadmin, see them"
		res.Hint = "have one of them look into svv_attached_masking_policy for user " + r.User.String()
		results = append(results, res)
	}
	if len(results) == 0 {
		return []Result{Good("no policy masks or filters what is unloaded")}
	}
	return results
}

// silent is what is wrong with policies.
const silent = "what is unloaded would not be what is there, and nothing would say so"

// fewest is the smallest quota of tables that a warehouse has, by its type of node (MG amazon-redshift-limits).
const fewest = 9900

// Room judges whether the tables that are made fit in.
func Room(moves []Move, c *redshift.Catalog) []Result {
	made := 0
	for _, m := range moves {
		if m.Method == plan.Create {
			made++
		}
	}
	total := len(c.Tables) + made
	if total > fewest {
		r := Unknown(nil, "room for %d more tables beside %d in this database", made, len(c.Tables))
		r.Reason = fmt.Sprintf("a warehouse has between %d and 200,000 tables, by its type of node, in all its databases", fewest)
		return []Result{r}
	}
	return []Result{Good("room for %d more tables beside %d in this database", made, len(c.Tables))}
}
