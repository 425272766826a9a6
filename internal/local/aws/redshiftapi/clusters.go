package redshiftapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
	"github.com/sealift/sealift/internal/local/aws/query"
)

func badValue(format string, args ...any) error {
	return awserr.New(http.StatusBadRequest, "InvalidParameterValue", format, args...)
}

func notFound(id string) error {
	return awserr.New(http.StatusNotFound, "ClusterNotFound", "Cluster %s not found.", id)
}

// allow asks IAM. Redshift's resources have no policies of their own.
func (s *Service) allow(id *iam.Identity, action, resource string, ctx policy.Context) error {
	return s.iam.Authorize(id, iam.Access{Action: "redshift:" + action, Resource: resource, ResourceAccount: id.Account, Context: ctx})
}

// clusterOf reads ClusterIdentifier and asks for action on it, before telling whether the cluster exists.
func (s *Service) clusterOf(id *iam.Identity, p query.Params, action string) (Name, error) {
	name, err := p.Need("ClusterIdentifier")
	if err != nil {
		return Name{}, err
	}
	n := Name{id.Account, id.Region, name}
	if err := s.allow(id, action, n.arn("cluster", ""), nil); err != nil {
		return n, err
	}
	if n.isWorkgroup() {
		return n, notFound(name)
	}
	return n, nil
}

// change lets do alter an available cluster.
func (s *Service) change(n Name, do func(c *Cluster) error) (Cluster, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.state.Clusters[n.key()]
	if c == nil {
		return Cluster{}, notFound(n.ID)
	}
	if c.Status != Available {
		return Cluster{}, awserr.New(http.StatusBadRequest, "InvalidClusterState", "There is an operation running on the Cluster. Please try to %s", "run it at a later time.")
	}
	if err := do(c); err != nil {
		return Cluster{}, err
	}
	return *c, s.save()
}

// createParams are the parameters of CreateCluster. Those of networks, snapshots and key hardware are refused by name.
var createParams = []string{
	"ClusterIdentifier", "ClusterType", "NodeType", "NumberOfNodes", "DBName", "MasterUsername", "MasterUserPassword", "Port",
	"PubliclyAccessible", "Encrypted", "IamRoles", "DefaultIamRoleArn", "Tags", "VpcSecurityGroupIds",
}

var (
	clusterID  = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	masterUser = regexp.MustCompile(`^[a-z][a-z0-9_+.@-]{0,127}$`)
	database   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	nodeTypes  = []string{"dc2.large", "dc2.8xlarge", "ra3.large", "ra3.xlplus", "ra3.4xlarge", "ra3.16xlarge"}
)

const maxRoles = 50

func (s *Service) createCluster(ctx context.Context, id *iam.Identity, p query.Params) (any, error) {
	n, err := s.clusterOf(id, p, "CreateCluster")
	if err != nil {
		return nil, err
	}
	c, err := s.newCluster(id, n, p)
	if err != nil {
		return nil, err
	}
	password, err := p.Need("MasterUserPassword")
	if err != nil {
		return nil, err
	}
	if err := checkPassword(password); err != nil {
		return nil, err
	}
	if s.fleet == nil {
		return nil, awserr.NotImitated("redshift:CreateCluster without a fleet of warehouses")
	}
	s.mu.Lock()
	if s.state.Clusters[n.key()] != nil {
		s.mu.Unlock()
		return nil, awserr.New(http.StatusBadRequest, "ClusterAlreadyExists", "Cluster already exists")
	}
	s.state.Clusters[n.key()] = c
	creating := *c
	s.mu.Unlock()

	// A warehouse is made whether or not the caller stays to hear of it, as on AWS.
	host, port, err := s.fleet.Start(context.WithoutCancel(ctx), creating, password)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		delete(s.state.Clusters, n.key())
		return nil, fmt.Errorf("start warehouse %s: %w", n.ID, err)
	}
	c.Host, c.Port, c.Status = host, port, Available
	s.state.Clusters[n.key()] = c // again: a failed save in between has put the state back
	if err := s.save(); err != nil {
		return nil, err
	}
	return &clusterResult{s.describe(creating)}, nil
}

func (s *Service) newCluster(id *iam.Identity, n Name, p query.Params) (*Cluster, error) {
	c := &Cluster{
		Name: n, NodeType: p.Get("NodeType"), Database: p.Get("DBName"), MasterUser: p.Get("MasterUsername"),
		Created: s.now().UTC().Truncate(time.Second), Namespace: newUUID(), Status: Creating, Tags: map[string]string{},
	}
	if c.Database == "" {
		c.Database = "dev"
	}
	var err error
	if c.Nodes, err = p.Int("NumberOfNodes", 1); err != nil {
		return nil, err
	}
	if c.Port, err = p.Int("Port", 0); err != nil {
		return nil, err
	}
	if c.PubliclyAccessible, err = p.Bool("PubliclyAccessible"); err != nil {
		return nil, err
	}
	kind := p.Get("ClusterType")
	if kind == "" {
		kind = "multi-node"
		if !p.Has("NumberOfNodes") {
			kind = "single-node"
		}
	}
	switch {
	case len(n.ID) > 63 || !clusterID.MatchString(n.ID):
		return nil, badValue("Invalid cluster identifier: %s. It must be 1 to 63 lower-case letters, digits and single hyphens, and begin with a letter.", n.ID)
	case !slices.Contains(nodeTypes, c.NodeType):
		return nil, badValue("Invalid node type: %s", c.NodeType)
	case !masterUser.MatchString(c.MasterUser) || reserved(c.MasterUser):
		return nil, badValue("Invalid master user name: %s", c.MasterUser)
	case !database.MatchString(c.Database) || reserved(c.Database):
		return nil, badValue("Invalid database name: %s", c.Database)
	case kind != "single-node" && kind != "multi-node":
		return nil, badValue("Invalid cluster type: %s", kind)
	case kind == "single-node" && c.Nodes != 1:
		return nil, badValue("Number of nodes for cluster type single-node must be 1")
	case kind == "multi-node" && (c.Nodes < 2 || c.Nodes > 100):
		return nil, badValue("Number of nodes for cluster type multi-node must be between 2 and 100")
	case p.Get("Encrypted") == "false":
		return nil, badValue("Clusters are always encrypted; Encrypted must not be false.") // since 2025
	case c.Port != 0 && !portAllowed(c.NodeType, c.Port):
		return nil, badValue("Invalid port: %d", c.Port)
	}
	if c.Tags, err = readTags(nil, p); err != nil {
		return nil, err
	}
	if c.SecurityGroups, err = s.groups(id, p); err != nil {
		return nil, err
	}
	for _, arn := range p.Strings("IamRoles", "IamRoleArn") {
		if err := s.attach(id, c, arn); err != nil {
			return nil, err
		}
	}
	return c, setDefault(c, p.Get("DefaultIamRoleArn"))
}

// groups reads the security groups of a request: all of one VPC, the default group if it names none.
func (s *Service) groups(id *iam.Identity, p query.Params) ([]string, error) {
	ids := p.Strings("VpcSecurityGroupIds", "VpcSecurityGroupId")
	if len(ids) == 0 {
		group, err := s.ec2.DefaultGroup(id.Account, id.Region)
		return []string{group}, err
	}
	vpc := ""
	for i, group := range ids {
		of := s.ec2.VPC(id.Account, id.Region, group)
		if of == "" || i > 0 && of != vpc {
			return nil, awserr.New(http.StatusBadRequest, "InvalidVPCNetworkStateFault", "The security group %s does not exist in the VPC of the cluster.", group)
		}
		vpc = of
	}
	return ids, nil
}

// portAllowed: Redshift API reference, CreateCluster, Port.
func portAllowed(nodeType string, port int) bool {
	if strings.HasPrefix(nodeType, "ra3.") {
		return port >= 5431 && port <= 5455 || port >= 8191 && port <= 8215
	}
	return port >= 1150 && port <= 65535
}

// checkPassword: Redshift API reference, CreateCluster, MasterUserPassword.
func checkPassword(password string) error {
	var upper, lower, digit bool
	for _, r := range password {
		switch {
		case r >= 'A' && r <= 'Z':
			upper = true
		case r >= 'a' && r <= 'z':
			lower = true
		case r >= '0' && r <= '9':
			digit = true
		case r < 33 || r > 126 || strings.ContainsRune(`'"\/@`, r):
			return badValue("The parameter MasterUserPassword contains a character that is not allowed: use printable ASCII except ' \" \\ / @ or space.")
		}
	}
	if len(password) < 8 || len(password) > 64 || !upper || !lower || !digit {
		return badValue("The parameter MasterUserPassword must be 8 to 64 characters with at least one upper-case letter, one lower-case letter and one digit.")
	}
	return nil
}

// attach adds a role to c. Handing a role to Redshift needs iam:PassRole.
func (s *Service) attach(id *iam.Identity, c *Cluster, arn string) error {
	if err := s.iam.PassRole(id, arn, "redshift.amazonaws.com"); err != nil {
		return err
	}
	if !s.iam.Exists(arn) || !strings.Contains(arn, ":role/") {
		return badValue("The IAM role %s is not valid.", arn)
	}
	if slices.ContainsFunc(c.Roles, func(r Role) bool { return r.ARN == arn }) {
		return nil
	}
	if len(c.Roles) >= maxRoles {
		return awserr.New(http.StatusBadRequest, "LimitExceededFault", "A cluster has at most %d IAM roles.", maxRoles)
	}
	c.Roles = append(c.Roles, Role{arn, s.now().UTC().Add(s.roleDelay)})
	return nil
}

func setDefault(c *Cluster, arn string) error {
	if arn == "" {
		return nil
	}
	if !slices.ContainsFunc(c.Roles, func(r Role) bool { return r.ARN == arn }) {
		return badValue("The default IAM role %s is not associated with the cluster.", arn)
	}
	c.DefaultRole = arn
	return nil
}

func (s *Service) deleteCluster(ctx context.Context, id *iam.Identity, p query.Params) (any, error) {
	n, err := s.clusterOf(id, p, "DeleteCluster")
	if err != nil {
		return nil, err
	}
	skip, err := p.Bool("SkipFinalClusterSnapshot")
	if err != nil {
		return nil, err
	}
	switch {
	case p.Has("FinalClusterSnapshotIdentifier"), p.Has("FinalClusterSnapshotRetentionPeriod"):
		return nil, awserr.NotImitated("a final snapshot")
	case !skip:
		return nil, awserr.New(http.StatusBadRequest, "InvalidParameterCombination", "FinalClusterSnapshotIdentifier is required unless SkipFinalClusterSnapshot is specified.")
	case s.fleet == nil:
		return nil, awserr.NotImitated("redshift:DeleteCluster without a fleet of warehouses")
	}
	c, err := s.during(ctx, n, Deleting, s.fleet.Stop)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.Clusters, n.key())
	maps.DeleteFunc(s.logins, func(key string, _ []login) bool { return strings.HasPrefix(key, n.key()+"/") })
	if err := s.save(); err != nil {
		return nil, err
	}
	return &clusterResult{s.describe(c)}, nil
}

// during shows status while do works on the cluster, and Available when it did.
func (s *Service) during(ctx context.Context, n Name, status Status, do func(context.Context, Cluster) error) (Cluster, error) {
	c, err := s.change(n, func(c *Cluster) error { c.Status = status; return nil })
	if err != nil {
		return c, err
	}
	err = do(context.WithoutCancel(ctx), c)
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.state.Clusters[n.key()]; now != nil && (err != nil || status != Deleting) {
		now.Status = Available
		if saved := s.save(); err == nil {
			err = saved
		}
	}
	if err != nil {
		return c, fmt.Errorf("warehouse %s, %s: %w", n.ID, status, err)
	}
	return c, nil
}

func (s *Service) rebootCluster(ctx context.Context, id *iam.Identity, p query.Params) (any, error) {
	n, err := s.clusterOf(id, p, "RebootCluster")
	if err != nil {
		return nil, err
	}
	if s.fleet == nil {
		return nil, awserr.NotImitated("redshift:RebootCluster without a fleet of warehouses")
	}
	c, err := s.during(ctx, n, Rebooting, s.fleet.Reboot)
	if err != nil {
		return nil, err
	}
	return &clusterResult{s.describe(c)}, nil
}

func (s *Service) modifyCluster(ctx context.Context, id *iam.Identity, p query.Params) (any, error) {
	n, err := s.clusterOf(id, p, "ModifyCluster")
	if err != nil {
		return nil, err
	}
	password := p.Get("MasterUserPassword")
	if p.Has("MasterUserPassword") {
		if err := checkPassword(password); err != nil {
			return nil, err
		}
	}
	if s.fleet == nil {
		return nil, awserr.NotImitated("redshift:ModifyCluster without a fleet of warehouses")
	}
	c, err := s.change(n, func(c *Cluster) error {
		if p.Has("VpcSecurityGroupIds") {
			c.SecurityGroups, err = s.groups(id, p)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.ec2.Changed()
	if password == "" {
		return &clusterResult{s.describe(c)}, nil
	}
	if err := s.fleet.SetMasterPassword(ctx, c, password); err != nil {
		return nil, fmt.Errorf("master password of %s: %w", n.ID, err)
	}
	return &clusterResult{s.describe(c)}, nil
}

func (s *Service) modifyClusterIamRoles(_ context.Context, id *iam.Identity, p query.Params) (any, error) {
	n, err := s.clusterOf(id, p, "ModifyClusterIamRoles")
	if err != nil {
		return nil, err
	}
	add, remove := p.Strings("AddIamRoles", "IamRoleArn"), p.Strings("RemoveIamRoles", "IamRoleArn")
	c, err := s.change(n, func(c *Cluster) error {
		changed := *c
		changed.Roles = slices.Clone(c.Roles)
		for _, arn := range remove {
			at := slices.IndexFunc(changed.Roles, func(r Role) bool { return r.ARN == arn })
			if at < 0 {
				return badValue("The IAM role %s is not associated with the cluster.", arn)
			}
			changed.Roles = slices.Delete(changed.Roles, at, at+1)
			if changed.DefaultRole == arn {
				changed.DefaultRole = ""
			}
		}
		for _, arn := range add {
			if err := s.attach(id, &changed, arn); err != nil {
				return err
			}
		}
		if err := setDefault(&changed, p.Get("DefaultIamRoleArn")); err != nil {
			return err
		}
		*c = changed
		return nil
	})
	if err != nil {
		return nil, err
	}
	shape := s.describe(c)
	for i, r := range shape.IamRoles {
		if slices.Contains(add, r.IamRoleArn) {
			shape.IamRoles[i].ApplyStatus = "adding"
		}
	}
	for _, arn := range remove {
		shape.IamRoles = append(shape.IamRoles, roleShape{arn, "removing"})
	}
	return &clusterResult{shape}, nil
}

func (s *Service) describeClusters(_ context.Context, id *iam.Identity, p query.Params) (any, error) {
	only := p.Get("ClusterIdentifier")
	resource := Name{id.Account, id.Region, only}
	if only == "" {
		resource.ID = "*"
	}
	if err := s.allow(id, "DescribeClusters", resource.arn("cluster", ""), nil); err != nil {
		return nil, err
	}
	out := &clusterList{}
	tagged := tagFilter(p)
	for _, c := range s.Clusters() {
		if !c.isWorkgroup() && c.Account == id.Account && c.Region == id.Region && (only == "" || c.ID == only) && tagged(c.Tags) {
			out.Clusters = append(out.Clusters, s.describe(c))
		}
	}
	if only != "" && len(out.Clusters) == 0 {
		return nil, notFound(only)
	}
	var err error
	out.Clusters, out.Marker, err = page(p, out.Clusters)
	return out, err
}

// page cuts a list to the page that Marker begins and MaxRecords bounds.
func page[T any](p query.Params, all []T) (part []T, next string, err error) {
	limit, err := p.Int("MaxRecords", 100)
	if err != nil {
		return nil, "", err
	}
	if limit < 20 || limit > 100 {
		return nil, "", badValue("Invalid value %d for MaxRecords. Must be between 20 and 100", limit)
	}
	start := 0
	if marker := p.Get("Marker"); marker != "" {
		if start, err = strconv.Atoi(marker); err != nil || start < 0 {
			return nil, "", badValue("Invalid marker %s", marker)
		}
	}
	start = min(start, len(all))
	end := min(start+limit, len(all))
	if end < len(all) {
		next = strconv.Itoa(end)
	}
	return all[start:end], next, nil
}

// The shapes of the API's answers.
type (
	clusterResult struct {
		Cluster clusterShape
	}
	clusterList struct {
		Clusters []clusterShape `xml:"Clusters>Cluster"`
		Marker   string         `xml:",omitempty"`
	}
	clusterShape struct {
		ClusterIdentifier         string
		ClusterNamespaceArn       string
		NodeType                  string
		NumberOfNodes             int
		ClusterStatus             string
		ClusterAvailabilityStatus string
		MasterUsername            string
		DBName                    string
		Endpoint                  *endpoint `xml:",omitempty"`
		ClusterCreateTime         string
		ClusterVersion            string
		AllowVersionUpgrade       bool
		PubliclyAccessible        bool
		Encrypted                 bool
		EnhancedVpcRouting        bool
		MultiAZ                   string
		IPAddressType             string      `xml:"IpAddressType"`
		ClusterNodes              []nodeShape `xml:"ClusterNodes>member"`
		IamRoles                  []roleShape `xml:"IamRoles>ClusterIamRole"`
		DefaultIamRoleArn         string      `xml:",omitempty"`
		VpcID                     string      `xml:"VpcId,omitempty"`
		VpcSecurityGroups         []vpcGroup  `xml:"VpcSecurityGroups>VpcSecurityGroup"`
		ClusterParameterGroups    []groupUse  `xml:"ClusterParameterGroups>ClusterParameterGroup"`
		Tags                      []tagShape  `xml:"Tags>Tag"`
	}
	vpcGroup struct {
		VpcSecurityGroupID string `xml:"VpcSecurityGroupId"`
		Status             string
	}
	groupUse struct {
		ParameterGroupName   string
		ParameterApplyStatus string
	}
	endpoint struct {
		Address string
		Port    int
	}
	nodeShape struct {
		NodeRole         string
		PrivateIPAddress string
		PublicIPAddress  string
	}
	roleShape struct {
		IamRoleArn  string
		ApplyStatus string
	}
	tagShape struct {
		Key   string
		Value string
	}
)

func (s *Service) describe(c Cluster) clusterShape {
	shape := clusterShape{
		ClusterIdentifier:   c.ID,
		ClusterNamespaceArn: "arn:aws:redshift:" + c.Region + ":" + c.Account + ":namespace:" + c.Namespace,
		NodeType:            c.NodeType, NumberOfNodes: c.Nodes, ClusterStatus: string(c.Status), MasterUsername: c.MasterUser,
		DBName: c.Database, ClusterCreateTime: c.Created.Format(time.RFC3339), ClusterVersion: "1.0", AllowVersionUpgrade: true,
		PubliclyAccessible: c.PubliclyAccessible, Encrypted: true, MultiAZ: "Disabled", IPAddressType: "ipv4",
		DefaultIamRoleArn: c.DefaultRole, ClusterAvailabilityStatus: "Modifying",
		ClusterParameterGroups: []groupUse{{defaultGroup, "in-sync"}},
	}
	for _, group := range c.SecurityGroups {
		shape.VpcID = s.ec2.VPC(c.Account, c.Region, group)
		shape.VpcSecurityGroups = append(shape.VpcSecurityGroups, vpcGroup{group, "active"})
	}
	if c.Status == Available {
		shape.ClusterAvailabilityStatus = "Available"
	}
	if c.Host != "" {
		shape.Endpoint = &endpoint{c.Host, c.Port}
		shape.ClusterNodes = []nodeShape{{"LEADER", c.Host, c.Host}}
		if c.Nodes == 1 {
			shape.ClusterNodes[0].NodeRole = "SHARED"
		}
		for i := range c.Nodes {
			if c.Nodes > 1 {
				shape.ClusterNodes = append(shape.ClusterNodes, nodeShape{"COMPUTE-" + strconv.Itoa(i), c.Host, c.Host})
			}
		}
	}
	for _, r := range c.Roles {
		status := "in-sync"
		if s.now().Before(r.Since) {
			status = "adding"
		}
		shape.IamRoles = append(shape.IamRoles, roleShape{r.ARN, status})
	}
	shape.Tags = tagShapes(c.Tags)
	return shape
}
