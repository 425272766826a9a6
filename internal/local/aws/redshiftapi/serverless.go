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
	"github.com/sealift/sealift/internal/local/aws/awsjson"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// Redshift Serverless, as far as clients need it to find a workgroup and to log in to it. A workgroup's warehouse is one like a
// cluster's, under a name that no cluster can have.

// ServerlessPrefix is what the operations' names in X-Amz-Target start with.
const ServerlessPrefix = "RedshiftServerless."

// namespace is databases and users, apart from what computes on them.
type namespace struct {
	ID, Name, Account, Region string
	Admin, Password, Database string
	Roles                     []Role
	DefaultRole               string
	Created                   time.Time
}

// serverlessSuffix makes a workgroup's name one that no cluster can have.
const serverlessSuffix = ".serverless"

func (n Name) isWorkgroup() bool { return strings.HasSuffix(n.ID, serverlessSuffix) }

func workgroupName(id *iam.Identity, name string) Name {
	return Name{id.Account, id.Region, name + serverlessSuffix}
}

func namespaceKey(id *iam.Identity, name string) string {
	return id.Account + "/" + id.Region + "/" + name
}

var serverless = awsjson.API[*Service]{Name: "redshift-serverless", Operations: map[string]awsjson.Operation[*Service]{
	"CreateNamespace": awsjson.On((*Service).createNamespace),
	"GetNamespace":    awsjson.On((*Service).getNamespace),
	"DeleteNamespace": awsjson.On((*Service).deleteNamespace),
	"CreateWorkgroup": awsjson.On((*Service).createWorkgroup),
	"GetWorkgroup":    awsjson.On((*Service).getWorkgroup),
	"ListWorkgroups":  awsjson.On((*Service).listWorkgroups),
	"DeleteWorkgroup": awsjson.On((*Service).deleteWorkgroup),
	"GetCredentials":  awsjson.On((*Service).getCredentials),
}}

// CallServerless carries out an operation of the API: op is what follows ServerlessPrefix in X-Amz-Target.
func (s *Service) CallServerless(ctx context.Context, id *iam.Identity, op string, body []byte) ([]byte, error) {
	return serverless.Call(ctx, s, id, op, body)
}

func invalid(format string, args ...any) error {
	return awserr.New(http.StatusBadRequest, "ValidationException", format, args...)
}

func absent(kind, name string) error {
	return awserr.New(http.StatusNotFound, "ResourceNotFoundException", "%s %s does not exist.", kind, name)
}

func (s *Service) may(id *iam.Identity, action, kind, resource string, ctx policy.Context) error {
	err := s.iam.Authorize(id, iam.Access{
		Action: "redshift-serverless:" + action, Resource: "arn:aws:redshift-serverless:" + id.Region + ":" + id.Account + ":" + kind + "/" + resource,
		ResourceAccount: id.Account, Context: ctx,
	})
	return awserr.Denied(err, http.StatusForbidden)
}

var serverlessID = regexp.MustCompile(`^[a-z0-9-]{3,64}$`)

type createNamespaceIn struct {
	NamespaceName, AdminUsername, AdminUserPassword, DBName string
	IAMRoles                                                []string
	DefaultIAMRoleArn                                       string
}

type namespaceShape struct {
	ID            string   `json:"namespaceId"`
	Name          string   `json:"namespaceName"`
	Arn           string   `json:"namespaceArn"`
	AdminUsername string   `json:"adminUsername"`
	DBName        string   `json:"dbName"`
	IAMRoles      []string `json:"iamRoles"`
	DefaultRole   string   `json:"defaultIamRoleArn,omitempty"`
	Status        string   `json:"status"`
	Created       string   `json:"creationDate"`
}

type namespaceResult struct {
	Namespace namespaceShape `json:"namespace"`
}

func (n *namespace) shape() namespaceResult {
	roles := make([]string, len(n.Roles))
	for i, r := range n.Roles {
		roles[i] = r.ARN
	}
	return namespaceResult{namespaceShape{
		n.ID, n.Name, "arn:aws:redshift-serverless:" + n.Region + ":" + n.Account + ":namespace/" + n.ID, n.Admin, n.Database, roles, n.DefaultRole,
		"AVAILABLE", n.Created.Format(time.RFC3339),
	}}
}

func (s *Service) createNamespace(_ context.Context, id *iam.Identity, in createNamespaceIn) (any, error) {
	n := &namespace{ID: newUUID(), Name: in.NamespaceName, Account: id.Account, Region: id.Region, Admin: in.AdminUsername, Password: in.AdminUserPassword, Database: in.DBName, Created: s.now().UTC().Truncate(time.Second)}
	if err := s.may(id, "CreateNamespace", "namespace", "*", nil); err != nil {
		return nil, err
	}
	if n.Admin == "" {
		n.Admin = "admin"
	}
	if n.Database == "" {
		n.Database = "dev"
	}
	switch {
	case !serverlessID.MatchString(n.Name):
		return nil, invalid("Invalid namespace name %q", n.Name)
	case !masterUser.MatchString(n.Admin) || reserved(n.Admin):
		return nil, invalid("Invalid admin user name %q", n.Admin)
	case !database.MatchString(n.Database) || reserved(n.Database):
		return nil, invalid("Invalid database name %q", n.Database)
	case n.Password == "":
		return nil, awserr.NotImitated("a namespace without adminUserPassword, or with a managed one")
	}
	if err := checkPassword(n.Password); err != nil {
		return nil, invalid("%s", awserr.Of(err).Message)
	}
	var attached Cluster
	for _, arn := range in.IAMRoles {
		if err := s.attach(id, &attached, arn); err != nil {
			return nil, err
		}
	}
	if err := setDefault(&attached, in.DefaultIAMRoleArn); err != nil {
		return nil, err
	}
	n.Roles, n.DefaultRole = attached.Roles, attached.DefaultRole
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Namespaces[namespaceKey(id, n.Name)] != nil {
		return nil, awserr.New(http.StatusConflict, "ConflictException", "Namespace %s already exists.", n.Name)
	}
	if s.state.Namespaces == nil {
		s.state.Namespaces = map[string]*namespace{}
	}
	s.state.Namespaces[namespaceKey(id, n.Name)] = n
	return n.shape(), s.save()
}

type namespaceIn struct{ NamespaceName string }

// findNamespace asks for action before it tells whether there is such a namespace. The service is locked.
func (s *Service) findNamespace(id *iam.Identity, action, name string) (*namespace, error) {
	n, resource := s.state.Namespaces[namespaceKey(id, name)], "*"
	if n != nil {
		resource = n.ID
	}
	if err := s.may(id, action, "namespace", resource, nil); err != nil {
		return nil, err
	}
	if n == nil {
		return nil, absent("Namespace", name)
	}
	return n, nil
}

func (s *Service) getNamespace(_ context.Context, id *iam.Identity, in namespaceIn) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.findNamespace(id, "GetNamespace", in.NamespaceName)
	if err != nil {
		return nil, err
	}
	return n.shape(), nil
}

func (s *Service) deleteNamespace(_ context.Context, id *iam.Identity, in namespaceIn) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.findNamespace(id, "DeleteNamespace", in.NamespaceName)
	if err != nil {
		return nil, err
	}
	for _, c := range s.state.Clusters {
		if c.isWorkgroup() && c.Namespace == n.ID {
			return nil, awserr.New(http.StatusConflict, "ConflictException", "Namespace %s has a workgroup.", n.Name)
		}
	}
	delete(s.state.Namespaces, namespaceKey(id, n.Name))
	return n.shape(), s.save()
}

type createWorkgroupIn struct {
	WorkgroupName, NamespaceName string
	BaseCapacity                 int
	Port                         int
	PubliclyAccessible           bool
	SecurityGroupIDs             []string
}

type workgroupShape struct {
	Name          string             `json:"workgroupName"`
	Arn           string             `json:"workgroupArn"`
	NamespaceName string             `json:"namespaceName"`
	Status        string             `json:"status"`
	BaseCapacity  int                `json:"baseCapacity"`
	Endpoint      serverlessEndpoint `json:"endpoint"`
	Port          int                `json:"port"`
	Public        bool               `json:"publiclyAccessible"`
	Groups        []string           `json:"securityGroupIds"`
	Created       string             `json:"creationDate"`
}

type serverlessEndpoint struct {
	Address string `json:"address"`
	Port    int    `json:"port"`
}

type workgroupResult struct {
	Workgroup workgroupShape `json:"workgroup"`
}

// workgroup describes one. The service is locked.
func (s *Service) workgroup(c *Cluster) workgroupShape {
	name := ""
	for _, n := range s.state.Namespaces {
		if n.ID == c.Namespace {
			name = n.Name
		}
	}
	return workgroupShape{
		Name: strings.TrimSuffix(c.ID, serverlessSuffix), Arn: c.workgroupARN(), NamespaceName: name, Status: strings.ToUpper(string(c.Status)), BaseCapacity: c.Nodes,
		Endpoint: serverlessEndpoint{c.Host, c.Port}, Port: c.Port, Public: c.PubliclyAccessible, Groups: c.SecurityGroups, Created: c.Created.Format(time.RFC3339),
	}
}

// workgroupARN is by the id that was made for it: names may come again.
func (c *Cluster) workgroupARN() string {
	return "arn:aws:redshift-serverless:" + c.Region + ":" + c.Account + ":workgroup/" + c.WorkgroupID
}

// The capacity of a workgroup in RPUs: API model redshift-serverless, and the Management Guide's limits.
const (
	defaultCapacity = 128
	leastCapacity   = 4
	mostCapacity    = 1024
)

func (s *Service) createWorkgroup(ctx context.Context, id *iam.Identity, in createWorkgroupIn) (any, error) {
	if err := s.may(id, "CreateWorkgroup", "workgroup", "*", nil); err != nil {
		return nil, err
	}
	n := workgroupName(id, in.WorkgroupName)
	if in.BaseCapacity == 0 {
		in.BaseCapacity = defaultCapacity
	}
	switch {
	case !serverlessID.MatchString(in.WorkgroupName):
		return nil, invalid("Invalid workgroup name %q", in.WorkgroupName)
	case in.BaseCapacity < leastCapacity || in.BaseCapacity > mostCapacity:
		return nil, invalid("Invalid base capacity %d", in.BaseCapacity)
	case in.Port != 0 && !portAllowed("ra3.", in.Port):
		return nil, invalid("Invalid port %d", in.Port)
	case s.fleet == nil:
		return nil, awserr.NotImitated("redshift-serverless:CreateWorkgroup without a fleet of warehouses")
	}
	groups := in.SecurityGroupIDs
	if len(groups) == 0 {
		group, err := s.ec2.DefaultGroup(id.Account, id.Region)
		if err != nil {
			return nil, err
		}
		groups = []string{group}
	}
	for _, g := range groups {
		if s.ec2.VPC(id.Account, id.Region, g) == "" {
			return nil, invalid("The security group %s does not exist.", g)
		}
	}
	s.mu.Lock()
	space := s.state.Namespaces[namespaceKey(id, in.NamespaceName)]
	taken := s.state.Clusters[n.key()] != nil
	for _, c := range s.state.Clusters {
		taken = taken || space != nil && c.isWorkgroup() && c.Namespace == space.ID
	}
	if space == nil || taken {
		s.mu.Unlock()
		if space == nil {
			return nil, absent("Namespace", in.NamespaceName)
		}
		return nil, awserr.New(http.StatusConflict, "ConflictException", "The workgroup, or one of the namespace %s, already exists.", in.NamespaceName)
	}
	c := &Cluster{
		Name: n, NodeType: "serverless", Nodes: in.BaseCapacity, Database: space.Database, MasterUser: space.Admin, Created: s.now().UTC().Truncate(time.Second),
		PubliclyAccessible: in.PubliclyAccessible, Namespace: space.ID, WorkgroupID: newUUID(), Roles: slices.Clone(space.Roles), DefaultRole: space.DefaultRole,
		SecurityGroups: groups, Status: Creating, Tags: map[string]string{}, Port: in.Port,
	}
	s.state.Clusters[n.key()] = c
	creating, password := *c, space.Password
	s.mu.Unlock()
	host, port, err := s.fleet.Start(context.WithoutCancel(ctx), creating, password)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		delete(s.state.Clusters, n.key())
		return nil, fmt.Errorf("start workgroup %s: %w", in.WorkgroupName, err)
	}
	c.Host, c.Port, c.Status = host, port, Available
	s.state.Clusters[n.key()] = c
	return workgroupResult{s.workgroup(c)}, s.save()
}

type workgroupIn struct{ WorkgroupName string }

// findWorkgroup asks for action before it tells whether there is such a workgroup. The service is locked.
func (s *Service) findWorkgroup(id *iam.Identity, action, name string, ctx policy.Context) (*Cluster, error) {
	c, resource := s.state.Clusters[workgroupName(id, name).key()], "*"
	if c != nil {
		resource = c.WorkgroupID
	}
	if err := s.may(id, action, "workgroup", resource, ctx); err != nil {
		return nil, err
	}
	if c == nil {
		return nil, absent("Workgroup", name)
	}
	return c, nil
}

func (s *Service) getWorkgroup(_ context.Context, id *iam.Identity, in workgroupIn) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findWorkgroup(id, "GetWorkgroup", in.WorkgroupName, nil)
	if err != nil {
		return nil, err
	}
	return workgroupResult{s.workgroup(c)}, nil
}

func (s *Service) listWorkgroups(_ context.Context, id *iam.Identity, _ struct{ MaxResults int }) (any, error) {
	if err := s.may(id, "ListWorkgroups", "workgroup", "*", nil); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := struct {
		Workgroups []workgroupShape `json:"workgroups"`
	}{[]workgroupShape{}}
	for _, key := range slices.Sorted(maps.Keys(s.state.Clusters)) {
		if c := s.state.Clusters[key]; c.isWorkgroup() && c.Account == id.Account && c.Region == id.Region {
			out.Workgroups = append(out.Workgroups, s.workgroup(c))
		}
	}
	return out, nil
}

func (s *Service) deleteWorkgroup(ctx context.Context, id *iam.Identity, in workgroupIn) (any, error) {
	s.mu.Lock()
	c, err := s.findWorkgroup(id, "DeleteWorkgroup", in.WorkgroupName, nil)
	var shape workgroupShape
	if err == nil {
		shape = s.workgroup(c)
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	n := workgroupName(id, in.WorkgroupName)
	if _, err := s.during(ctx, n, Deleting, s.fleet.Stop); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.Clusters, n.key())
	maps.DeleteFunc(s.logins, func(key string, _ []login) bool { return strings.HasPrefix(key, n.key()+"/") })
	shape.Status = "DELETING"
	return workgroupResult{shape}, s.save()
}

type credentialsIn struct {
	WorkgroupName, DBName string
	DurationSeconds       int
}

type serverlessCredentials struct {
	DBUser          string  `json:"dbUser"`
	DBPassword      string  `json:"dbPassword"`
	Expiration      float64 `json:"expiration"`
	NextRefreshTime float64 `json:"nextRefreshTime"`
}

// getCredentials makes a login for the database user that stands for the caller: there is no other on serverless.
func (s *Service) getCredentials(_ context.Context, id *iam.Identity, in credentialsIn) (any, error) {
	if in.DurationSeconds == 0 {
		in.DurationSeconds = minSeconds
	}
	s.mu.Lock()
	_, err := s.findWorkgroup(id, "GetCredentials", in.WorkgroupName, policy.Context{"redshift-serverless:durationseconds": {strconv.Itoa(in.DurationSeconds)}})
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if in.DurationSeconds < minSeconds || in.DurationSeconds > maxSeconds {
		return nil, invalid("durationSeconds must be between %d and %d.", minSeconds, maxSeconds)
	}
	out, err := s.self(id, workgroupName(id, in.WorkgroupName), in.DurationSeconds)
	if err != nil {
		return nil, err
	}
	until := float64(s.now().Add(time.Duration(in.DurationSeconds) * time.Second).Unix())
	return serverlessCredentials{out.DBUser, out.DBPassword, until, until}, nil
}
