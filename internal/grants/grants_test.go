package grants_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/grants"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/job"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func parse(t *testing.T, text string) *job.Job {
	t.Helper()
	j, err := job.Parse("job.yaml", []byte(text), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// The documents of a job with every kind of entry, as people review them.
func TestDocumentsAreAsReviewed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/job.yaml")
	if err != nil {
		t.Fatal(err)
	}
	j := parse(t, string(text))
	for _, side := range []grants.Side{grants.Source, grants.Target} {
		d, err := grants.For(j, side, grants.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for name, got := range map[string]string{"": d.Text(), "-undo": d.Undo()} {
			path := filepath.Join("testdata", string(side)+name+".sql")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		}
	}
}

const head = `version: 1
source: {cluster: c, region: eu-west-1, database: d, user: u, s3_role: "arn:aws:iam::111111111111:role/r"}
stage: {url: s3://corp-sealift, region: eu-west-1, kms_key: alias/sealift}
`

// Whom a document is for, or what has to be said.
func TestUser(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		target, flag string
		user, how    string // how is in the first grant's reason
		fails, hint  string
	}{
		"temporary credentials": {target: "cluster: c, user: etl", user: "etl", how: "temporary credentials"},
		"password":              {target: "host: h, user: etl, password_from: env:P", user: "etl", how: "ALTER USER"},
		"role":                  {target: "workgroup: dev, assume_role: 'arn:aws:iam::222222222222:role/a,arn:aws:iam::222222222222:role/path/Mover'", user: "IAMR:Mover", how: "temporary credentials"},
		"named":                 {target: "workgroup: dev", flag: "IAM:ann", user: "IAM:ann"},
		"nobody":                {target: "workgroup: dev", fails: "target: the job does not tell the database user", hint: "--user IAMR:ROLE"},
		"secret": {
			target: "cluster: c, auth: secret, password_from: 'secretsmanager:arn:aws:secretsmanager:eu-west-1:222222222222:secret:x'",
			fails:  "the name of the user is in the secret", hint: "--user NAME",
		},
		"secret, named": {
			target: "cluster: c, auth: secret, password_from: 'secretsmanager:arn:aws:secretsmanager:eu-west-1:222222222222:secret:x'",
			flag:   "etl", user: "etl", how: "the one in the secret",
		},
		"too long": {target: "cluster: c, user: etl", flag: strings.Repeat("x", 200), fails: "200 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := parse(t, head+"target: {"+tc.target+", region: eu-west-1, database: d, s3_role: 'arn:aws:iam::222222222222:role/r'}\ntables: [a.b]\n")
			d, err := grants.For(j, grants.Target, grants.Options{User: tc.flag})
			if tc.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fails) || !strings.Contains(hint.Of(err), tc.hint) {
					t.Errorf("%v (%s)", err, hint.Of(err))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d.User.String() != tc.user || !strings.Contains(d.Grants[0].Why, tc.how) {
				t.Errorf("user %s: %s", d.User, d.Grants[0].Why)
			}
			d, err = grants.For(j, grants.Target, grants.Options{User: tc.flag, Existing: true})
			if err != nil || strings.Contains(d.Text(), "CREATE USER") || strings.Contains(d.Undo(), "DROP USER") {
				t.Errorf("a user that is there is made or dropped: %v", err)
			}
		})
	}
}

// A name from the job can be anything, and stays a name, in statements and in comments.
func TestNamesStayNames(t *testing.T) {
	t.Parallel()
	j := parse(t, head+`target: {cluster: c, region: eu-west-1, database: "d; drop table x;", user: "u\"; drop user v; --", s3_role: 'arn:aws:iam::222222222222:role/r'}
tables: [{select: '"s""; drop schema s; --"."a\n;b"', mode: append}]
`)
	d, err := grants.For(j, grants.Target, grants.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(d.Text() + d.Undo()) {
		if strings.HasPrefix(line, "drop") || strings.HasPrefix(line, ";") {
			t.Errorf("a line of its own: %s", line)
		}
	}
	if want := `TO "u""; drop user v; --";`; strings.Count(d.Text(), want) < 10 {
		t.Errorf("%s is not in\n%s", want, d.Text())
	}
	if want := `CREATE SCHEMA IF NOT EXISTS "s""; drop schema s; --";`; !strings.Contains(d.Text(), want) {
		t.Errorf("%s is not in\n%s", want, d.Text())
	}
}
