package sealift

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sealift/sealift/internal/actual"
	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/internal/setup"
)

// SetupDiff is how an account differs from what a job needs there.
type SetupDiff struct {
	Version     int                `json:"version"`
	Account     string             `json:"account"` // that was looked into
	Looked      int                `json:"looked"`  // at how many things
	Differences []setup.Difference `json:"differences"`
	// Elsewhere are the accounts that have a part, too, and were not looked into.
	Elsewhere []string `json:"elsewhere"`
}

// CompareSetup compares what a job needs with what exists in the account of the environment's credentials. It changes nothing.
func CompareSetup(ctx context.Context, s *setup.Setup) (*SetupDiff, error) {
	cfg, err := connect.Config(ctx, s.List.Stage.Region, connect.Role{})
	if err != nil {
		return nil, err
	}
	who, err := connect.Caller(ctx, cfg)
	if err != nil {
		return nil, err
	}
	accounts := s.Accounts()
	if !slices.Contains(accounts, who.Account) {
		return nil, hint.With(fmt.Errorf("nothing of this is in account %s", who.Account), "come as an administrator of "+strings.Join(accounts, ", ")+", or say another part: --for")
	}
	c := comparison{cfg: cfg, s: s, key: s.List.Stage.KeyARN, out: &SetupDiff{
		Version: 1, Account: who.Account, Differences: []setup.Difference{}, Elsewhere: slices.DeleteFunc(slices.Clone(accounts), func(a string) bool { return a == who.Account }),
	}}
	for _, part := range []func(context.Context) error{c.stageKey, c.bucket, c.roles} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	return c.out, nil
}

type comparison struct {
	cfg aws.Config
	s   *setup.Setup
	key string // ARN of the stage's key; StageKey where it is not known
	out *SetupDiff
}

// note counts a thing, and keeps how it differs.
func (c *comparison) note(what string, there bool, details []string) {
	c.out.Looked++
	switch {
	case !there:
		c.out.Differences = append(c.out.Differences, setup.Difference{Account: c.out.Account, What: what, State: setup.Missing})
	case len(details) > 0:
		c.out.Differences = append(c.out.Differences, setup.Difference{Account: c.out.Account, What: what, State: setup.Differs, Details: details})
	}
}

// stageKey finds out which key it is, where this is its account, and looks at it.
func (c *comparison) stageKey(ctx context.Context) error {
	stage := c.s.List.Stage
	if stage.KeyAccount() != c.out.Account {
		return nil
	}
	name := stage.Alias
	if name == "" {
		name = stage.KeyARN
	}
	k, err := actual.ReadKey(ctx, c.cfg, name)
	if err != nil {
		return err
	}
	if k.ARN != "" {
		c.key = k.ARN
	}
	if c.s.Key == nil {
		return nil
	}
	details, err := setup.ComparePolicies("policy", c.s.Key.Policy, k.Policy, c.key)
	if err != nil {
		return err
	}
	if !k.Rotation {
		details = append(details, "it is not rotated each year")
	}
	c.note("key "+name, k.ARN != "", details)
	return nil
}

func (c *comparison) bucket(ctx context.Context) error {
	want := c.s.Bucket
	if want == nil || want.Account != c.out.Account {
		return nil
	}
	b, err := actual.ReadBucket(ctx, c.cfg, want.Name, want.Account)
	if err != nil {
		return err
	}
	details, err := setup.ComparePolicies("policy", want.Policy, b.Policy, c.key)
	if err != nil {
		return err
	}
	lifecycle, err := want.LifecycleText()
	if err != nil {
		return err
	}
	for _, one := range []struct {
		wrong bool
		text  string
	}{
		{b.Encrypted != c.key, "its default encryption is not under the key"},
		{!b.BucketKey, "it has no bucket key"},
		{!b.Owned, "its owner does not own every object: ownership is not " + "BucketOwnerEnforced"},
		{!b.Blocked, "public access is not blocked as a whole"},
		{b.Lifecycle != lifecycle, "lifecycle: another one than is wanted"},
	} {
		if one.wrong {
			details = append(details, one.text)
		}
	}
	c.note("bucket "+want.Name, b.There, details)
	return nil
}

func (c *comparison) roles(ctx context.Context) error {
	for _, want := range c.s.Roles {
		if want.Account() != c.out.Account {
			continue
		}
		if c.key == permission.StageKey && c.s.List.Stage.KeyAccount() != c.out.Account && slices.ContainsFunc(want.Statements, setup.NamesKey) {
			return hint.With(fmt.Errorf("%s is to name the stage's key, and which that is is not known in account %s", want.ARN, c.out.Account), "say so: --key-arn arn:...")
		}
		compare := c.role
		if want.IsUser() {
			compare = c.user
		}
		if err := compare(ctx, want); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) role(ctx context.Context, want setup.Role) error {
	r, err := actual.ReadRole(ctx, c.cfg, want.Name(), setup.PolicyName)
	if err != nil {
		return err
	}
	var details []string
	if r.There {
		trust, err := setup.ComparePolicies("trust", want.Trust, r.Trust, c.key)
		if err != nil {
			return err
		}
		policy, err := setup.ComparePolicies("policy "+setup.PolicyName, want.Statements, r.Policy, c.key)
		if err != nil {
			return err
		}
		details = append(trust, policy...)
		if r.Session < want.Session {
			details = append(details, fmt.Sprintf("its sessions last %d seconds at most, and the job wants %d", r.Session, want.Session))
		}
		if want.Profile && !r.Profile {
			details = append(details, "no instance profile of its name has it")
		}
	}
	c.note("role "+want.Name(), r.There, details)
	return nil
}

func (c *comparison) user(ctx context.Context, want setup.Role) error {
	text, err := actual.ReadPolicy(ctx, c.cfg, want.ManagedPolicy())
	if err != nil {
		return err
	}
	details, err := setup.ComparePolicies("policy", want.Statements, text, c.key)
	if err != nil {
		return err
	}
	c.note("policy of user "+want.Name(), text != "", details)
	return nil
}
