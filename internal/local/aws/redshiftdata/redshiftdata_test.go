package redshiftdata

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/ec2"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/redshiftapi"
)

// Each operation, well formed, in the name of somebody without rights: all are refused before anybody learns whether what
// is named is there.
func TestEveryOperationIsAsked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	accounts, err := iam.New(iam.Options{Dir: dir, Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	groups, err := ec2.New(ec2.Options{Dir: dir, IAM: accounts})
	if err != nil {
		t.Fatal(err)
	}
	clusters, err := redshiftapi.New(redshiftapi.Options{Dir: dir, IAM: accounts, EC2: groups})
	if err != nil {
		t.Fatal(err)
	}
	if err := clusters.Register(redshiftapi.Cluster{Name: redshiftapi.Name{Account: "111111111111", Region: "eu-west-1", ID: "there"}, Host: "127.0.0.1", Port: 5439}); err != nil {
		t.Fatal(err)
	}
	s := New(Options{IAM: accounts, Redshift: clusters})
	defer s.Close()
	weak := &iam.Identity{Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/weak", UserID: "AIDA", UserName: "weak", Region: "eu-west-1"}
	for op := range operations.Operations {
		for _, id := range []string{"there", "absent"} {
			at := `"ClusterIdentifier":"` + id + `","Database":"dev"`
			body, resource := "{"+at+"}", "arn:aws:redshift:eu-west-1:111111111111:cluster:"+id
			switch op {
			case "ExecuteStatement":
				body = `{` + at + `,"Sql":"select 1"}`
			case "BatchExecuteStatement":
				body = `{` + at + `,"Sqls":["select 1"]}`
			case "DescribeStatement", "GetStatementResult", "CancelStatement":
				body, resource = `{"Id":"`+id+`"}`, "*"
			case "ListStatements":
				body, resource = "{}", "*"
			}
			_, err := s.Call(t.Context(), weak, op, []byte(body))
			e, ok := errors.AsType[*awserr.Error](err)
			if !ok || e.Code != "AccessDeniedException" || !strings.Contains(e.Message, "is not authorized to perform: redshift-data:"+op+" on resource: "+resource) {
				t.Errorf("%s of what is %s: %v", op, id, err)
			}
		}
	}
	_, err = s.Call(t.Context(), weak, "GetStatementResultV2", []byte("{}"))
	if e, ok := errors.AsType[*awserr.Error](err); !ok || e.Code != "NotImplemented" {
		t.Errorf("what is not imitated: %v", err)
	}
}

//standin:imitates Data API: named parameters | MG data-api-calling
func TestBind(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string][]string{
		"select :a, :b, :a":                {"select $1, $2, $1", "a", "b"},
		"select ':a', \":b\", 1::int":      {"select ':a', \":b\", 1::int"},
		"select 1 -- :a\n /* :b */ + :c_1": {"select 1 -- :a\n /* :b */ + $1", "c_1"},
		`select '\':a', :b`:                {`select '\':a', $1`, "b"},
		"select :":                         {"select :"},
		"select : a":                       {"select : a"},
	} {
		text, names := bind(sql)
		if diff := cmp.Diff(want, append([]string{text}, names...)); diff != "" {
			t.Errorf("%s: %s", sql, diff)
		}
	}
}

// Text without parameters stays as it is, and each name is there once.
func FuzzBind(f *testing.F) {
	for _, sql := range []string{"select :a", "':a' :b::int", `"`, "$$ :a $$", ":", "::a"} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		text, names := bind(sql)
		if len(names) == 0 && text != sql {
			t.Errorf("%q became %q", sql, text)
		}
		slices.Sort(names)
		if len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%q has %q", sql, names)
		}
		for _, name := range names {
			if !strings.Contains(sql, ":"+name) {
				t.Errorf("%q has no :%s", sql, name)
			}
		}
	})
}
