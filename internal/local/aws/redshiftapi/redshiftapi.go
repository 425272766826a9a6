// Package redshiftapi is the stand-in's Redshift API: clusters, the roles attached to them, and temporary logins. It
// starts and stops warehouses through Fleet and knows nothing of their wire protocol or SQL.
//
// Start at Service: Call is the API; Attached, DefaultRole and Login are what a running warehouse asks.
package redshiftapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/durable"
	"github.com/sealift/sealift/internal/local/aws/ec2"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/query"
)

// Namespace is the XML namespace of the API.
const Namespace = "http://redshift.amazonaws.com/doc/2012-12-01/"

// Name names a cluster: identifiers are unique within an account and region.
type Name struct {
	Account string
	Region  string
	ID      string
}

func (n Name) key() string { return n.Account + "/" + n.Region + "/" + n.ID }

// arn gives an ARN of one of the kinds cluster, dbuser, dbname, dbgroup.
func (n Name) arn(kind, rest string) string {
	return "arn:aws:redshift:" + n.Region + ":" + n.Account + ":" + kind + ":" + n.ID + rest
}

// Cluster is one warehouse as the API sees it.
type Cluster struct {
	Name
	NodeType           string
	Nodes              int
	Database           string
	MasterUser         string
	Host               string // where it listens; "" while it is made
	Port               int
	Created            time.Time
	PubliclyAccessible bool
	Namespace          string // a UUID
	WorkgroupID        string `json:",omitempty"` // of a serverless workgroup
	Roles              []Role
	SecurityGroups     []string // ids
	DefaultRole        string
	Tags               map[string]string
	Status             Status
}

// Role is an IAM role attached to a cluster.
type Role struct {
	ARN   string
	Since time.Time // the moment from which the cluster can use it
}

// Status is what a cluster is doing.
type Status string

// The statuses that the stand-in's clusters go through.
const (
	Creating  Status = "creating"
	Available Status = "available"
	Rebooting Status = "rebooting"
	Deleting  Status = "deleting"
)

// Fleet makes and ends the warehouses themselves. Its calls may take seconds; they are made without locks held, and at
// most one at a time for one cluster. c is a copy.
type Fleet interface {
	// Start makes a warehouse with an empty database c.Database and a superuser c.MasterUser, and answers where it
	// listens. c.Port is what the user asked for, 0 for any.
	Start(ctx context.Context, c Cluster, masterPassword string) (host string, port int, err error)
	// Stop ends a warehouse and deletes its data.
	Stop(ctx context.Context, c Cluster) error
	// Reboot ends all sessions of a warehouse and lets it listen again at the same place.
	Reboot(ctx context.Context, c Cluster) error
	// SetMasterPassword changes the password of c.MasterUser.
	SetMasterPassword(ctx context.Context, c Cluster, password string) error
}

// Options make a Service.
type Options struct {
	Dir   string // where the clusters are kept
	IAM   *iam.Service
	EC2   *ec2.Service
	Fleet Fleet // nil: creating, deleting and changing clusters is refused
	// RoleDelay is how long an attached role stays "adding".
	RoleDelay time.Duration
	Log       *slog.Logger     // nil discards
	Now       func() time.Time // default: time.Now
}

// Service holds the clusters of all accounts and regions. It is safe for concurrent use.
type Service struct {
	iam       *iam.Service
	ec2       *ec2.Service
	fleet     Fleet
	roleDelay time.Duration
	log       *slog.Logger
	now       func() time.Time

	mu     sync.Mutex // guards the fields below
	file   *durable.File[state]
	state  state
	logins map[string][]login // by cluster key and database user name as logged in
}

// login is a temporary password. Logins live in memory only: a warehouse that restarts asks for new ones.
type login struct {
	password string
	expires  time.Time
	creates  bool // the database user is made at login if there is none
}

const stateVersion = 1

type state struct {
	Version  int
	Clusters map[string]*Cluster
	// Namespaces are those of Redshift Serverless, by account, region and name.
	Namespaces map[string]*namespace `json:",omitempty"`
}

// New opens the clusters kept in Options.Dir. It starts none of them: see Clusters and Register.
func New(opts Options) (*Service, error) {
	s := &Service{
		iam: opts.IAM, ec2: opts.EC2, fleet: opts.Fleet, roleDelay: opts.RoleDelay, log: opts.Log, now: opts.Now,
		logins: map[string][]login{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.state = state{Version: stateVersion, Clusters: map[string]*Cluster{}}
	var err error
	if s.file, _, err = durable.Open(filepath.Join(opts.Dir, "redshift.json"), &s.state, &s.state.Version); err != nil {
		return nil, fmt.Errorf("open redshift: %w", err)
	}
	return s, nil
}

// save keeps what was just changed. If the disk refuses it the change is undone in memory, too.
func (s *Service) save() error { return s.file.Save(&s.state) }

// Clusters lists all clusters, so that a stand-in that starts again can start their warehouses and Register them.
func (s *Service) Clusters() []Cluster {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Cluster
	for _, key := range slices.Sorted(maps.Keys(s.state.Clusters)) {
		all = append(all, *s.state.Clusters[key])
	}
	return all
}

// Register makes a warehouse known that already runs, at c.Host and c.Port. What was known of it (roles, tags) stays.
func (s *Service) Register(c Cluster) error {
	group, err := s.ec2.DefaultGroup(c.Account, c.Region)
	if err != nil {
		return err
	}
	defer s.ec2.Changed() // it has groups from now on
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.state.Clusters[c.key()]; old != nil {
		old.Host, old.Port, old.Status = c.Host, c.Port, Available
		if len(old.SecurityGroups) == 0 { // of a release that had none
			old.SecurityGroups = []string{group}
		}
		return s.save()
	}
	c.Created, c.Namespace, c.Status = s.now().UTC().Truncate(time.Second), newUUID(), Available
	c.SecurityGroups = []string{group}
	s.state.Clusters[c.key()] = &c
	return s.save()
}

func newUUID() string {
	raw := make([]byte, 16)
	rand.Read(raw)
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:])
}

// Attached lists the roles a cluster can use now. A role that is still being added is not among them.
func (s *Service) Attached(n Name) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.state.Clusters[n.key()]
	if c == nil {
		return nil
	}
	var all []string
	for _, r := range c.Roles {
		if !s.now().Before(r.Since) {
			all = append(all, r.ARN)
		}
	}
	return all
}

// DefaultRole gives the role that IAM_ROLE default means, "" if the cluster has none.
func (s *Service) DefaultRole(n Name) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.state.Clusters[n.key()]; c != nil {
		return c.DefaultRole
	}
	return ""
}

// Admits tells whether the security groups of a cluster let a client in. When that may have changed, EC2's Changes tells.
func (s *Service) Admits(n Name, from netip.Addr, port int) bool {
	s.mu.Lock()
	var groups []string
	if c := s.state.Clusters[n.key()]; c != nil {
		groups = slices.Clone(c.SecurityGroups)
	}
	s.mu.Unlock()
	return s.ec2.Admits(n.Account, n.Region, groups, from, port)
}

// operations are the actions of the API, each with the parameters it takes.
var operations = map[string]struct {
	params []string
	do     func(s *Service, ctx context.Context, id *iam.Identity, p query.Params) (any, error)
}{
	"CreateCluster": {createParams, (*Service).createCluster},
	"DeleteCluster": {
		[]string{"ClusterIdentifier", "SkipFinalClusterSnapshot", "FinalClusterSnapshotIdentifier", "FinalClusterSnapshotRetentionPeriod"},
		(*Service).deleteCluster,
	},
	"DescribeClusters":      {[]string{"ClusterIdentifier", "MaxRecords", "Marker", "TagKeys", "TagValues"}, (*Service).describeClusters},
	"ModifyCluster":         {[]string{"ClusterIdentifier", "MasterUserPassword", "VpcSecurityGroupIds"}, (*Service).modifyCluster},
	"ModifyClusterIamRoles": {[]string{"ClusterIdentifier", "AddIamRoles", "RemoveIamRoles", "DefaultIamRoleArn"}, (*Service).modifyClusterIamRoles},
	"RebootCluster":         {[]string{"ClusterIdentifier"}, (*Service).rebootCluster},
	"GetClusterCredentials": {
		[]string{"DbUser", "DbName", "ClusterIdentifier", "DurationSeconds", "AutoCreate", "DbGroups"},
		(*Service).getClusterCredentials,
	},
	"CreateTags":                     {[]string{"ResourceName", "Tags"}, (*Service).createTags},
	"DeleteTags":                     {[]string{"ResourceName", "TagKeys"}, (*Service).deleteTags},
	"DescribeTags":                   {[]string{"ResourceName", "ResourceType", "MaxRecords", "Marker", "TagKeys", "TagValues"}, (*Service).describeTags},
	"DescribeClusterParameterGroups": {[]string{"ParameterGroupName", "MaxRecords", "Marker"}, (*Service).describeParameterGroups},
	"DescribeClusterParameters":      {[]string{"ParameterGroupName", "Source", "MaxRecords", "Marker"}, (*Service).describeParameters},
	"GetClusterCredentialsWithIAM":   {[]string{"DbName", "ClusterIdentifier", "DurationSeconds"}, (*Service).getClusterCredentialsWithIAM},
}

// Call carries out an action of the API.
func (s *Service) Call(ctx context.Context, id *iam.Identity, action string, p query.Params) (any, error) {
	op, ok := operations[action]
	if !ok {
		return nil, awserr.NotImitated("redshift:" + action)
	}
	if err := p.Only("redshift", action, op.params...); err != nil {
		return nil, err
	}
	return op.do(s, ctx, id, p)
}
