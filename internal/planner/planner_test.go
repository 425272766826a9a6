package planner

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func table(t *testing.T, name string, columns ...redshift.Column) redshift.TableDef {
	t.Helper()
	parsed, err := redshift.ParseTable(name)
	if err != nil {
		t.Fatal(err)
	}
	return redshift.TableDef{Table: parsed, DistStyle: redshift.DistEven, SortStyle: redshift.SortNone, Owner: "awsuser", Columns: columns}
}

func column(t *testing.T, name, typ string) redshift.Column {
	t.Helper()
	parsed, err := redshift.ParseType(typ)
	if err != nil {
		t.Fatal(err)
	}
	return redshift.Column{Name: must(redshift.NewIdent(name)), Type: parsed}
}

func catalog(tables ...redshift.TableDef) *redshift.Catalog {
	slices.SortFunc(tables, func(a, b redshift.TableDef) int { return a.Compare(b.Table) })
	c := &redshift.Catalog{Tables: tables, Schemas: map[redshift.Ident]bool{}}
	for _, t := range tables {
		c.Schemas[t.Schema] = true
	}
	return c
}

// input is a job over two tables that the cases change.
func input(t *testing.T) Input {
	t.Helper()
	orders := table(t, "sales.orders", column(t, "order_id", "bigint"), column(t, "note", "varchar(200)"), column(t, "total", "numeric(12,2)"))
	orders.Columns[0].NotNull = true
	orders.PrimaryKey = &redshift.Key{Columns: []redshift.Ident{orders.Columns[0].Name}}
	orders.EstimatedRows, orders.EstimatedBytes = 1000, 1<<20
	lines := table(t, "sales.lines", column(t, "line_id", "integer"), column(t, "order_id", "bigint"), column(t, "payload", "super"))
	lines.Columns[0].Identity = &redshift.Identity{Seed: 1, Step: 1}
	lines.ForeignKeys = []redshift.ForeignKey{{Columns: []redshift.Ident{lines.Columns[1].Name}, RefTable: orders.Table, RefColumns: []redshift.Ident{orders.Columns[0].Name}}}
	lines.Comment = "it's \\ a comment"
	return Input{
		Job: &job.Job{
			File: "job.yaml", Version: 1,
			Source:      job.Warehouse{Cluster: "prod", Region: "eu-west-1", Database: "dev", User: "etl", Auth: "iam", S3Role: "arn:aws:iam::111111111111:role/unload"},
			Target:      job.Warehouse{Cluster: "test", Region: "eu-west-1", Database: "dev", User: "etl", Auth: "iam", S3Role: "arn:aws:iam::222222222222:role/copy"},
			Stage:       job.Stage{URL: "s3://b/p", Region: "eu-west-1", KMSKey: "alias/k", Format: "auto", Keep: "never"},
			Defaults:    job.Defaults{Mode: "create", Verify: "digest", Unmatched: "error"},
			Tables:      []job.Table{{Select: job.Pattern{Text: "sales.*"}}},
			Concurrency: job.Concurrency{Unload: 4, Copy: 4},
		},
		Source: catalog(orders, lines), Target: catalog(),
		Queries: map[int][]redshift.Column{},
		Stage: plan.Stage{
			Bucket: "b", Prefix: "p", Region: "eu-west-1", KMSKey: "alias/k", Owner: "111111111111", Keep: "never",
			KMSKeyARN: "arn:aws:kms:eu-west-1:111111111111:key/0c7a4f2e-1111-4222-8333-444455556666",
		},
		Nonce: "00112233aabbccdd", Now: time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC),
	}
}

// target puts a copy of a source table into the target, changed by change.
func (in *Input) target(name string, change func(*redshift.TableDef)) {
	for _, d := range in.Source.Tables {
		if d.String() != name {
			continue
		}
		c := d.Clone()
		if change != nil {
			change(&c)
		}
		in.Target = catalog(append(slices.Clone(in.Target.Tables), c)...)
	}
}

// The statements of each way to publish, as a person reads them in plan --sql.
func TestPlansAreAsReviewed(t *testing.T) {
	t.Parallel()
	dependent := func(d *redshift.TableDef) {
		d.Dependents = []redshift.Dependent{{Kind: "view", Name: "sales.v_daily"}}
	}
	for name, change := range map[string]func(*Input){
		"create": func(*Input) {},
		"swap": func(in *Input) {
			in.Job.Defaults.Mode = "replace"
			in.target("sales.orders", func(d *redshift.TableDef) {
				d.Columns[1].Type.Length = 100
				d.Comment = "theirs"
				d.Grants = []redshift.Grant{{Grantee: must(redshift.NewIdent("reporting")), Kind: redshift.ToGroup, Privileges: []string{"SELECT"}}}
				d.Owner = "somebody"
			})
			in.target("sales.lines", nil)
		},
		"delete-insert": func(in *Input) {
			in.Job.Defaults.Mode = "replace"
			in.Job.Tables[0].Select.Text = "sales.orders"
			in.target("sales.orders", dependent)
		},
		"fill": func(in *Input) {
			in.Job.Tables[0].Select.Text = "sales.orders"
			in.target("sales.orders", func(d *redshift.TableDef) { d.EstimatedRows = 0 })
			in.Target.Ledger, in.Target.Schemas[redshift.Ledger.Schema] = true, true // nothing is made
		},
		"append-where-columns": func(in *Input) {
			in.Job.Tables[0] = job.Table{Select: job.Pattern{Text: "sales.orders"}, Mode: "append", Columns: []string{"order_id", "note"}, Where: "note <> 'it''s'", As: "dev.orders"}
			in.target("sales.orders", func(d *redshift.TableDef) { d.Table = must(redshift.NewTable("dev", "orders")) })
		},
		"merge": func(in *Input) {
			in.Job.Tables[0] = job.Table{Select: job.Pattern{Text: "sales.orders"}, Mode: "merge", Key: []string{"ORDER_ID", "note"}}
			in.target("sales.orders", nil)
		},
		"query": func(in *Input) {
			in.Job.Tables[0] = job.Table{Query: "select order_id, 'a\\\\b' as x from sales.orders -- all", As: "dev.q"}
			in.Queries[0] = []redshift.Column{in.Source.Tables[1].Columns[0], in.Source.Tables[1].Columns[1]}
		},
		"text-other-region-other-account": func(in *Input) {
			in.Job.Tables[0].Select.Text = "sales.orders"
			in.Job.Target.Region = "us-east-1"
			in.Stage.KMSKeyARN = strings.Replace(in.Stage.KMSKeyARN, "111111111111", "333333333333", 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t)
			change(&in)
			p, err := Build(in)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name, render(p))
			again, err := Build(in)
			if err != nil || again.ID != p.ID {
				t.Errorf("the same input made another plan: %s, %s (%v)", p.ID, again.ID, err)
			}
			var text bytes.Buffer
			if err := p.Encode(&text); err != nil {
				t.Fatal(err)
			}
			back, err := plan.Decode(text.Bytes())
			if err != nil || back.ID != p.ID {
				t.Errorf("the plan does not read back: %v", err)
			}
		})
	}
}

func render(p *plan.Plan) string {
	var b strings.Builder
	steps := func(steps []plan.Step) {
		for _, s := range steps {
			fmt.Fprintf(&b, "\n-- %s [%s] %s\n", s.ID, s.Kind, s.About)
			if len(s.Needs) > 0 {
				fmt.Fprintf(&b, "-- needs %s\n", strings.Join(s.Needs, ", "))
			}
			for _, st := range s.Statements {
				if st.Role != plan.Execute {
					fmt.Fprintf(&b, "-- %s %s\n", st.Role, st.About)
				}
				fmt.Fprintf(&b, "%s;\n", st.SQL)
			}
		}
	}
	steps(p.Prologue)
	for _, t := range p.Tables {
		fmt.Fprintf(&b, "\n== %s -> %s  %s by %s  %s  %s\n", t.Source, t.Target, t.Mode, t.Method, t.Format, t.Folder)
		for _, n := range t.Notes {
			fmt.Fprintf(&b, "   note: %s\n", n)
		}
		for _, d := range t.Differences {
			fmt.Fprintf(&b, "   difference: %s\n", d)
		}
		steps(t.Steps)
		steps(t.Undo)
	}
	steps(p.Epilogue)
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// What the catalogs show to be wrong with a job is an error that says which entry, before anything happens.
func TestMistakes(t *testing.T) {
	t.Parallel()
	entry := func(in *Input, e job.Table) { in.Job.Tables = append(in.Job.Tables, e) }
	for name, c := range map[string]struct {
		change func(*Input)
		want   []string
	}{
		"a pattern that matches nothing (H5)": {
			func(in *Input) {
				entry(in, job.Table{Select: job.Pattern{Text: "tmp_*.*", Pos: job.Pos{Line: 27, Column: 3}}})
			},
			[]string{"job.yaml:27:3", "tmp_*.* matches no table"},
		},
		"an exclude that excludes nothing": {
			func(in *Input) { in.Job.Exclude = []job.Pattern{{Text: "sales.tmp*"}} },
			[]string{"sales.tmp* excludes nothing"},
		},
		"named and excluded": {
			func(in *Input) {
				entry(in, job.Table{Select: job.Pattern{Text: "sales.orders"}})
				in.Job.Exclude = []job.Pattern{{Text: "sales.ord*"}}
			},
			[]string{"sales.orders is named here and excluded below"},
		},
		"two tables with one target": {
			func(in *Input) { entry(in, job.Table{Select: job.Pattern{Text: "sales.lines"}, As: "sales.orders"}) },
			[]string{"would both become sales.orders"},
		},
		"two tables with one target whose names only differ in case": {
			func(in *Input) { entry(in, job.Table{Select: job.Pattern{Text: "sales.lines"}, As: "SALES.Orders"}) },
			[]string{"would both become sales.orders"},
		},
		"an unknown column": {
			func(in *Input) {
				in.Job.Tables[0] = job.Table{Select: job.Pattern{Text: "sales.orders"}, Columns: []string{"order_id", "totl"}}
			},
			[]string{"sales.orders has no column totl"},
		},
		"a target that is not empty": {
			func(in *Input) { in.target("sales.orders", nil) },
			[]string{"sales.orders exists in the target and has about 1000 rows"},
		},
		"Sealift's own schema": {
			func(in *Input) { in.Job.Tables[0].As = "sealift.*" },
			[]string{"schema sealift is Sealift's own"},
		},
		"a type that no format brings back": {
			func(in *Input) { in.Source.Tables[1].Columns[1].Type = redshift.Type{Name: redshift.Geometry} },
			[]string{"column note cannot be moved", "GEOMETRY"},
		},
		"a target that is narrower and has dependents": {
			func(in *Input) {
				in.Job.Tables[0] = job.Table{Select: job.Pattern{Text: "sales.orders"}, Mode: "replace"}
				in.target("sales.orders", func(d *redshift.TableDef) {
					d.Columns[1].Type.Length = 100
					d.Dependents = []redshift.Dependent{{Kind: "view", Name: "v"}}
				})
			},
			[]string{"column note is VARCHAR(100), the source has VARCHAR(200)"},
		},
		"a decimal of another scale, which COPY would cut (G1)": {
			func(in *Input) {
				in.Job.Tables[0] = job.Table{Select: job.Pattern{Text: "sales.orders"}, Mode: "append"}
				in.target("sales.orders", func(d *redshift.TableDef) { d.Columns[2].Type.Scale = 1 })
			},
			[]string{"column total is"},
		},
		"append to a table that numbers its rows (H3)": {
			func(in *Input) {
				in.Job.Tables[0] = job.Table{Select: job.Pattern{Text: "sales.lines"}, Mode: "append"}
				in.target("sales.lines", nil)
			},
			[]string{"column line_id is IDENTITY"},
		},
		"a mandatory column that the source lacks": {
			func(in *Input) {
				in.Job.Tables[0] = job.Table{Select: job.Pattern{Text: "sales.orders"}, Mode: "append"}
				in.target("sales.orders", func(d *redshift.TableDef) {
					extra := d.Columns[1]
					extra.Name, extra.NotNull = must(redshift.NewIdent("region")), true
					d.Columns = append(d.Columns, extra)
				})
			},
			[]string{"column region is NOT NULL"},
		},
		"where that ends the statement": {
			func(in *Input) {
				in.Job.Tables[0] = job.Table{Select: job.Pattern{Text: "sales.orders"}, Where: "1=1); drop table x; --"}
			},
			[]string{"tables[0].where"},
		},
		"a query that writes": {
			func(in *Input) { in.Job.Tables[0] = job.Table{Query: "delete from sales.orders", As: "dev.q"} },
			[]string{"tables[0].query"},
		},
		"a role that is none": {
			func(in *Input) { in.Job.Source.S3Role = "unload" },
			[]string{"source.s3_role"},
		},
		"names that would change": {
			func(in *Input) { in.Target.CaseSensitive = true },
			[]string{"enable_case_sensitive_identifier"},
		},
		"parquet across regions": {
			func(in *Input) {
				in.Job.Stage.Format = "parquet"
				in.Job.Tables[0].Select.Text = "sales.orders"
				in.Job.Target.Region = "us-east-1"
			},
			[]string{"COPY of parquet needs the stage in the target's region"},
		},
		"databases that compare text differently": {
			func(in *Input) { in.Target.Collation = "case_insensitive" },
			[]string{"compares text as"},
		},
		"several at once": {
			func(in *Input) {
				in.Job.Tables[0] = job.Table{Select: job.Pattern{Text: "sales.orders"}, Columns: []string{"a"}, Where: "("}
				entry(in, job.Table{Select: job.Pattern{Text: "x.y"}})
			},
			[]string{"no column a", "x.y matches no table"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t)
			c.change(&in)
			_, err := Build(in)
			if _, ok := errors.AsType[job.Errors](err); !ok {
				t.Fatalf("error %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q, want %q in it", err, want)
				}
			}
		})
	}
}

func TestAnEntryThatNamesATableTakesItOutOfPatterns(t *testing.T) {
	t.Parallel()
	in := input(t)
	in.Job.Tables = append(in.Job.Tables, job.Table{Select: job.Pattern{Text: "sales.orders"}, As: "dev.orders"})
	p, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tb := range p.Tables {
		got = append(got, tb.Source+" -> "+tb.Target)
	}
	if diff := cmp.Diff([]string{"sales.orders -> dev.orders", "sales.lines -> sales.lines"}, got); diff != "" {
		t.Error(diff)
	}
}

// Hazard: names can hold anything, keys of objects must not.
func TestFoldersArePlain(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", "../../etc", "é😀", strings.Repeat("x", 127), `"`, "a b", "%2e%2e", "."} {
		got := folder(3, redshift.Table{Schema: must(redshift.NewIdent(name)), Name: must(redshift.NewIdent(name))})
		if notPlain.MatchString(got) || strings.Contains(got, "/") || len(got) > 65 || !strings.HasPrefix(got, "0003-") {
			t.Errorf("%q becomes %q", name, got)
		}
	}
}

func BenchmarkBuild1000Tables(b *testing.B) {
	t := &testing.T{}
	in := input(t)
	var all []redshift.TableDef
	for i := range 1000 {
		d := in.Source.Tables[1].Clone()
		d.Name = must(redshift.NewIdent(fmt.Sprintf("t%04d", i)))
		all = append(all, d)
	}
	in.Source = catalog(all...)
	for b.Loop() {
		if _, err := Build(in); err != nil {
			b.Fatal(err)
		}
	}
}

// Issue: planning masks for 1,000 tables of 50 columns below 2 s.
func BenchmarkMask1000Tables(b *testing.B) {
	t := &testing.T{}
	in := input(t)
	in.Job.Masking = &job.Masking{Key: "env:K", Environment: "bench", Epoch: "1"}
	in.Dictionaries, in.KeyID = mask.BuiltIn(), "0123456789abcdef"
	uses := []string{"email", "full_name", "hash_hex", "keep_mask", "passthrough", "null", "uuid", "city", "phone", "company"}
	entry := job.Table{Select: job.Pattern{Text: "bench.*"}, Mask: make(map[string]job.Mask)}
	var all []redshift.TableDef
	for i := range 1000 {
		d := redshift.TableDef{Table: must(redshift.NewTable("bench", fmt.Sprintf("t%04d", i)))}
		for c := range 50 {
			name := fmt.Sprintf("c%02d", c)
			d.Columns = append(d.Columns, redshift.Column{Name: must(redshift.NewIdent(name)), Type: redshift.Type{Name: redshift.Varchar, Length: 100}})
			entry.Mask[name] = job.Mask{Use: uses[c%len(uses)]}
		}
		all = append(all, d)
	}
	in.Job.Tables = []job.Table{entry}
	in.Source = catalog(all...)
	for b.Loop() {
		if _, err := Build(in); err != nil {
			b.Fatal(err)
		}
	}
}
