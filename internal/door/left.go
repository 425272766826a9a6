package door

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sealift/sealift/plan"
)

// Left is what one process of a run has open in a group, by the tags of the rule.
type Left struct {
	Group, Rule string
	Address     netip.Prefix
	Port        int
	Run         string
	Until       time.Time // after which it does not count any more; the schedule closes it then
	Over        bool      // it does not count any more, by EC2's clock
	door        *Door
}

// String names it for people, and tells it from what other processes have open by the same rule.
func (l Left) String() string {
	return fmt.Sprintf("%s of %s, %s port %d, for process %s", l.Rule, l.Group, l.Address, l.Port, l.door.options.Token)
}

// Close takes the process's tag off the rule, and closes the rule if no other process needs it.
func (l Left) Close(ctx context.Context) error {
	_, err := l.door.Close(ctx)
	return err
}

// Find lists what Sealift has open in the security group of a job's door, by any run: one for each process that needs it.
func Find(ctx context.Context, cfg aws.Config, spec plan.Door, o Options) ([]Left, error) {
	group := spec.SecurityGroup
	probe := at(cfg, group, 0, netip.Prefix{}, o)
	rules, err := probe.rules(ctx)
	if err != nil {
		return nil, err
	}
	var left []Left
	for _, r := range rules {
		all, ours := users(r.Tags)
		from, ok := source(r)
		if !ours || !ok {
			continue
		}
		if len(all) == 0 {
			all = []user{{}} // the last one to need it ended between its tag and the rule
		}
		for _, u := range all {
			each := o
			each.Run, each.Token = u.run, u.token
			d := at(cfg, group, aws.ToInt32(r.FromPort), from, each)
			d.rule = aws.ToString(r.SecurityGroupRuleId)
			if !spec.WithoutSchedule { // who needs none may not be allowed to remove one; it removes itself
				d.role = anyRole
			}
			left = append(left, Left{Group: group, Rule: d.rule, Address: from, Port: int(d.port), Run: u.run, Until: u.until, Over: !u.until.After(probe.now()), door: d})
		}
	}
	return left, nil
}

// anyRole stands for the role of a schedule that is only removed.
const anyRole = "arn:aws:iam::000000000000:role/" + plan.DoorRole

// Sweep closes what earlier processes of the run left open in the group, from whatever address they came.
func (d *Door) Sweep(ctx context.Context) error {
	left, err := Find(ctx, d.cfg, plan.Door{SecurityGroup: d.group, WithoutSchedule: d.role == ""}, d.options)
	if err != nil {
		return fmt.Errorf("look for doors that were left open to %s: %w", d.options.Name, err)
	}
	left = slices.DeleteFunc(left, func(l Left) bool { return l.Run != d.options.Run || l.door.options.Token == d.options.Token })
	for _, l := range left {
		if err := l.Close(ctx); err != nil {
			return err
		}
	}
	return nil
}
