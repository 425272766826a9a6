package redshiftapi

import (
	"errors"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/ec2"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/query"
)

// TestEveryActionIsAsked calls each action of the API, well formed, in the name of somebody without rights: all are
// refused before anybody learns whether the cluster exists.
func TestEveryActionIsAsked(t *testing.T) {
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
	s, err := New(Options{Dir: dir, IAM: accounts, EC2: groups})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Register(Cluster{Name: Name{"111111111111", "eu-west-1", "there"}, Host: "127.0.0.1", Port: 5439}); err != nil {
		t.Fatal(err)
	}
	weak := &iam.Identity{Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/weak", UserID: "AIDA", UserName: "weak", Region: "eu-west-1"}
	for action := range operations {
		for _, id := range []string{"there", "absent"} {
			p := map[string][]string{"ClusterIdentifier": {id}}
			switch action {
			case "CreateCluster":
				p["NodeType"], p["MasterUsername"], p["MasterUserPassword"] = []string{"ra3.large"}, []string{"awsuser"}, []string{"Secret123"}
			case "DeleteCluster":
				p["SkipFinalClusterSnapshot"] = []string{"true"}
			case "ModifyCluster":
				p["MasterUserPassword"] = []string{"Secret123"}
			case "CreateTags", "DeleteTags", "DescribeTags":
				p = map[string][]string{"ResourceName": {"arn:aws:redshift:eu-west-1:111111111111:cluster:" + id}}
			case "DescribeClusterParameterGroups", "DescribeClusterParameters":
				p = map[string][]string{"ParameterGroupName": {id}}
			case "GetClusterCredentials":
				p["DbUser"] = []string{"bob"}
			}
			_, err := s.Call(t.Context(), weak, action, query.Of(p))
			var e *awserr.Error
			if !errors.As(err, &e) || e.Code != "AccessDenied" {
				t.Errorf("%s on a cluster that is %s: %v", action, id, err)
				continue
			}
			if want := "is not authorized to perform: redshift:" + action + " on resource: arn:aws:redshift:eu-west-1:111111111111:"; !strings.Contains(e.Message, want) {
				t.Errorf("%s asks for something else: %s", action, e.Message)
			}
		}
	}
}
