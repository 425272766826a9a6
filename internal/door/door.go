package door

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/smithy-go"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/delay"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// Options of a Door.
type Options struct {
	Run   string // which needs it
	Token string // of this one process: two of a run must not close each other's
	Name  string // of the warehouse, for messages
	Port  int
	// Address is where we come from, in place of what the job says. Optional.
	Address string
	// AllowWide lets more than one address in.
	AllowWide bool
	// Answers tells whether the warehouse answers, which it does a moment after the rule was made. An error means not yet.
	Answers func(ctx context.Context) error
	Point   effect.Hook  // told of renewals, which are part of no step; optional
	Log     *slog.Logger // nil is silent
	Now     func() time.Time
}

// Door is the way into one warehouse for this process. It is used by one goroutine at a time.
type Door struct {
	options   Options
	ec2       *ec2.Client
	scheduler *scheduler.Client
	group     string
	port      int32
	from      netip.Prefix
	ttl       time.Duration
	role      string // that closes it in our stead; "" for a door without a schedule
	owner     string // ARN of who opens it
	cfg       aws.Config
	rule      string        // id of the rule, once it is known
	doubt     bool          // a rule may have been made whose id is not known
	behind    time.Duration // how far this machine's clock is behind EC2's, by its last answer
}

// now is the time by EC2's clock. How long a door is needed stands in its tags, for other machines, and in its schedule, for AWS: a
// machine whose clock is wrong would close a door that is in use, or leave its own open too long.
func (d *Door) now() time.Time { return d.options.Now().Add(d.behind) }

// New settles where we come from and who closes the door if we cannot. cfg is of the warehouse's account and region. It
// changes nothing.
func New(ctx context.Context, cfg aws.Config, spec plan.Door, o Options) (*Door, error) {
	ttl, err := time.ParseDuration(spec.TTL)
	if err != nil {
		return nil, fmt.Errorf("door to %s: ttl: %w", o.Name, err)
	}
	from, err := whence(ctx, cfg, spec, o.Address)
	if err != nil {
		return nil, fmt.Errorf("door to %s: %w", o.Name, err)
	}
	if err := narrow(from, o.AllowWide); err != nil {
		return nil, fmt.Errorf("door to %s: %w", o.Name, err)
	}
	who, err := connect.Caller(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("door to %s: %w", o.Name, err)
	}
	d := at(cfg, spec.SecurityGroup, int32(o.Port), from, o)
	d.ttl, d.owner = ttl, who.ARN
	partition, _, _ := strings.Cut(strings.TrimPrefix(who.ARN, "arn:"), ":")
	d.role = spec.Closer(partition, who.Account)
	return d, nil
}

func at(cfg aws.Config, group string, port int32, from netip.Prefix, o Options) *Door {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Door{options: o, ec2: ec2.NewFromConfig(cfg), scheduler: scheduler.NewFromConfig(cfg), cfg: cfg, group: group, port: port, from: from}
}

// Name is the warehouse's.
func (d *Door) Name() string { return d.options.Name }

// narrow refuses what lets in more than this machine.
func narrow(p netip.Prefix, allowed bool) error {
	switch {
	case p.Bits() == 0:
		return hint.Usage(fmt.Errorf("%s lets everybody in", p))
	case p.Addr().IsUnspecified() || p.Addr().IsMulticast():
		return hint.Usage(fmt.Errorf("%s is nobody's address", p.Addr()))
	case p.IsSingleIP() || allowed:
		return nil
	default:
		return hint.With(hint.Usage(fmt.Errorf("%s is more than one address", p)), "let one in: ADDRESS/32; or say that you mean it: --allow-wide-door")
	}
}

const (
	// ours marks a rule that Sealift made.
	oursKey, oursValue = "sealift", "door"
	// userPrefix begins the key of a tag for each process that needs the rule: run and process follow. Its value is the time
	// after which it does not count any more.
	userPrefix = "sealift:run:"
)

func (d *Door) userKey() string { return userPrefix + d.options.Run + ":" + d.options.Token }

// user is a process that needs a rule.
type user struct {
	key, run, token string
	until           time.Time
}

// users are the processes that need a rule, and whether it is ours at all.
func users(tags []types.Tag) (all []user, ours bool) {
	for _, t := range tags {
		key, value := aws.ToString(t.Key), aws.ToString(t.Value)
		if key == oursKey && value == oursValue {
			ours = true
		}
		rest, ok := strings.CutPrefix(key, userPrefix)
		if !ok {
			continue
		}
		u := user{key: key}
		u.run, u.token, _ = strings.Cut(rest, ":")
		u.until, _ = time.Parse(time.RFC3339, value) // what is no time is long over
		all = append(all, u)
	}
	return all, ours
}

// others are the processes that need a rule besides this one, at this time.
func (d *Door) others(tags []types.Tag) []user {
	all, _ := users(tags)
	return slices.DeleteFunc(all, func(u user) bool { return u.key == d.userKey() || !u.until.After(d.now()) })
}

// notAllowed is what a description of a rule cannot have in it (API model ec2, IpRange).
var notAllowed = regexp.MustCompile(`[^a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]`)

func (d *Door) description(until time.Time) string {
	text := notAllowed.ReplaceAllString(fmt.Sprintf("sealift run %s until %s by %s", d.options.Run, until.Format(time.RFC3339), d.owner), "_")
	return text[:min(len(text), 255)]
}

// errAgain says that what was found changed meanwhile: it is to be looked at again.
var errAgain = errors.New("the rule was made or removed by somebody else at the same time")

const (
	// tries bounds how often others come in between, or a change that was made is not seen yet.
	tries = 12
	// pause is the first wait before the next look; each is twice as long, up to longest.
	pause, longest = 100 * time.Millisecond, 5 * time.Second
	// answerTime is how long a warehouse may take to answer after its door was opened. EC2 says only "as quickly as possible".
	answerTime = 90 * time.Second
	// lateTime is how long what was changed may not be shown yet.
	lateTime = 15 * time.Second
	// reserveTime is how long credentials must be good for a door to be opened: that it answers, something is done, and it is gone again.
	reserveTime = 5 * time.Minute
	// goneTime is how long a rule may be shown after it was revoked.
	goneTime = 2 * time.Minute
)

// Open makes the door, or shares the one that is there, and waits until the warehouse answers. It can be repeated. After an
// error, something may be open: Close it.
func (d *Door) Open(ctx context.Context) (journal.Door, error) {
	if err := d.reserve(ctx); err != nil {
		return journal.Door{}, fmt.Errorf("open a door to %s: %w", d.options.Name, err)
	}
	f, err := d.open(ctx)
	if err != nil {
		return f, fmt.Errorf("open a door to %s: %w", d.options.Name, err)
	}
	if err := d.answered(ctx); err != nil {
		return f, hint.With(fmt.Errorf("the door to %s is open for %s, but it does not answer: %w", d.options.Name, d.from, err),
			fmt.Sprintf("is %s the address that the warehouse sees, and %s one of its security groups? Name another: --address", d.from.Addr(), d.group))
	}
	return f, nil
}

// reserve makes sure that the door can be closed by the credentials that open it: those that end before, and are not renewed, open none.
// The schedule would close it, but only at its time.
func (d *Door) reserve(ctx context.Context) error {
	short := func() (time.Duration, bool, error) {
		c, err := d.cfg.Credentials.Retrieve(ctx)
		left := c.Expires.Sub(d.now())
		return left.Round(time.Second), err == nil && c.CanExpire && left < reserveTime, err
	}
	left, expire, err := short()
	if cache, ok := d.cfg.Credentials.(interface{ Invalidate() }); ok && expire {
		cache.Invalidate() // a role is taken again: its session may be near its end only here
		left, expire, err = short()
	}
	switch {
	case err != nil:
		return fmt.Errorf("get credentials: %w", err)
	case expire:
		return hint.With(fmt.Errorf("the credentials end in %s, before it could be closed again", left), "log in anew, or use credentials that are renewed: a role, or a profile that takes one")
	}
	return nil
}

func (d *Door) open(ctx context.Context) (f journal.Door, err error) {
	wait := pause
	for try := 1; ; try++ {
		var r *types.SecurityGroupRule
		var count int
		if r, count, err = d.find(ctx); err != nil {
			return f, err
		}
		if r == nil {
			f, err = d.create(ctx, count)
		} else {
			f, err = d.share(ctx, r)
		}
		if !errors.Is(err, errAgain) || try == tries {
			return f, err
		}
		if err := delay.For(ctx, wait); err != nil {
			return f, err
		}
		wait = min(2*wait, longest)
	}
}

// rules are those of the group.
func (d *Door) rules(ctx context.Context) ([]types.SecurityGroupRule, error) {
	var all []types.SecurityGroupRule
	pages := ec2.NewDescribeSecurityGroupRulesPaginator(d.ec2, &ec2.DescribeSecurityGroupRulesInput{
		Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{d.group}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, hint.With(fmt.Errorf("look at the rules of %s: %w", d.group, err), "the caller needs ec2:DescribeSecurityGroupRules")
		}
		d.behind, _ = awsmiddleware.GetAttemptSkew(page.ResultMetadata)
		all = append(all, page.SecurityGroupRules...)
	}
	return slices.DeleteFunc(all, func(r types.SecurityGroupRule) bool { return aws.ToBool(r.IsEgress) }), nil
}

// find looks for the rule, whoever made it, and counts those of its family.
func (d *Door) find(ctx context.Context) (found *types.SecurityGroupRule, count int, err error) {
	all, err := d.rules(ctx)
	for i, r := range all {
		from, ok := source(r)
		if !ok || from.Addr().Is4() != d.from.Addr().Is4() {
			continue
		}
		count++
		if from == d.from && aws.ToString(r.IpProtocol) == "tcp" && aws.ToInt32(r.FromPort) == d.port && aws.ToInt32(r.ToPort) == d.port {
			found = &all[i]
		}
	}
	return found, count, err
}

// source is the range that a rule lets in, if it is one.
func source(r types.SecurityGroupRule) (netip.Prefix, bool) {
	text := aws.ToString(r.CidrIpv4)
	if text == "" {
		text = aws.ToString(r.CidrIpv6)
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err == nil
}

func (d *Door) permission(description string) types.IpPermission {
	p := types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: &d.port, ToPort: &d.port}
	if d.from.Addr().Is4() {
		p.IpRanges = []types.IpRange{{CidrIp: aws.String(d.from.String()), Description: &description}}
	} else {
		p.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: aws.String(d.from.String()), Description: &description}}
	}
	return p
}

func (d *Door) until() time.Time { return d.now().Add(d.ttl).UTC().Truncate(time.Second) }

func (d *Door) facts(until time.Time) journal.Door {
	return journal.Door{Group: d.group, Address: d.from.String(), Port: int(d.port), Rule: d.rule, Until: until, Schedule: d.scheduleName()}
}

// roomFor is how many rules of a family a group has room for, unless AWS was asked for more (VPC User Guide,
// amazon-vpc-limits).
const roomFor = 60

// Room tells how many rules of the family the group has, of how many it may have unless AWS was asked for more, and whether the
// one that is needed is there already.
func (d *Door) Room(ctx context.Context) (rules, quota int, there bool, err error) {
	found, rules, err := d.find(ctx)
	return rules, roomFor, found != nil, err
}

// Address is what is let in.
func (d *Door) Address() string { return d.from.String() }

// create makes the rule. What closes it in our stead is there first.
func (d *Door) create(ctx context.Context, count int) (journal.Door, error) {
	until := d.until()
	known := d.rule // it is gone, or was made a moment ago and is not shown yet
	d.rule = ""
	if count >= roomFor-1 {
		d.options.Log.Warn("the security group has room for few more rules", "group", d.group, "rules", count, "quota", roomFor)
	}
	if err := d.schedule(ctx, until); err != nil {
		return d.facts(until), err
	}
	d.doubt = true
	var out *ec2.AuthorizeSecurityGroupIngressOutput
	err := effect.Do(ctx, "ec2 AuthorizeSecurityGroupIngress", func(ctx context.Context) (err error) {
		out, err = d.ec2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: &d.group, IpPermissions: []types.IpPermission{d.permission(d.description(until))},
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSecurityGroupRule, Tags: []types.Tag{
				{Key: aws.String(oursKey), Value: aws.String(oursValue)},
				{Key: aws.String("sealift:owner"), Value: &d.owner},
				{Key: aws.String(d.userKey()), Value: aws.String(until.Format(time.RFC3339))},
			}}},
		})
		return err
	})
	switch code(err) {
	case "":
	case "InvalidPermission.Duplicate":
		// Ours, of an attempt whose answer was lost; another process's; or a stranger's: looking tells.
		d.rule = known
		return d.facts(until), errAgain
	case "?", "InternalError", "InternalFailure":
		return d.facts(until), refused(err, d.group) // it may have happened: closing finds out
	default:
		d.doubt = false
		return d.facts(until), errors.Join(refused(err, d.group), d.unschedule(ctx))
	}
	if len(out.SecurityGroupRules) == 0 || out.SecurityGroupRules[0].SecurityGroupRuleId == nil {
		return d.facts(until), errAgain // the rule's id is what it is closed by
	}
	d.rule, d.doubt = *out.SecurityGroupRules[0].SecurityGroupRuleId, false
	// By its id no rule can be meant that somebody else makes later.
	return d.facts(until), d.schedule(ctx, until)
}

func refused(err error, group string) error {
	err = fmt.Errorf("add a rule to %s: %w", group, err)
	switch code(err) {
	case "RulesPerSecurityGroupLimitExceeded":
		return hint.With(err, "remove a rule, or have the quota \"Inbound or outbound rules per security group\" raised; nothing was opened")
	case "UnauthorizedOperation":
		return hint.With(err, "the caller needs ec2:AuthorizeSecurityGroupIngress on the group, and ec2:CreateTags on security-group-rule/*")
	default:
		return err
	}
}

// share uses the rule that is there.
func (d *Door) share(ctx context.Context, r *types.SecurityGroupRule) (journal.Door, error) {
	until := d.until()
	d.rule, d.doubt = aws.ToString(r.SecurityGroupRuleId), false
	f := d.facts(until)
	if _, ours := users(r.Tags); !ours {
		f.Foreign, f.Schedule, f.Until = true, "", time.Time{}
		d.rule = "" // it is not ours to remove
		// A schedule of an attempt that came second must not close it.
		return f, d.unschedule(ctx)
	}
	for _, u := range d.others(r.Tags) {
		f.Shared = append(f.Shared, u.run)
	}
	if err := d.schedule(ctx, until); err != nil {
		return f, err
	}
	err := effect.Do(ctx, "ec2 CreateTags", func(ctx context.Context) error {
		_, err := d.ec2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{d.rule}, Tags: []types.Tag{
			{Key: aws.String(d.userKey()), Value: aws.String(until.Format(time.RFC3339))},
		}})
		return err
	})
	if gone(err) {
		return f, errAgain
	}
	if err != nil {
		return f, hint.With(fmt.Errorf("tag rule %s: %w", d.rule, err), "the caller needs ec2:CreateTags on the rules of the group")
	}
	// Whoever closed it at the same time had not seen our tag.
	again, _, err := d.find(ctx)
	if err == nil && (again == nil || aws.ToString(again.SecurityGroupRuleId) != d.rule) {
		err = errAgain
	}
	return f, err
}

// answered waits for the warehouse to answer. When it does not, the rule may have been closed by a process that had not seen
// us: it is looked after once more.
func (d *Door) answered(ctx context.Context) error {
	if d.options.Answers == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	began := time.Now()
	for wait := pause; ; wait = min(2*wait, longest) {
		err := d.options.Answers(ctx)
		if err == nil {
			return nil
		}
		if time.Since(began) > lateTime { // what was made is seen by now
			if _, oerr := d.open(ctx); oerr != nil {
				return errors.Join(err, oerr)
			}
		}
		if delay.For(ctx, wait) != nil {
			return err
		}
	}
}

// Keep renews the door until the answered function is called, so that it stays open for longer than its time to live.
func (d *Door) Keep(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(d.ttl / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			limited, cancel := context.WithTimeout(effect.With(ctx, "renew", d.options.Point), d.ttl/3)
			if _, err := d.open(limited); err != nil && ctx.Err() == nil {
				// Sessions that are open stay so; one that is opened later says itself that it is not let in.
				d.options.Log.Warn("the door could not be renewed, trying again", "warehouse", d.options.Name, "err", err)
			}
			cancel()
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// Close leaves the door: it is closed, and seen to be gone, unless others need it. A stranger's rule stays as it is.
func (d *Door) Close(ctx context.Context) (journal.Door, error) {
	f, err := d.leave(ctx)
	if err != nil {
		err = fmt.Errorf("close the door to %s: %w", d.options.Name, err)
	}
	return f, err
}

func (d *Door) leave(ctx context.Context) (journal.Door, error) {
	f := d.facts(time.Time{})
	r, err := d.made(ctx)
	if err != nil {
		return f, err
	}
	if r != nil {
		f.Rule = aws.ToString(r.SecurityGroupRuleId)
		all, ours := users(r.Tags)
		if !ours {
			f.Foreign, f.Schedule = true, ""
			return f, nil
		}
		d.rule = f.Rule
		if len(d.others(r.Tags)) > 0 && slices.ContainsFunc(all, func(u user) bool { return u.key == d.userKey() }) {
			if err := d.untag(ctx); err != nil {
				return f, err
			}
			if r, _, err = d.find(ctx); err != nil { // they may have left at the same time, and left it to us
				return f, err
			}
		}
		if r != nil {
			if others := d.others(r.Tags); len(others) > 0 {
				for _, u := range others {
					f.Shared = append(f.Shared, u.run)
				}
				return f, nil
			}
		}
	}
	if d.rule != "" { // also one that is not shown yet
		if err := d.revoke(ctx); err != nil {
			return f, err
		}
	}
	f.Gone = true
	return f, d.unschedule(ctx)
}

// made looks for the rule. One that was asked for, without an answer that came, may not be shown yet.
func (d *Door) made(ctx context.Context) (*types.SecurityGroupRule, error) {
	began := time.Now()
	for wait := pause; ; wait = min(2*wait, longest) {
		r, _, err := d.find(ctx)
		if r != nil || err != nil || !d.doubt || time.Since(began) > lateTime {
			return r, err
		}
		if err := delay.For(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func (d *Door) untag(ctx context.Context) error {
	err := effect.Do(ctx, "ec2 DeleteTags", func(ctx context.Context) error {
		_, err := d.ec2.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{d.rule}, Tags: []types.Tag{{Key: aws.String(d.userKey())}}})
		return err
	})
	if err != nil && !gone(err) {
		return hint.With(fmt.Errorf("take our tag off rule %s: %w", d.rule, err), "the caller needs ec2:DeleteTags on the rules of the group")
	}
	return nil
}

// revoke removes the rule by its id, and waits until it is not shown any more: in a default VPC, revoking by what a rule
// says succeeds when nothing was found (API model ec2, RevokeSecurityGroupIngress).
func (d *Door) revoke(ctx context.Context) error {
	err := effect.Do(ctx, "ec2 RevokeSecurityGroupIngress", func(ctx context.Context) error {
		_, err := d.ec2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &d.group, SecurityGroupRuleIds: []string{d.rule}})
		return err
	})
	if err != nil && !gone(err) {
		return hint.With(fmt.Errorf("remove rule %s of %s: %w", d.rule, d.group, err), "the caller needs ec2:RevokeSecurityGroupIngress on the group")
	}
	ctx, cancel := context.WithTimeout(ctx, goneTime)
	defer cancel()
	for wait := pause; ; wait = min(2*wait, longest) {
		all, err := d.rules(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(r types.SecurityGroupRule) bool { return aws.ToString(r.SecurityGroupRuleId) == d.rule }) {
			return nil
		}
		if err := delay.For(ctx, wait); err != nil {
			return fmt.Errorf("rule %s of %s was revoked, and is still shown: %w", d.rule, d.group, err)
		}
	}
}

// code is what EC2 or another service calls an error, "" for none.
func code(err error) string {
	if err == nil {
		return ""
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return "?"
}

// gone tells that a rule is not there any more. Tagging one that is not may be refused in either of two ways (EC2 API
// reference, error codes).
func gone(err error) bool {
	c := code(err)
	return strings.HasSuffix(c, ".NotFound") || c == "InvalidID"
}
