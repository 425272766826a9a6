package redshiftapi

import (
	"strings"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// What the Data API asks about warehouses, in its callers' names.

// Warehouse finds the warehouse that a caller names, by a cluster's identifier, or by a workgroup's name or ARN, and gives
// the ARN that permissions name, for one that is not there too.
func (s *Service) Warehouse(id *iam.Identity, cluster, workgroup string) (n Name, arn string, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if workgroup == "" {
		n = Name{id.Account, id.Region, cluster}
		return n, n.arn("cluster", ""), !n.isWorkgroup() && s.state.Clusters[n.key()] != nil
	}
	for _, c := range s.state.Clusters {
		if c.isWorkgroup() && c.Account == id.Account && c.Region == id.Region && (c.Name == workgroupName(id, workgroup) || c.workgroupARN() == workgroup) {
			return c.Name, c.workgroupARN(), true
		}
	}
	return workgroupName(id, workgroup), "arn:aws:redshift-serverless:" + id.Region + ":" + id.Account + ":workgroup/*", false
}

// Workgroup is the name of the workgroup whose warehouse n is, "" for a cluster.
func (n Name) Workgroup() string {
	if name, ok := strings.CutSuffix(n.ID, serverlessSuffix); ok {
		return name
	}
	return ""
}

// Enter makes a login as the caller itself would with GetClusterCredentials, or, where no database user is named,
// GetClusterCredentialsWithIAM or GetCredentials, and needs the same permissions.
func (s *Service) Enter(id *iam.Identity, n Name, user, database string) (login, password string, err error) {
	var out *clusterCredentials
	switch {
	case n.isWorkgroup():
		s.mu.Lock()
		_, err = s.findWorkgroup(id, "GetCredentials", n.Workgroup(), policy.Context{"redshift-serverless:durationseconds": {"900"}})
		s.mu.Unlock()
		if err == nil {
			out, err = s.self(id, n, minSeconds)
		}
	case user == "":
		out, err = s.clusterSelf(id, n, database, minSeconds)
	default:
		out, err = s.clusterUser(id, n, loginAs{user: user, database: database, seconds: minSeconds})
	}
	if err != nil {
		return "", "", err
	}
	return out.DBUser, out.DBPassword, nil
}

// loginAs says what login GetClusterCredentials is to make.
type loginAs struct {
	user, database string
	groups         []string
	create         bool
	seconds        int
}

// self makes a login for the database user that stands for the caller.
func (s *Service) self(id *iam.Identity, n Name, seconds int) (*clusterCredentials, error) {
	switch {
	case id.RoleARN != "":
		return s.issue(n, "IAMR:"+id.RoleARN[strings.LastIndexByte(id.RoleARN, '/')+1:], seconds, true)
	case id.UserName != "":
		return s.issue(n, "IAM:"+id.UserName, seconds, true)
	default:
		return nil, awserr.NotImitated("a database user for the account's root user")
	}
}
