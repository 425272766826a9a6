// Package ec2 is the stand-in's Amazon EC2: security groups, their inbound rules, and the two VPCs that each account has.
// Admits is what a warehouse asks before it answers a client. It knows nothing of warehouses.
package ec2

import (
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/durable"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/query"
)

// Namespace is the XML namespace of the API.
const Namespace = "http://ec2.amazonaws.com/doc/2016-11-15/"

// MaxRules is how many inbound rules a group has room for, of IPv4 and IPv6 each (VPC User Guide, amazon-vpc-limits).
const MaxRules = 60

// Options make a Service.
type Options struct {
	Dir string // where the groups are kept
	IAM *iam.Service
	// Delay is how long a new rule, or its end, takes to be seen and to take effect.
	Delay time.Duration
	Now   func() time.Time // default: time.Now
}

// Service holds the groups of all accounts and regions. It is safe for concurrent use.
type Service struct {
	iam   *iam.Service
	delay time.Duration
	now   func() time.Time

	mu      sync.Mutex // guards the fields below
	file    *durable.File[state]
	state   state
	changed chan struct{} // closed, and made anew, with every change of a rule
}

const stateVersion = 1

type state struct {
	Version int
	Places  map[string]*place // by account and region
}

// place is one region of an account. Everything in it is made when it is first asked for.
type place struct {
	DefaultVPC, OtherVPC string
	Groups               map[string]*group // by id
}

type group struct {
	ID, Name, Description, VPC, Owner string
	Tags                              map[string]string
	Rules                             map[string]*rule // inbound, by id
}

// rule is one inbound permission: a protocol, ports, and one source.
type rule struct {
	ID          string
	Protocol    string // tcp, udp, icmp, or -1 for all
	From, To    int
	Source      source
	Description string
	Tags        map[string]string
	Since       time.Time // when it takes effect
	Until       time.Time // when it does not any more; zero for one that is not revoked
}

// source is who may come in: a range of addresses, or the members of a group.
type source struct {
	CIDR  netip.Prefix
	Group string // id
	Owner string // of the group
}

// New opens the groups kept in Options.Dir.
func New(opts Options) (*Service, error) {
	s := &Service{iam: opts.IAM, delay: opts.Delay, now: opts.Now, changed: make(chan struct{})}
	if s.now == nil {
		s.now = time.Now
	}
	s.state = state{stateVersion, map[string]*place{}}
	var err error
	if s.file, _, err = durable.Open(filepath.Join(opts.Dir, "ec2.json"), &s.state, &s.state.Version); err != nil {
		return nil, fmt.Errorf("open ec2: %w", err)
	}
	return s, nil
}

// at gives a region of an account, making it when it is first asked for: with a default VPC, another one, and the
// default group of each. Unlike AWS's own, the default groups let clients of this machine in: a stand-in that nobody can
// reach would be of no use.
func (s *Service) at(account, region string) *place {
	key := account + "/" + region
	if p := s.state.Places[key]; p != nil {
		return p
	}
	p := &place{DefaultVPC: newID("vpc"), OtherVPC: newID("vpc"), Groups: map[string]*group{}}
	for _, vpc := range []string{p.DefaultVPC, p.OtherVPC} {
		g := &group{ID: newID("sg"), Name: "default", Description: "default VPC security group", VPC: vpc, Owner: account, Tags: map[string]string{}, Rules: map[string]*rule{}}
		for _, cidr := range []string{"127.0.0.0/8", "::1/128"} {
			r := &rule{ID: newID("sgr"), Protocol: "-1", From: -1, To: -1, Source: source{CIDR: netip.MustParsePrefix(cidr)}, Tags: map[string]string{}}
			g.Rules[r.ID] = r
		}
		p.Groups[g.ID] = g
	}
	s.state.Places[key] = p
	return p
}

// DefaultGroup is the id of the group that a warehouse has which names none.
func (s *Service) DefaultGroup(account, region string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.at(account, region)
	for _, g := range p.Groups {
		if g.VPC == p.DefaultVPC && g.Name == "default" {
			return g.ID, s.save()
		}
	}
	return "", fmt.Errorf("account %s has no default group in %s", account, region)
}

// VPC is the VPC of a group, "" if there is no such group.
func (s *Service) VPC(account, region, id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.at(account, region).Groups[id]; g != nil {
		return g.VPC
	}
	return ""
}

// Admits tells whether any of these groups lets a client in by TCP. A client that is in stays in: connections are tracked
// (EC2 User Guide, security-group-connection-tracking).
func (s *Service) Admits(account, region string, groups []string, from netip.Addr, port int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	p := s.at(account, region)
	for _, id := range groups {
		g := p.Groups[id]
		if g == nil {
			continue
		}
		for _, r := range g.Rules {
			if r.visible(now) && (r.Protocol == "-1" || r.Protocol == "tcp" && r.From <= port && port <= r.To) && r.Source.CIDR.Contains(from.Unmap()) {
				return true
			}
		}
	}
	return false
}

// Changes is closed with the next change of who is admitted. It is to be asked for before Admits: a change in between
// would be missed.
func (s *Service) Changes() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Changed says that something was given other groups.
func (s *Service) Changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell()
}

// visible tells whether a rule is in effect, which is also when it is described.
func (r *rule) visible(now time.Time) bool {
	return !now.Before(r.Since) && (r.Until.IsZero() || now.Before(r.Until))
}

// save keeps what was just changed. If the disk refuses it the change is undone in memory, too.
func (s *Service) save() error { return s.file.Save(&s.state) }

// change saves what do did to a region, and tells those who wait for changes, now and when the change takes effect.
func (s *Service) change(account, region string, do func(p *place) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.at(account, region)
	s.forget(p)
	if err := do(p); err != nil {
		return err
	}
	if err := s.save(); err != nil {
		return err
	}
	s.tell()
	if s.delay > 0 {
		time.AfterFunc(s.delay, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.tell()
		})
	}
	return nil
}

// tell wakes those who wait for changes.
func (s *Service) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// forget removes the rules whose end has taken effect.
func (s *Service) forget(p *place) {
	now := s.now()
	for _, g := range p.Groups {
		maps.DeleteFunc(g.Rules, func(_ string, r *rule) bool { return !r.Until.IsZero() && !now.Before(r.Until) })
	}
}

// operations are the actions of the API, each with the parameters it takes.
var operations = map[string]struct {
	params []string
	do     func(s *Service, id *iam.Identity, p query.Params) (any, error)
}{
	"AuthorizeSecurityGroupIngress": {append([]string{"GroupId", "GroupName", "IpPermissions", "TagSpecification", "DryRun"}, flatRule...), (*Service).authorize},
	"RevokeSecurityGroupIngress":    {append([]string{"GroupId", "GroupName", "IpPermissions", "SecurityGroupRuleId", "DryRun"}, flatRule...), (*Service).revoke},
	"DescribeSecurityGroupRules":    {[]string{"SecurityGroupRuleId", "Filter", "MaxResults", "NextToken", "DryRun"}, (*Service).describeRules},
	"DescribeSecurityGroups":        {[]string{"GroupId", "GroupName", "Filter", "MaxResults", "NextToken", "DryRun"}, (*Service).describeGroups},
	"CreateSecurityGroup":           {[]string{"GroupName", "GroupDescription", "VpcId", "TagSpecification", "DryRun"}, (*Service).createGroup},
	"DeleteSecurityGroup":           {[]string{"GroupId", "GroupName", "DryRun"}, (*Service).deleteGroup},
	"CreateTags":                    {[]string{"ResourceId", "Tag", "DryRun"}, (*Service).createTags},
	"DeleteTags":                    {[]string{"ResourceId", "Tag", "DryRun"}, (*Service).deleteTags},
	"DescribeTags":                  {[]string{"Filter", "MaxResults", "NextToken", "DryRun"}, (*Service).describeTags},
	"DescribeVpcs":                  {[]string{"VpcId", "Filter", "MaxResults", "NextToken", "DryRun"}, (*Service).describeVPCs},
}

// Actions lists what is imitated, in order.
func Actions() []string { return slices.Sorted(maps.Keys(operations)) }

// Call carries out an action of the API.
func (s *Service) Call(id *iam.Identity, action string, p query.Params) (any, error) {
	op, ok := operations[action]
	if !ok {
		return nil, awserr.NotImitated("ec2:" + action)
	}
	if err := p.Only("ec2", action, op.params...); err != nil {
		return nil, err
	}
	return op.do(s, id, p)
}
