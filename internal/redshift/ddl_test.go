package redshift_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/redshift"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with testdata/name.golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// statements are texts with a semicolon after each.
func statements(sql ...redshift.SQL) string {
	var b strings.Builder
	for _, s := range sql {
		b.WriteString(s.String() + ";\n")
	}
	return b.String()
}

func typ(tb testing.TB, s string) redshift.Type {
	tb.Helper()
	t, err := redshift.ParseType(s)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// definitions are tables that have everything between them.
func definitions(tb testing.TB) map[string]redshift.TableDef {
	tb.Helper()
	id := func(s string) redshift.Ident { return ident(tb, s) }
	ids := func(names ...string) []redshift.Ident {
		var out []redshift.Ident
		for _, n := range names {
			out = append(out, id(n))
		}
		return out
	}
	return map[string]redshift.TableDef{
		"orders": {
			Table: table(tb, "sales.orders"), Owner: "etl", DistStyle: redshift.DistKey, SortStyle: redshift.SortCompound,
			Columns: []redshift.Column{
				{Name: id("order_id"), Type: typ(tb, "bigint"), NotNull: true, Encoding: "az64", Identity: &redshift.Identity{Seed: 1, Step: 1}, Comment: "the order's number"},
				{Name: id("customer_id"), Type: typ(tb, "integer"), NotNull: true, Encoding: "az64", DistKey: true},
				{Name: id("placed_at"), Type: typ(tb, "timestamp"), NotNull: true, Encoding: "raw", SortKey: 1, Default: "getdate()"},
				{Name: id("country"), Type: typ(tb, "char(2)"), Encoding: "lzo", SortKey: 2, Default: "'DE'::bpchar"},
				{Name: id("amount"), Type: typ(tb, "numeric(12,2)"), Encoding: "az64", Default: "0.00"},
				{Name: id("note"), Type: typ(tb, "varchar(65535)"), Encoding: "zstd", Collate: "case_insensitive"},
				{Name: id("paid"), Type: typ(tb, "bool"), Encoding: "raw", Default: "false"},
			},
			PrimaryKey: &redshift.Key{Name: id("orders_pkey"), Columns: ids("order_id")},
			Uniques:    []redshift.Key{{Name: id("orders_u"), Columns: ids("customer_id", "placed_at")}},
			ForeignKeys: []redshift.ForeignKey{{
				Name: id("orders_customer"), Columns: ids("customer_id"), RefTable: table(tb, "crm.customers"), RefColumns: ids("id"),
			}},
			Comment: `one row per order; 'quoted' \ and -- so on`,
			Grants: []redshift.Grant{
				{Grantee: id("reader"), Kind: redshift.ToUser, Privileges: []string{"SELECT"}},
				{Grantee: id("IAMR:Loader"), Kind: redshift.ToUser, Privileges: []string{"INSERT", "SELECT"}, GrantOption: true},
				{Grantee: id("analysts"), Kind: redshift.ToGroup, Privileges: []string{"SELECT"}},
				{Grantee: id("auditor"), Kind: redshift.ToRole, Privileges: []string{"ALL"}},
				{Kind: redshift.ToPublic, Privileges: []string{"SELECT"}},
			},
		},
		"hostile": {
			Table: table(tb, `"od""d; drop table x; --"."ta'b\le {{run}}"`), DistStyle: redshift.DistEven, SortStyle: redshift.SortInterleaved,
			Columns: []redshift.Column{
				{Name: id(`Na"me`), Type: typ(tb, "varchar(10)"), SortKey: 2, Default: `'a\\b''c{{run}}'::character varying`, Comment: `it's \ "{{run}}"`},
				{Name: id("select"), Type: typ(tb, "date"), SortKey: 1},
			},
			Comment: `'; drop table x; --`,
		},
		"numbered": {
			Table: table(tb, "public.numbered"), DistStyle: redshift.DistAuto, SortStyle: redshift.SortAuto,
			Columns: []redshift.Column{
				{Name: id("n"), Type: typ(tb, "integer"), Identity: &redshift.Identity{Seed: -10, Step: -2, ByDefault: true}},
				{Name: id("payload"), Type: typ(tb, "super")},
				{Name: id("raw"), Type: typ(tb, "varbyte(1000)")},
				{Name: id("at"), Type: typ(tb, "timestamptz")},
				{Name: id("t"), Type: typ(tb, "timetz")},
				{Name: id("d"), Type: typ(tb, "double precision"), NotNull: true},
			},
		},
		"small": {
			Table: table(tb, "public.small"), DistStyle: redshift.DistAll, SortStyle: redshift.SortNone,
			Columns: []redshift.Column{{Name: id("a"), Type: typ(tb, "smallint"), NotNull: true}},
		},
	}
}

func TestDDL(t *testing.T) {
	t.Parallel()
	for name, d := range definitions(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shadow := redshift.Table{Schema: d.Schema, Name: ident(t, "sealift_shadow_1")}
			o := redshift.CreateOptions{Seeds: map[string]redshift.SQL{"order_id": redshift.Placeholder("next_id:order_id")}}
			sql := []redshift.SQL{d.CreateTable(shadow, o), redshift.Lock(d.Table, shadow), redshift.Rename(shadow, d.Name)}
			for _, fk := range d.ForeignKeys {
				sql = append(sql, redshift.AddForeignKey(d.Table, fk))
				fk.Name, fk.RefColumns = redshift.Ident{}, nil
				sql = append(sql, redshift.AddForeignKey(d.Table, fk))
			}
			sql = append(sql, d.Comments(d.Table)...)
			sql = append(sql, d.GrantStatements(d.Table)...)
			if d.Owner != "" {
				sql = append(sql, d.OwnerStatement(d.Table))
			}
			for _, c := range d.Columns {
				if c.Identity != nil {
					sql = append(sql, redshift.NextIDQuery(redshift.Build("?", d.Table), redshift.Raw("note <> ')'"), c))
				}
			}
			sql = append(sql, redshift.Drop(d.Table), redshift.DropIfExists(shadow), redshift.CreateSchema(d.Schema))
			golden(t, "ddl-"+name, statements(sql...))
			plain := d.Plain()
			golden(t, "ddl-"+name+"-plain", statements(plain.CreateTable(shadow, redshift.CreateOptions{})))
		})
	}
}

func TestMove(t *testing.T) {
	t.Parallel()
	const chain = "arn:aws:iam::111111111111:role/redshift-unload, arn:aws:iam::222222222222:role/path/stage@corp"
	for name, d := range definitions(t) {
		for _, format := range []string{redshift.Parquet, redshift.Text} {
			t.Run(name+"-"+format, func(t *testing.T) {
				t.Parallel()
				from, where := redshift.Build("?", d.Table), redshift.SQL{}
				if name == "orders" {
					where = redshift.Raw(`country <> 'D\\E' -- not there` + "\nAND note <> 'it''s'")
				}
				query := redshift.Build("SELECT ?\nFROM ?", redshift.Join(", ", redshift.SelectList(d.Columns, format)...), from)
				if !where.IsZero() {
					query = redshift.Build("?\nWHERE (?)", query, where)
				}
				var names []redshift.Ident
				explicit := false
				for _, c := range d.Columns {
					names = append(names, c.Name)
					explicit = explicit || c.Identity != nil && !c.Identity.ByDefault
				}
				u := redshift.Unload{
					Query: query, To: redshift.Placeholder("prefix"), Role: chain, Format: format, NullAs: "sealift_null_1", MaxFileSizeMB: 256,
					KMSKeyID: "arn:aws:kms:eu-west-1:333333333333:key/1234abcd-12ab-34cd-56ef-1234567890ab", Region: "eu-west-1",
				}
				c := redshift.Copy{
					Table: d.Table, Columns: names, From: redshift.Placeholder("manifest"), Role: "arn:aws-cn:iam::111111111111:role/r",
					Format: format, NullAs: "sealift_null_1", ExplicitIDs: explicit,
				}
				if format == redshift.Text {
					c.Region = "us-gov-west-1"
				}
				sql := []redshift.SQL{u.SQL(), c.SQL()}
				if marker := redshift.NullMarkerQuery(from, where, d.Columns, "sealift_null_1"); !marker.IsZero() {
					sql = append(sql, marker)
				}
				sql = append(sql, redshift.ColumnsQuery(d.Table), redshift.DigestQuery(from, where, redshift.DigestColumns(d.Columns)))
				golden(t, "move-"+name+"-"+format, statements(sql...))
			})
		}
	}
}

func TestCheckStatements(t *testing.T) {
	t.Parallel()
	unload := redshift.Unload{
		Query: redshift.Build("SELECT 1"), To: redshift.Lit("s3://b/p"), Role: "arn:aws:iam::111111111111:role/r",
		KMSKeyID: "1234abcd-12ab-34cd-56ef-1234567890ab", Format: redshift.Text, NullAs: "null_1",
	}
	for want, change := range map[string]func(*redshift.Unload){
		"":                                    func(*redshift.Unload) {},
		"no query":                            func(u *redshift.Unload) { u.Query = redshift.SQL{} },
		"no role":                             func(u *redshift.Unload) { u.Role = "" },
		"is not the ARN of a role":            func(u *redshift.Unload) { u.Role = "arn:aws:iam::111111111111:role/r' access_key_id 'x" },
		"is not a KMS key":                    func(u *redshift.Unload) { u.KMSKeyID = "1234' ENCRYPTED AUTO --" },
		`"alias" is not a KMS key`:            func(u *redshift.Unload) { u.KMSKeyID = "alias" },
		`format "orc"`:                        func(u *redshift.Unload) { u.Format = "orc" },
		"cannot stand for NULL in CSV":        func(u *redshift.Unload) { u.Format, u.NullAs = redshift.CSV, "a,b" },
		"cannot stand for NULL":               func(u *redshift.Unload) { u.NullAs = `\N` },
		`"|" cannot stand`:                    func(u *redshift.Unload) { u.NullAs = "|" },
		"file size":                           func(u *redshift.Unload) { u.MaxFileSizeMB = 1 },
		"is not a region":                     func(u *redshift.Unload) { u.Region = "eu-west-1'" },
		"the query holds the placeholder run": func(u *redshift.Unload) { u.Query = redshift.Build("SELECT ?", redshift.Placeholder("run")) },
	} {
		u := unload
		change(&u)
		checkError(t, u.Check(), want)
	}
	cp := redshift.Copy{
		Table: table(t, "a.b"), Columns: []redshift.Ident{ident(t, "c")}, From: redshift.Lit("s3://b/manifest"),
		Role: "arn:aws:iam::111111111111:role/r", Format: redshift.Parquet,
	}
	for want, change := range map[string]func(*redshift.Copy){
		"":                           func(*redshift.Copy) {},
		"no columns":                 func(c *redshift.Copy) { c.Columns = nil },
		"no table":                   func(c *redshift.Copy) { c.Table.Name = redshift.Ident{} },
		"another region":             func(c *redshift.Copy) { c.Region = "us-east-1" },
		"write COPY a.b: no role is": func(c *redshift.Copy) { c.Role = " " },
	} {
		c := cp
		change(&c)
		checkError(t, c.Check(), want)
	}
	cp.Format, cp.Delimiter = redshift.CSV, ','
	for want, change := range map[string]func(*redshift.Copy){
		"nothing stands for NULL":  func(*redshift.Copy) {},
		"cannot tell fields apart": func(c *redshift.Copy) { c.Delimiter = '\n' },
		"and quote them":           func(c *redshift.Copy) { c.Quote = ',' },
		"packed with lzop":         func(c *redshift.Copy) { c.Compression, c.EmptyAsNull = "lzop", true },
		"cannot stand for NULL":    func(c *redshift.Copy) { c.NullAs = "a,b" },
		"":                         func(c *redshift.Copy) { c.NullAs = "sealift_null_1" },
	} {
		c := cp
		change(&c)
		checkError(t, c.Check(), want)
	}
	cp.Delimiter, cp.Quote, cp.Compression, cp.IgnoreHeader, cp.EmptyAsNull, cp.NullAs = ';', '^', "gzip", true, true, "NA"
	if got, want := cp.SQL().String(), `FORMAT AS CSV QUOTE AS '^' DELIMITER ';'
NULL AS 'NA'
EMPTYASNULL
IGNOREHEADER 1
GZIP
`; !strings.Contains(got, want) {
		t.Errorf("got %s\nwant in it %s", got, want)
	}
	cp.Format, cp.Delimiter, cp.Quote = redshift.Escaped, '^', '"'
	for want, change := range map[string]func(*redshift.Copy){
		"":                         func(*redshift.Copy) {},
		"cannot tell fields apart": func(c *redshift.Copy) { c.Delimiter = '\\' },
		"does not quote":           func(c *redshift.Copy) { c.Quote = '\'' },
		"packed with tar":          func(c *redshift.Copy) { c.Compression = "tar" },
		"cannot stand for NULL":    func(c *redshift.Copy) { c.NullAs = `\N` },
	} {
		c := cp
		change(&c)
		checkError(t, c.Check(), want)
	}
	if got, want := cp.SQL().String(), `DELIMITER '^' ESCAPE
REMOVEQUOTES
NULL AS 'NA'
GZIP
`; !strings.Contains(got, want) {
		t.Errorf("got %s\nwant in it %s", got, want)
	}
}

// checkError wants an error with a text in it, or none for "".
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("unexpected error: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got error %v, want %q in it", err, want)
	}
}

func TestKeyFor(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-west-1:333333333333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	for _, tc := range []struct{ key, chain, want, err string }{
		{key, "arn:aws:iam::333333333333:role/a", "1234abcd-12ab-34cd-56ef-1234567890ab", ""},
		{key, "arn:aws:iam::111111111111:role/a", key, ""},
		{key, "arn:aws:iam::111111111111:role/a,arn:aws:iam::333333333333:role/b", "1234abcd-12ab-34cd-56ef-1234567890ab", ""},
		{key, "arn:aws:iam::333333333333:role/a,arn:aws:iam::111111111111:role/b", key, ""},
		{"arn:aws:kms:eu-west-1:333333333333:key/mrk-1234abcd12ab34cd56ef1234567890ab", "arn:aws:iam::333333333333:role/a", "mrk-1234abcd12ab34cd56ef1234567890ab", ""},
		{"alias/x", "arn:aws:iam::333333333333:role/a", "", "not the ARN"},
		{"arn:aws:kms:eu-west-1:333333333333:alias/x", "arn:aws:iam::333333333333:role/a", "", "is an alias"},
		{key, "role/a", "", "not the ARN of a role"},
		{"x", "", "", "is not a KMS key"},
	} {
		got, err := redshift.KeyFor(tc.key, tc.chain)
		checkError(t, err, tc.err)
		if got != tc.want {
			t.Errorf("KeyFor(%s, %s) = %s, want %s", tc.key, tc.chain, got, tc.want)
		}
	}
}

func TestParseRoleChain(t *testing.T) {
	t.Parallel()
	got, err := redshift.ParseRoleChain("arn:aws:iam::111111111111:role/a,b, arn:aws-us-gov:iam::222222222222:role/p/c")
	want := []string{"arn:aws:iam::111111111111:role/a,b", "arn:aws-us-gov:iam::222222222222:role/p/c"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, s := range []string{"", ",", "default", "arn:aws:iam::111111111111:user/a", "arn:aws:iam::1:role/a", "arn:aws:iam::111111111111:role/a,", "arn:aws:iam::111111111111:role/a;b"} {
		if got, err := redshift.ParseRoleChain(s); err == nil && s != "arn:aws:iam::111111111111:role/a," {
			t.Errorf("%q is taken as %q", s, got)
		}
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	want := definitions(t)["orders"]
	if d := redshift.Diff(want, want.Clone()); d != nil {
		t.Errorf("a table differs from itself: %q", d)
	}
	grown := want.Clone()
	grown.Columns[0].Identity = &redshift.Identity{Seed: want.Columns[0].Identity.Seed + 100, Step: want.Columns[0].Identity.Step, ByDefault: want.Columns[0].Identity.ByDefault}
	if d := redshift.Diff(want, grown); d != nil {
		t.Errorf("a table whose numbers go on further up is another one: %q", d)
	}
	have := want.Clone()
	have.Table = table(t, "dev.orders")
	have.Columns[0].Identity = &redshift.Identity{Seed: 5, Step: 1, ByDefault: true}
	have.Columns[1].NotNull = false
	have.Columns[1].DistKey = false
	have.DistStyle = redshift.DistEven
	have.Columns[2].Default = ""
	have.Columns[4].Type = typ(t, "decimal(10,2)")
	have.Columns[5].Type = typ(t, "varchar(200)")
	have.Columns[5].Encoding = "lzo"
	have.Columns[5].Comment = "hm"
	have.Columns[6].Name = ident(t, "Old Name")
	have.Columns[3], have.Columns[4] = have.Columns[4], have.Columns[3]
	have.PrimaryKey = nil
	have.SortStyle = redshift.SortAuto
	have.Uniques[0].Name = ident(t, "other")
	have.ForeignKeys[0].RefTable = table(t, "dev.customers")
	got := redshift.Diff(want, have)
	golden(t, "diff", strings.Join(got, "\n")+"\n")
}

func TestKeep(t *testing.T) {
	t.Parallel()
	full := definitions(t)["orders"]
	d := full.Clone()
	gone := d.Keep(func(c redshift.Column) bool { return c.Name.String() != "customer_id" && c.Name.String() != "country" })
	want := []string{
		"distribution key (customer_id) left out: a column of it is not moved",
		"sort key (placed_at, country) left out: a column of it is not moved",
		"unique (customer_id, placed_at) left out: a column of it is not moved",
		"foreign key to crm.customers (customer_id) left out: a column of it is not moved",
	}
	if diff := cmp.Diff(want, gone); diff != "" {
		t.Error(diff)
	}
	shadow := table(t, "a.b")
	golden(t, "ddl-kept", statements(d.CreateTable(shadow, redshift.CreateOptions{})))
	if d := redshift.Diff(full, definitions(t)["orders"]); d != nil {
		t.Errorf("Keep on a clone changed the original: %q", d)
	}
	same := full.Clone()
	if gone := same.Keep(func(redshift.Column) bool { return true }); gone != nil || redshift.Diff(full, same) != nil {
		t.Errorf("keeping all changed something: %q", gone)
	}
}
