package job_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v3"

	"github.com/sealift/sealift/docs"
	"github.com/sealift/sealift/job"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func env(name string) (string, bool) {
	v, ok := map[string]string{"DEV_WAREHOUSE": "dev.example.com", "EMPTY": "", "NASTY": "a${DEV_WAREHOUSE}", "SPACES": "  "}[name]
	return v, ok
}

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func TestParseReadsEverything(t *testing.T) {
	t.Parallel()
	got, err := job.Parse("full.yaml", read(t, "full.yaml"), env)
	if err != nil {
		t.Fatal(err)
	}
	want := &job.Job{
		Version: 1,
		Source: job.Warehouse{
			Cluster: "prod-dw", Port: 5439, Region: "eu-west-1", Database: "analytics", User: "etl_reader", Auth: "iam",
			AssumeRole: "arn:aws:iam::111111111111:role/sealift-source", S3Role: "arn:aws:iam::111111111111:role/redshift-unload",
			Door: &job.Door{SecurityGroup: "sg-0a1b2c3d", Address: "auto", TTL: "30m"},
		},
		Target: job.Warehouse{
			Host: "dev.example.com", Port: 5439, Database: "analytics", User: "etl_writer", Auth: "password",
			PasswordFrom: "env:PGPASSWORD", Account: "222222222222", AssumeRole: "arn:aws:iam::222222222222:role/sealift-target",
			Region: "eu-west-1", ExternalID: "7c1f-4e0a",
			S3Role: "arn:aws:iam::222222222222:role/redshift-copy,arn:aws:iam::111111111111:role/staging-read",
		},
		Stage: job.Stage{
			URL: "s3://corp-sealift/prod-to-dev", Region: "eu-west-1",
			KMSKey: "arn:aws:kms:eu-west-1:111111111111:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f", Format: "auto", Keep: "on-failure", Layout: "run",
		},
		Defaults: job.Defaults{Mode: "replace", Verify: "digest", Unmatched: "error", Grants: true},
		Tables: []job.Table{
			{Select: job.Pattern{Text: "sales.*", Pos: job.Pos{30, 5}}, Pos: job.Pos{30, 5}},
			{
				Select: job.Pattern{Text: "crm.customers", Pos: job.Pos{31, 13}}, As: "dev.customers",
				Columns: []string{"id", "name", "country"}, Where: "country <> 'DE'", Mode: "create", Pos: job.Pos{31, 5},
			},
			{Select: job.Pattern{Text: `archive."2025 *"`, Pos: job.Pos{36, 13}}, As: "archive.*", Mode: "append", Pos: job.Pos{36, 5}},
			{
				Query: "select region, sum(amount) as amount\nfrom sales.orders\ngroup by region\n", As: "dev.sales_by_region",
				Pos: job.Pos{39, 5},
			},
		},
		Exclude:     []job.Pattern{{Text: "sales.tmp_*", Pos: job.Pos{44, 11}}},
		Concurrency: job.Concurrency{Unload: 4, Copy: 8},
		File:        "full.yaml", Digest: got.Digest,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	// sha256sum of the file, by another program.
	if want := strings.TrimSpace(string(read(t, "full.sha256"))); got.Digest != want {
		t.Errorf("digest %s, want %s", got.Digest, want)
	}
}

// Positions and provenance aside, a job that is printed and read again is the same job.
func same(a, b *job.Job) string {
	return cmp.Diff(a, b, cmpopts.IgnoreFields(job.Job{}, "File", "Digest"), cmpopts.IgnoreTypes(job.Pos{}), cmpopts.EquateEmpty())
}

func TestMarshalIsReadBack(t *testing.T) {
	t.Parallel()
	for _, text := range []string{string(read(t, "full.yaml")), minimal, minimal + subset} {
		j, err := job.Parse("job.yaml", []byte(text), env)
		if err != nil {
			t.Fatal(err)
		}
		out, err := j.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := job.Parse("job.yaml", out, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if diff := same(j, again); diff != "" {
			t.Errorf("-before +after\n%s\n%s", diff, out)
		}
	}
}

// subset goes after minimal.
const subset = `
subset:
  tables: [{table: a.b, percent: 0.25, where: x > 1}]
  foreign_keys: [{table: a.b, columns: [x, y], references: a.b, referenced: [y, x]}]
  children: "3"
`

const minimal = `version: 1
source: {cluster: a, region: eu-west-1, database: d, user: u, s3_role: "arn:aws:iam::111111111111:role/r"}
target: {host: h, database: d, user: u, password_from: env:P, s3_role: "arn:aws:iam::111111111111:role/r"}
stage: {url: s3://bucket, region: eu-west-1, kms_key: alias/k}
tables: [a.b]
`

const minimalSource = `source: {cluster: a, region: eu-west-1, database: d, user: u, s3_role: "arn:aws:iam::111111111111:role/r"}`

// A PostgreSQL server is a source without a role, reached by TLS unless it is on this machine.
func TestPostgresSource(t *testing.T) {
	t.Parallel()
	parse := func(source string) (*job.Job, error) {
		return job.Parse("j", []byte(strings.Replace(minimal, minimalSource, "source: {"+source+"}", 1)), env)
	}
	for source, want := range map[string]job.Warehouse{
		"postgres: db, database: d, user: u, password_from: env:P":                              {Postgres: "db", Port: 5432, Database: "d", User: "u", PasswordFrom: "env:P", Auth: "password", SSLMode: "verify-full"},
		"postgres: /run/pg, port: 5433, database: d, user: u":                                   {Postgres: "/run/pg", Port: 5433, Database: "d", User: "u", Auth: "password", SSLMode: "disable"},
		"postgres: 127.0.0.2, database: d, user: u, password_from: env:P, sslmode: disable":     {Postgres: "127.0.0.2", Port: 5432, Database: "d", User: "u", PasswordFrom: "env:P", Auth: "password", SSLMode: "disable"},
		"postgres: localhost, database: d, user: u, password_from: env:P, sslmode: verify-full": {Postgres: "localhost", Port: 5432, Database: "d", User: "u", PasswordFrom: "env:P", Auth: "password", SSLMode: "verify-full"},
	} {
		j, err := parse(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if diff := cmp.Diff(want, j.Source); diff != "" {
			t.Errorf("%s: %s", source, diff)
		}
	}
	for source, want := range map[string]string{
		"postgres: db, database: d, user: u":                                                                        "source.password_from: is missing; postgres needs it",
		"postgres: db, database: d":                                                                                 "source.user: is missing; postgres needs it",
		"postgres: db, database: d, user: u, password_from: env:P, sslmode: disable":                                "source.sslmode: disable would send rows in clear over the network",
		"postgres: db, database: d, user: u, password_from: env:P, sslmode: require":                                `"require" is not one of verify-full, disable`,
		"postgres: db, cluster: a, database: d, user: u, password_from: env:P":                                      "source.cluster: is for warehouses",
		`postgres: db, database: d, user: u, password_from: env:P, s3_role: "arn:aws:iam::111111111111:role/r"`:     "source.s3_role: is for warehouses",
		"postgres: db, database: d, user: u, password_from: env:P, auth: iam":                                       "source.auth: a PostgreSQL server is logged in to by password",
		"postgres: 'postgres://db', database: d, user: u, password_from: env:P":                                     "source.postgres: is not a host name or an address",
		`cluster: a, sslmode: disable, region: eu-west-1, database: d, s3_role: "arn:aws:iam::111111111111:role/r"`: "source.sslmode: is for postgres",
	} {
		if _, err := parse(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
	if _, err := job.Parse("j", []byte(strings.Replace(minimal, "host: h", "postgres: h", 1)), env); err == nil || !strings.Contains(err.Error(), "target.postgres: only the source of sealift sync can be a PostgreSQL server") {
		t.Errorf("a target: %v", err)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	j, err := job.Parse("job.yaml", []byte(minimal), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(job.Defaults{Mode: "create", Verify: "digest", Unmatched: "error"}, j.Defaults); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(job.Concurrency{Unload: 4, Copy: 4}, j.Concurrency); diff != "" {
		t.Error(diff)
	}
	got := []any{j.Source.Port, j.Source.Auth, j.Target.Auth, j.Stage.Format, j.Stage.Keep}
	if diff := cmp.Diff([]any{5439, "iam", "password", "auto", "never"}, got); diff != "" {
		t.Error(diff)
	}
}

// Each file in testdata/bad is a job with mistakes; the golden file beside it is what is said about them.
func TestMistakes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = job.Parse(filepath.Base(file), text, env)
			if err == nil {
				t.Fatal("accepted")
			}
			got := err.Error() + "\n"
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// One change to a good job each, and the one mistake it makes.
func TestOneMistake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, want string }{
		"version":              {"version: 1", "version: 2", "j:1:10  version: 2 is not 1, the only one there is"},
		"no version":           {"version: 1\n", "", "j:1:1  version: is missing"},
		"version in words":     {"version: 1", "version: one", `j:1:10  version: "one" is not a number`},
		"section is text":      {"stage: {url: s3://bucket, region: eu-west-1, kms_key: alias/k}", "stage: s3://bucket", "j:4:8  stage: keys and values are needed here, not a single value"},
		"section is nothing":   {"stage: {url: s3://bucket, region: eu-west-1, kms_key: alias/k}", "stage:", "j:4:7  stage: keys and values are needed here, not nothing"},
		"list is text":         {"tables: [a.b]", "tables: a.b", "j:5:9  tables: a list is needed here, not a single value"},
		"list is empty":        {"tables: [a.b]", "tables: []", "j:5:9  tables: is empty; name at least one table or pattern"},
		"entry is a list":      {"[a.b]", "[[a.b]]", "j:5:10  tables[0]: keys and values are needed here, not a list"},
		"entry is nothing":     {"[a.b]", "[~]", "j:5:10  tables[0]: has no value; give one, or leave the key out"},
		"entry without table":  {"[a.b]", "[{mode: create}]", "j:5:10  tables[0]: names no table; give select or query"},
		"value is a list":      {"alias/k", "[alias/k]", "j:4:55  stage.kms_key: a single value is needed here, not a list"},
		"value is blank":       {"alias/k", "' '", "j:4:55  stage.kms_key: has no value; give one, or leave the key out"},
		"key of a list":        {"version: 1", "version: 1\n[a]: b", "j:2:1  a key must be a word"},
		"typing slip":          {"kms_key", "kms_kye", "j:4:46  stage.kms_kye: unknown key; did you mean kms_key?"},
		"case":                 {"kms_key", "KMS_Key", "j:4:46  stage.KMS_Key: unknown key; did you mean kms_key?"},
		"elsewhere":            {"tables: [a.b]", "tables: [a.b]\nkms_key: alias/k", "j:6:1  kms_key: unknown key; it belongs under stage"},
		"elsewhere, twice":     {"tables: [a.b]", "tables: [a.b]\nmode: append", "j:6:1  mode: unknown key; it belongs under defaults or tables or files"},
		"too deep":             {"{url: ", "{exclude: 1, url: ", "j:4:9  stage.exclude: unknown key; it belongs under no other key"},
		"nowhere":              {"tables: [a.b]", "tables: [a.b]\nfrobnicate: 1", "j:6:1  frobnicate: unknown key"},
		"merge key":            {"tables: [a.b]", "tables: [a.b]\n<<: {a: b}", "j:6:1  <<: unknown key"},
		"twice":                {"kms_key: alias/k", "kms_key: alias/k, kms_key: alias/l", "j:4:64  stage.kms_key: is here twice; the first is in line 4"},
		"mask without key":     {"[a.b]", "[{select: a.b, mask: {c: x}}]", "j:5:10  tables[0]: masks need masking, which says under which key"},
		"mask without use":     {"[a.b]", "[{select: a.b, mask: {c: {keep: 2}}}]\nmasking: {key: ephemeral}", "j:5:34  tables[0].mask.c.use: is missing"},
		"mask is a list":       {"[a.b]", "[{select: a.b, mask: {c: [x]}}]\nmasking: {key: ephemeral}", "j:5:34  tables[0].mask.c: a transformer's name, or keys and values are needed here, not a list"},
		"option of options":    {"[a.b]", "[{select: a.b, mask: {c: {use: x, o: {p: 1}}}}]\nmasking: {key: ephemeral}", "j:5:46  tables[0].mask.c.o: a value or a list is needed here, not keys and values"},
		"mask twice":           {"[a.b]", "[{select: a.b, mask: {c: x, c: y}}]\nmasking: {key: ephemeral}", "j:5:37  tables[0].mask.c: is here twice; the first is in line 5"},
		"when without else":    {"[a.b]", "[{select: a.b, mask: {c: {use: x, when: y = 1}}}]\nmasking: {key: ephemeral}", "j:5:31  tables[0].mask.c: says nothing of rows for which when is not true; give else"},
		"else without when":    {"[a.b]", "[{select: a.b, mask: {c: {use: x, else: y}}}]\nmasking: {key: ephemeral}", "j:5:43  tables[0].mask.c.else: is for rows for which when is not true, and there is no when"},
		"a key in the file":    {"tables: [a.b]", "tables: [a.b]\nmasking: {key: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=}", "j:6:16  masking.key: is not where a master key lives: env:NAME, file:/path, kms:BASE64, secretsmanager:ARN, or ephemeral"},
		"masked and not":       {"[a.b]", "[{select: a.b, mask: {c: x}, unmasked: true}]\nmasking: {key: ephemeral}", "j:5:38  tables[0].unmasked: says that the table has no masks, and it has"},
		"mode":                 {"[a.b]", "[{select: a.b, mode: upsert}]", `j:5:30  tables[0].mode: "upsert" is not one of create, append, replace, merge, mirror, history`},
		"truth":                {"[a.b]", "[{select: a.b, grants: yes}]", `j:5:32  tables[0].grants: "yes" is not true or false`},
		"concurrency":          {"tables: [a.b]", "tables: [a.b]\nconcurrency: {copy: 65}", "j:6:21  concurrency.copy: 65 is not between 1 and 64"},
		"port":                 {"host: h", "host: h, port: 0", "j:3:25  target.port: 0 is not between 1 and 65535"},
		"bucket":               {"s3://bucket", "https://bucket", "j:4:14  stage.url: is not s3://BUCKET/PREFIX (a prefix of letters, digits and ._=- between slashes)"},
		"prefix with dots":     {"s3://bucket", "s3://bucket/../x", "j:4:14  stage.url: is not s3://BUCKET/PREFIX (a prefix of letters, digits and ._=- between slashes)"},
		"key":                  {"alias/k", "sealift", `j:4:55  stage.kms_key: "sealift" is not a KMS key: alias/NAME, a key id or a key's ARN`},
		"chain with blank":     {`u, s3_role: "arn:aws:iam::111111111111:role/r"}` + "\ntarget", `u, s3_role: "arn:aws:iam::111111111111:role/r, arn:aws:iam::111111111111:role/s"}` + "\ntarget", `j:2:72  source.s3_role: "arn:aws:iam::111111111111:role/r, arn:aws:iam::111111111111:..." is not a role's ARN, or several joined by commas without blanks: arn:aws:iam::111122223333:role/NAME`},
		"region":               {"stage: {url: s3://bucket, region: eu-west-1", "stage: {url: s3://bucket, region: Ireland", `j:4:35  stage.region: "Ireland" is not a region such as eu-west-1`},
		"account":              {"host: h", "host: h, account: 12345", `j:3:28  target.account: "12345" is not an account id of 12 digits`},
		"two warehouses":       {"cluster: a", "cluster: a, workgroup: abc", "j:2:22  source.workgroup: a warehouse is a cluster or a workgroup, not both"},
		"no warehouse":         {"host: h, ", "", "j:3:1  target: names no warehouse; give cluster, workgroup or host"},
		"password without":     {", password_from: env:P", ", auth: password", "j:3:1  target.password_from: is missing; auth: password needs it"},
		"iam with password":    {"cluster: a", "cluster: a, auth: iam, password_from: env:P", "j:2:33  source.password_from: auth: iam takes no password; leave it out, or write auth: password"},
		"iam on a host":        {"password_from: env:P", "auth: iam, region: eu-west-1", "j:3:1  target: auth: iam needs cluster or workgroup"},
		"data-api on a host":   {"password_from: env:P", "auth: data-api, region: eu-west-1", "j:3:1  target: auth: data-api needs cluster or workgroup\nj:3:10  target.host: auth: data-api makes no connection to the warehouse; leave it out"},
		"data-api and a door":  {"cluster: a", "cluster: a, auth: data-api, door: {security_group: sg-0a1b2c3d}", "j:2:38  source.door: auth: data-api makes no connection to the warehouse; leave it out"},
		"data-api, a password": {"cluster: a", "cluster: a, auth: data-api, password_from: env:P", "j:2:38  source.password_from: auth: data-api takes a login from Secrets Manager only: secretsmanager:ARN"},
		"data-api, two users":  {"cluster: a", "cluster: a, auth: data-api, password_from: 'secretsmanager:arn:aws:secretsmanager:eu-west-1:111111111111:secret:x-abcdef'", "j:2:165  source.user: stands in the secret that password_from names; leave it out"},
		"groups without user":  {"database: d, user: u, s3_role: \"arn:aws:iam::111111111111:role/r\"}\ntarget", "database: d, groups: [etl], s3_role: \"arn:aws:iam::111111111111:role/r\"}\ntarget", "j:2:54  source.groups: is for auth: iam with a user"},
		"a group's name":       {"database: d, user: u, s3_role: \"arn:aws:iam::111111111111:role/r\"}\ntarget", "database: d, user: u, groups: [Etl], s3_role: \"arn:aws:iam::111111111111:role/r\"}\ntarget", "j:2:72  source.groups[0]: \"Etl\" is not a group's name in small letters"},
		"no region":            {"cluster: a, region: eu-west-1", "cluster: a", "j:2:1  source.region: is missing; looking the address up needs it"},
		"role without region":  {"host: h", "host: h, assume_role: 'arn:aws:iam::111111111111:role/r'", "j:3:1  target.region: is missing; assume_role needs it"},
		"secret elsewhere":     {"cluster: a", "cluster: a, auth: secret, password_from: env:P", "j:2:36  source.password_from: auth: secret takes user and password from Secrets Manager: secretsmanager:ARN"},
		"door without group":   {"host: h", "host: h, region: eu-west-1, door: {ttl: 5m}", "j:3:38  target.door.security_group: is missing"},
		"door without region":  {"host: h", "host: h, door: {security_group: sg-0a1b2c3d}", "j:3:1  target.region: is missing; door needs it"},
		"door for many hours":  {"host: h", "host: h, region: eu-west-1, door: {security_group: sg-0a1b2c3d, ttl: 13h}", "j:3:79  target.door.ttl: 13h is not between 5m and 12h"},
		"door address":         {"host: h", "host: h, region: eu-west-1, door: {security_group: sg-0a1b2c3d, address: 10.0.0.1/24}", "j:3:83  target.door.address: \"10.0.0.1/24\" has bits beyond its length; write 10.0.0.0/24"},
		"door address, twice":  {"host: h", "host: h, region: eu-west-1, door: {security_group: sg-0a1b2c3d, address: 10.0.0.1/32, url: 'https://x.test/ip'}", "j:3:96  target.door.url: is asked for the address, which address gives already"},
		"door, no schedule":    {"host: h", "host: h, region: eu-west-1, door: {security_group: sg-0a1b2c3d, without_schedule: true, scheduler_role: 'arn:aws:iam::111122223333:role/r'}", "j:3:98  target.door.scheduler_role: is for a schedule, and without_schedule wants none"},
		"a short role":         {"host: h", "host: h, region: eu-west-1, assume_role: 'arn:aws:iam::111122223333:role/r', role_duration: 10m", "j:3:102  target.role_duration: 10m is not between 15m and 12h"},
		"a long chain":         {"host: h", "host: h, region: eu-west-1, assume_role: 'arn:aws:iam::111122223333:role/r,arn:aws:iam::111122223333:role/s', role_duration: 2h", "j:3:135  target.role_duration: 2h is more than the hour that AWS gives a role that is taken with another's credentials"},
		"a token, no role":     {"host: h", "host: h, region: eu-west-1, web_identity_token_file: /t", "j:3:1  target.assume_role: is missing; web_identity_token_file needs it"},
		"a token, external id": {"host: h", "host: h, region: eu-west-1, external_id: abc, assume_role: 'arn:aws:iam::111122223333:role/r', web_identity_token_file: /t", "j:3:38  target.external_id: cannot be passed with a web identity; its role's trust names the token's aud and sub"},
		"a workgroup's user":   {"cluster: a", "workgroup: abc", "j:2:58  source.user: a workgroup lets in the user that stands for the caller, with auth: iam; leave it out"},
		"external id alone":    {"host: h", "host: h, external_id: abc", "j:3:19  target.external_id: is passed when a role is assumed, but there is no assume_role"},
		"select and query":     {"[a.b]", "[{select: a.b, query: select 1, as: a.b}]", "j:5:24  tables[0].query: an entry is a table or a query, not both"},
		"query without as":     {"[a.b]", "[{query: select 1}]", "j:5:10  tables[0]: a query needs as, its table's name in the target"},
		"query as pattern":     {"[a.b]", "[{query: select 1, as: a.*}]", "j:5:32  tables[0].as: a query becomes one table; write schema.table"},
		"query with columns":   {"[a.b]", "[{query: select 1, as: a.b, columns: [a]}]", "j:5:37  tables[0].columns: a query says itself which columns and rows it has"},
		"many as one":          {"[a.b]", "[{select: a.*, as: b.c}]", `j:5:28  tables[0].as: "a.*" may select many tables, which cannot all become "b.c"; write b.*`},
		"as half a name":       {"[a.b]", "[{select: a.b, as: b.c*}]", `j:5:28  tables[0].as: "b.c*": * can only stand for the whole name, as in dev.*`},
		"merge without key":    {"[a.b]", "[{select: a.b, mode: merge}]", "j:5:10  tables[0]: mode: merge needs key, the columns that identify a row"},
		"merge by default":     {"tables: [a.b]", "tables: [a.b]\ndefaults: {mode: merge}", "j:5:10  tables[0]: mode: merge needs key, the columns that identify a row"},
		"key without merge":    {"[a.b]", "[{select: a.b, key: [id]}]", "j:5:24  tables[0].key: is for mode: merge, mirror, history or append, or for a subset; this entry's mode is create"},
		"a subset of nothing":  {"tables: [a.b]", "tables: [a.b]\nsubset: {tables: [{table: a.b, children: 3}]}", "j:6:10  subset.tables: chooses nothing: no table has percent or where"},
		"a subset's pattern":   {"tables: [a.b]", "tables: [a.b]\nsubset: {tables: [{table: a.*, percent: 5}]}", `j:6:27  subset.tables[0].table: "a.*" is a pattern; name one table`},
		"too many percent":     {"tables: [a.b]", "tables: [a.b]\nsubset: {tables: [{table: a.b, percent: 100.5}]}", `j:6:41  subset.tables[0].percent: "100.5" is not more than 0 and at most 100`},
		"a subset twice":       {"tables: [a.b]", "tables: [a.b]\nsubset: {tables: [{table: a.b, percent: 5}, {table: a.b, children: 1}]}", "j:6:46  subset.tables[1].table: a.b has an entry already"},
		"columns to columns":   {"tables: [a.b]", "tables: [a.b]\nsubset: {tables: [{table: a.b, percent: 5}], foreign_keys: [{table: a.b, columns: x, references: a.b, referenced: [x, y]}]}", "j:6:103  subset.foreign_keys[0].referenced: 1 columns refer to 2"},
		"column twice":         {"[a.b]", "[{select: a.b, columns: [id, ID]}]", `j:5:38  tables[0].columns[1]: "ID" is named twice`},
		"no columns":           {"[a.b]", "[{select: a.b, columns: []}]", "j:5:33  tables[0].columns: is empty; name columns, or leave the key out"},
		"no schema":            {"[a.b]", "[orders]", `j:5:10  tables[0]: "orders" names no schema; write schema.table`},
		"three parts":          {"[a.b]", "[db.a.b]", `j:5:10  tables[0]: "db.a.b" has more than two parts; write schema.table`},
		"hyphen":               {"[a.b]", "[a.b-c]", `j:5:10  tables[0]: "a.b-c": a name with "-" in it goes into double quotes`},
		"digit first":          {"[a.b]", "[a.2025]", `j:5:10  tables[0]: "2025": a name that begins with a digit goes into double quotes`},
		"quote open":           {"[a.b]", `['a."b']`, `j:5:10  tables[0]: "\"b": a double quote is not closed`},
		"empty name":           {"[a.b]", "[a.]", `j:5:10  tables[0]: a name is missing; write schema.table`},
		"exclude":              {"tables: [a.b]", "tables: [a.b]\nexclude: [tmp_*]", `j:6:11  exclude[0]: "tmp_*" names no schema; write schema.table`},
		"unset variable":       {"host: h", "host: '${NOPE}'", "j:3:16  target.host: ${NOPE} is not set in the environment, or empty"},
		"empty variable":       {"host: h", "host: '${SPACES}'", "j:3:16  target.host: ${SPACES} is not set in the environment, or empty"},
		"variable in variable": {"host: h", "host: '${NASTY}'", "j:3:16  target.host: is not a host name or an address, without scheme, user or port"},
		"open variable":        {"host: h", "host: '${DEV'", "j:3:16  target.host: ${ begins the name of a variable, as in ${NAME}"},
		"variable elsewhere":   {"[a.b]", "['${T}.b']", "j:5:10  tables[0]: ${...} is not replaced here, only in postgres, host, region, database, user, web_identity_token_file, ca_file, security_group, address, url, kms_key"},
		"control character":    {"user: u, password", `user: "u\u001b[2J", password`, "j:3:38  target.user: has a control character in it"},
		"anchor":               {"[a.b]", "&t [a.b]", "j:5:9  an anchor (&t); write the value where it is needed"},
		"tag":                  {"[a.b]", "!!seq [a.b]", "j:5:9  a tag (!!seq); values need none"},
		"second document":      {"tables: [a.b]", "tables: [a.b]\n---\nversion: 1", "j:6:1  a second document; a file is one job"},
		"tab":                  {"tables: [a.b]", "tables:\n\t- a.b", "j:6:1  not YAML: found character that cannot start any token: a tab, or one of @ ` % that has to be in quotes; YAML is indented by blanks"},
		"not YAML":             {"tables: [a.b]", "tables: [a.b", "j:5:1  not YAML: did not find expected ',' or ']'"},
		"a list":               {minimal, "- a", "j:1:1  a job is written as keys and values, beginning with version: 1"},
		"empty":                {minimal, "# nothing\n", "j  the file is empty; sealift init writes one to start from"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(minimal, c.old, c.new, 1)
			if text == minimal {
				t.Fatalf("%q is not in the job", c.old)
			}
			_, err := job.Parse("j", []byte(text), env)
			if got := fmt.Sprint(err); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// What somebody put where a secret does not belong is never repeated, wherever that is.
func TestNoSecretInMessages(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-canary"
	const accessKey = "AKIAIOSFODNN7CANARY0"
	for _, line := range []string{
		"password: " + secret, "Password: " + secret, "passwd: " + secret, "secret_access_key: " + secret, "access-key-id: " + secret,
		"token: " + secret, "master_symmetric_key: " + secret, "password_from: " + secret, "password_from: env:" + secret,
		"password_from: kms:" + secret, "host: postgres://u:" + secret + "@h", "external_id: '" + secret + " !'",
		"my_key: " + secret, "user: " + accessKey, "database: {a: [" + accessKey + "]}", "anything: " + accessKey,
	} {
		text := strings.Replace(minimal, "{cluster: a,", "{"+line+", cluster: a,", 1)
		_, err := job.Parse("j", []byte(text), env)
		if err == nil {
			t.Errorf("%s: accepted", line)
			continue
		}
		if got := err.Error(); strings.Contains(got, "canary") || strings.Contains(got, "CANARY") {
			t.Errorf("%s: repeated: %s", line, got)
		}
	}
}

func TestPasswordHint(t *testing.T) {
	t.Parallel()
	_, err := job.Parse("j", []byte(strings.Replace(minimal, "{host: h,", "{host: h, password: x,", 1)), env)
	const want = "j:3:19  target.password: a password in the file; name where it lives instead: password_from: env:PGPASSWORD"
	if fmt.Sprint(err) != want {
		t.Errorf("got %v", err)
	}
}

// Files that are made to hang or to fill memory are refused within 100 ms and 64 MiB, whatever they hold. Not parallel:
// clock and memory are what is tested.
func TestBombs(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&laughs, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1)
	}
	var merge strings.Builder
	merge.WriteString("a0: &a0 {k: v}\n")
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&merge, "a%d: &a%d {<<: [*a%d, *a%d]}\n", i, i, i-1, i-1)
	}
	bombs := map[string]string{
		"billion laughs":      laughs.String(),
		"merge keys":          merge.String(),
		"itself":              "a: &a [*a]",
		"itself as key":       "&a {*a : b}",
		"deep lists":          strings.Repeat("[", 9000),
		"deep closed lists":   strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"deeper lists":        strings.Repeat("[", 100_000),
		"deep maps":           strings.Repeat("{a: ", 50_000),
		"deep keys":           strings.Repeat("? ", 50_000),
		"deep dashes":         strings.Repeat("- ", 50_000),
		"long key":            strings.Repeat("k", 100_000) + ": 1",
		"long value":          "version: " + strings.Repeat("1", 100_000),
		"long quoted":         `"` + strings.Repeat(`\x41`, 20_000),
		"many keys":           strings.Repeat("k: 1\n", 4000),
		"many unknown keys":   many(4000, func(i int) string { return fmt.Sprintf("sourc%d: 1\n", i) }),
		"many entries":        "tables:\n" + strings.Repeat(" - a\n", 8000),
		"many documents":      strings.Repeat("---\na: b\n", 10_000),
		"many anchors":        many(4000, func(i int) string { return fmt.Sprintf("k%d: &a%d 1\n", i, i) }),
		"variables":           strings.Replace(minimal, "host: h", "host: '"+strings.Repeat("${DEV_WAREHOUSE}", 5000)+"'", 1),
		"open variables":      strings.Replace(minimal, "host: h", "host: '"+strings.Repeat("${", 50_000)+"'", 1),
		"stars":               strings.Replace(minimal, "a.b", "'"+strings.Repeat("*", 10_000)+"."+strings.Repeat("*a", 10_000)+".'", 1),
		"too large":           "#" + strings.Repeat(" ", job.MaxSize),
		"tabs":                strings.Repeat("\t", 100_000),
		"percent":             strings.Repeat("%YAML 1.1\n", 10_000),
		"colons":              strings.Repeat(":", 100_000),
		"question marks":      strings.Repeat("?\n", 20_000),
		"flow keys":           "{" + strings.Repeat("a,", 10_000),
		"nothing but NUL":     strings.Repeat("\x00", 1000),
		"utf-16":              "\xff\xfe" + strings.Repeat("a\x00", 10_000),
		"not utf-8":           strings.Repeat("\xff", 10_000),
		"block scalars":       strings.Repeat("a: |\n  b\n", 4000),
		"tags":                strings.Repeat("!!", 20_000),
		"comments":            strings.Repeat("# x\n", 50_000),
		"folded":              "a: >\n" + strings.Repeat("  b\n\n", 10_000),
		"accounts of columns": "tables: [{select: a.b, columns: [" + strings.Repeat("a,", 4000) + "]}]",
	}
	if len(bombs) < 30 {
		t.Errorf("%d bombs", len(bombs))
	}
	for name, text := range bombs {
		fastest := time.Duration(1 << 62)
		for range 3 { // the best of three, because a collection of garbage may fall into one
			var before, after runtime.MemStats
			var err error
			runtime.ReadMemStats(&before)
			fastest = min(fastest, spent(t, func() { _, err = job.Parse("bomb", []byte(text), env) }))
			runtime.ReadMemStats(&after)
			if taken := (after.TotalAlloc - before.TotalAlloc) >> 20; taken > 64 {
				t.Errorf("%s: took %d MiB", name, taken)
			}
			if err == nil {
				t.Errorf("%s: accepted", name)
			}
		}
		if fastest > 100*time.Millisecond*slower {
			t.Errorf("%s: took %s", name, fastest)
		}
	}
}

func many(n int, line func(int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(line(i))
	}
	return b.String()
}

func schema(tb testing.TB) *jsonschema.Resolved {
	tb.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal([]byte(docs.JobSchema), &s); err != nil {
		tb.Fatal(err)
	}
	r, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// valid asks the schema, by code that is not ours.
func valid(tb testing.TB, s *jsonschema.Resolved, text []byte) error {
	tb.Helper()
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return err
	}
	// Through JSON, as an editor sees it: what YAML makes of dates and the like is text again.
	asJSON, err := json.Marshal(v)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(asJSON))
	var instance any
	if err := dec.Decode(&instance); err != nil {
		return err
	}
	return s.Validate(instance)
}

const filesOnly = `version: 1
target: {host: h, database: d, user: u, password_from: env:P, s3_role: "arn:aws:iam::222222222222:role/c"}
stage: {url: s3://bucket/p, region: eu-west-1, kms_key: alias/k}
files:
  - {path: data/*.csv.gz, as: public.a, types: ["id=bigint", "price=decimal(10,2)"], header: true}
  - {path: [s3://b/x.json, s3://b/y.json], as: public.b, mode: merge, key: [id], records: results, max_errors: 5, rejects: /tmp/r}
`

func TestFiles(t *testing.T) {
	t.Parallel()
	j, err := job.Parse("j", []byte(filesOnly), env)
	if err != nil {
		t.Fatal(err)
	}
	if len(j.Files) != 2 || len(j.Files[0].Path) != 1 || j.Files[0].Path[0] != "data/*.csv.gz" || len(j.Files[1].Path) != 2 || !*j.Files[0].Header || j.Files[1].MaxErrors != 5 {
		t.Errorf("%+v", j.Files)
	}
	for old, c := range map[string]struct{ new, want string }{
		"as: public.a, ":      {"", "j:5:5  files[0].as: is missing"},
		"path: data/*.csv.gz": {"path: []", "j:5:12  files[0].path: is empty; name a file"},
		", header: true":      {", header: true, infer: 1e3", `j:5:107  files[0].infer: "1e3" is not all, or a number of records`},
		"path: data":          {"delimiter: ab, path: data", `j:5:17  files[0].delimiter: "ab" is not one character of ASCII, or tab`},
		"data/*.csv.gz":       {`x, delimiter: "'", quote: "'"`, `j:5:15  files[0].delimiter: ' is what fields are quoted with, too; one character cannot be both`},
		"s3://b/y.json":       {"s3:/b/y.json", `j:6:12  files[1].path: "s3:/b/y.json" is neither a path nor s3://BUCKET/KEY`},
		"as: public.b":        {"as: public.*", `j:6:48  files[1].as: files become one table; write schema.table`},
		"key: [id], ":         {"", "j:6:5  files[1]: mode: merge needs key, the columns that identify a row"},
		", rejects: /tmp/r":   {"", "j:6:5  files[1]: max_errors and rejects go together: nothing is dropped silently"},
		"header: true":        {"heder: true", "j:5:86  files[0].heder: unknown key; did you mean header?"},
		"files:":              {"tables: [a.b]\nfiles:", "j:4:1  tables: source and tables go together; a job of files alone has neither"},
	} {
		_, err := job.Parse("j", []byte(strings.Replace(filesOnly, old, c.new, 1)), env)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v\nwant %s", old, err, c.want)
		}
	}
}

func TestSchemaAcceptsWhatParseAccepts(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for name, text := range map[string]string{
		"full": string(read(t, "full.yaml")), "minimal": minimal,
		"account as a number": strings.Replace(minimal, "host: h", "host: h, account: 222222222222", 1),
		"quoted names":        strings.Replace(minimal, "[a.b]", `['"a ""b"."c.d"', "größe.*", {select: _x.$y, as: z.*}]`, 1),
		"workgroup":           strings.Replace(strings.Replace(minimal, "cluster: a", "workgroup: abc, host: h", 1), "user: u, ", "", 1),
		"merge":               strings.Replace(minimal, "[a.b]", "[{select: a.b, mode: merge, key: [id]}]", 1),
		"empty exclude":       minimal + "exclude: []\n",
		"files":               filesOnly,
		"files beside tables": minimal + "files: [{path: a.csv, as: a.b}]\n",
		"data-api":            strings.Replace(minimal, "cluster: a", "cluster: a, auth: data-api", 1),
		"data-api by secret":  strings.Replace(minimal, "cluster: a, region: eu-west-1, database: d, user: u", "cluster: a, region: eu-west-1, database: d, auth: data-api, password_from: 'secretsmanager:arn:aws:secretsmanager:eu-west-1:111111111111:secret:x-abcdef'", 1),
		"postgres":            strings.Replace(minimal, minimalSource, "source: {postgres: db.example.com, database: d, user: u, password_from: env:P, ca_file: /ca.pem}", 1),
		"postgres's socket":   strings.Replace(minimal, minimalSource, "source: {postgres: /run/postgresql, database: d, user: u}", 1),
		"gone files":          strings.Replace(filesOnly, "header: true", "header: true, gone: ignore", 1),
		"variable":            strings.Replace(minimal, "host: h", "host: '${DEV_WAREHOUSE}'", 1),
	} {
		if _, err := job.Parse("j", []byte(text), env); err != nil {
			t.Errorf("%s: Parse: %v", name, err)
		}
		if err := valid(t, s, []byte(text)); err != nil {
			t.Errorf("%s: schema: %v", name, err)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for name, c := range map[string]struct{ old, new string }{
		"version":            {"version: 1", "version: 2"},
		"missing":            {"version: 1\n", ""},
		"unknown key":        {"kms_key: alias/k", "kms_key: alias/k, frob: 1"},
		"password":           {"host: h", "host: h, password: x"},
		"mode":               {"[a.b]", "[{select: a.b, mode: upsert}]"},
		"no schema":          {"[a.b]", "[orders]"},
		"hyphen":             {"[a.b]", "[a.b-c]"},
		"digit":              {"[a.b]", "[a.2025]"},
		"no tables":          {"[a.b]", "[]"},
		"select and query":   {"[a.b]", "[{select: a.b, query: select 1, as: a.b}]"},
		"neither":            {"[a.b]", "[{as: a.b}]"},
		"query without as":   {"[a.b]", "[{query: select 1}]"},
		"query with where":   {"[a.b]", "[{query: select 1, as: a.b, where: x}]"},
		"merge without key":  {"[a.b]", "[{select: a.b, mode: merge}]"},
		"two warehouses":     {"cluster: a", "cluster: a, workgroup: abc"},
		"no warehouse":       {"host: h, ", ""},
		"iam with password":  {"cluster: a", "cluster: a, auth: iam, password_from: env:P"},
		"data-api, a door":   {"cluster: a", "cluster: a, auth: data-api, door: {security_group: sg-0a1b2c3d}"},
		"data-api, password": {"user: u, s3", "auth: data-api, password_from: env:P, s3"},
		"data-api, two ways": {"cluster: a", "cluster: a, auth: data-api, password_from: 'secretsmanager:arn:aws:secretsmanager:eu-west-1:111111111111:secret:x-abcdef'"},
		"password without":   {"password_from: env:P", "auth: password"},
		"external id":        {"host: h", "host: h, external_id: abc"},
		"door, no region":    {"host: h", "host: h, door: {security_group: sg-0a1b2c3d}"},
		"door, no group":     {"host: h", "host: h, region: eu-west-1, door: {ttl: 5m}"},
		"door, no schedule":  {"host: h", "host: h, region: eu-west-1, door: {security_group: sg-0a1b2c3d, without_schedule: true, scheduler_role: 'arn:aws:iam::111122223333:role/r'}"},
		"port":               {"host: h", "host: h, port: 70000"},
		"concurrency":        {"tables: [a.b]", "tables: [a.b]\nconcurrency: {copy: 65}"},
		"bucket":             {"s3://bucket", "https://bucket"},
		"key":                {"alias/k", "sealift"},
		"blank":              {"database: d", "database: ' '"},
		"grants":             {"[a.b]", "[{select: a.b, grants: maybe}]"},
		"chain with a blank": {`"arn:aws:iam::111111111111:role/r"`, `"arn:aws:iam::111111111111:role/r, arn:aws:iam::111111111111:role/s"`},
	} {
		text := []byte(strings.Replace(minimal, c.old, c.new, 1))
		if err := valid(t, s, text); err == nil {
			t.Errorf("%s: the schema accepts it", name)
		}
		if _, err := job.Parse("j", text, env); err == nil {
			t.Errorf("%s: Parse accepts it", name)
		}
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, schema, name string
		want                  bool
	}{
		{"sales.*", "sales", "orders", true},
		{"sales.*", "Sales", "orders", false},
		{"SALES.Orders", "sales", "orders", true},
		{`"SALES"."Orders"`, "SALES", "Orders", true},
		{`"SALES"."Orders"`, "sales", "orders", false},
		{"sales.tmp_*", "sales", "tmp_", true},
		{"sales.tmp_*", "sales", "xtmp_1", false},
		{"*.orders", "any", "orders", true},
		{"*.*", "a.b", "c", true},
		{"s*s.o*d*s", "sales", "orders", true},
		{"s*s.o*d*s", "sales", "ors", false},
		{"a.*b*b", "a", "ab", false},
		{"a.*b*b", "a", "abb", true},
		{`a."x ""y"" *"`, "a", `x "y" 1`, true},
		{"größe.*", "größe", "x", true},
		{"GRÖSSE.x", "gr\u00d6sse", "x", true}, // folding is ASCII's only, as in Redshift
		{"sales", "sales", "", false},
		{"a.b.c", "a", "b.c", false},
	} {
		if got := (job.Pattern{Text: c.pattern}).Match(c.schema, c.name); got != c.want {
			t.Errorf("%s selects %s.%s: %v", c.pattern, c.schema, c.name, got)
		}
	}
	p, err := job.ParsePattern("crm.*")
	if err != nil || !p.MatchTable(`crm."Odd name"`) || p.MatchTable("crmx.a") || p.MatchTable("(query)") {
		t.Errorf("MatchTable: %v", err)
	}
}

func TestErrorsCarryTheirPlace(t *testing.T) {
	t.Parallel()
	_, err := job.Parse("j.yaml", []byte(strings.Replace(minimal, "alias/k", "k", 1)), nil)
	var all job.Errors
	if !errors.As(err, &all) || len(all) != 1 {
		t.Fatalf("error %v", err)
	}
	want := &job.Error{File: "j.yaml", Line: 4, Column: 55, Field: "stage.kms_key", Msg: all[0].Msg}
	if diff := cmp.Diff(want, all[0]); diff != "" {
		t.Error(diff)
	}
}

// Whatever the bytes are: no panic, every mistake has a place in the file or none, a job that is accepted can be printed
// and read again, and the schema accepts it too.
func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte(strings.Replace(minimal, "[a.b]", "[{select: a.b, mask: {c: null, d: {use: card, keep: 4, list: [1, a, true], domain: x, when: c = 1, else: {use: hash_hex}}}}]\nmasking: {key: 'env:K', policy: [p.yaml], on_unlisted: hash}", 1)))
	f.Add(read(f, "full.yaml"))
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	s := schema(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		j, err := job.Parse("fuzz", text, env)
		if err != nil {
			var all job.Errors
			if !errors.As(err, &all) || len(all) == 0 {
				t.Fatalf("error %T %v", err, err)
			}
			for _, e := range all {
				if e.Line < 0 || e.Line > bytes.Count(text, []byte("\n"))+bytes.Count(text, []byte("\r"))+bytes.Count(text, []byte("\u2028"))+bytes.Count(text, []byte("\u2029"))+bytes.Count(text, []byte("\u0085"))+2 {
					t.Fatalf("place %d:%d in %d bytes", e.Line, e.Column, len(text))
				}
			}
			return
		}
		out, err := j.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := job.Parse("again", out, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if diff := same(j, again); diff != "" {
			t.Fatalf("-before +after\n%s\n%s", diff, out)
		}
		if err := valid(t, s, out); err != nil {
			t.Fatalf("schema: %v\n%s", err, out)
		}
	})
}

func FuzzPattern(f *testing.F) {
	f.Add("sales.*", "sales", "orders")
	f.Add(`"a ""b"."*"`, `a "b`, "")
	f.Fuzz(func(t *testing.T, pattern, schema, name string) {
		p, err := job.ParsePattern(pattern)
		if err != nil {
			if p.Match(schema, name) {
				t.Error("a pattern that is none selects something")
			}
			return
		}
		// A name in quotes selects itself.
		exact := job.Pattern{Text: `"` + strings.ReplaceAll(schema, `"`, `""`) + `"."` + strings.ReplaceAll(name, `"`, `""`) + `"`}
		if schema != "" && name != "" && !exact.Match(schema, name) {
			t.Errorf("%s does not select %q.%q", exact.Text, schema, name)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text := []byte(strings.Replace(minimal, "[a.b]", "["+strings.Repeat("{select: sales.orders, where: amount > 0}, ", 1000)+"a.b]", 1))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := job.Parse("j", text, nil); err != nil {
			b.Fatal(err)
		}
	}
}
