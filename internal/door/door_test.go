package door

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"

	"github.com/sealift/sealift/internal/delay"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/local/aws"
	"github.com/sealift/sealift/internal/local/aws/imds"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

const (
	home = "111111111111"
	me   = "203.0.113.7"
	port = 5439
)

// world is an account with a security group.
type world struct {
	*testing.T
	*aws.Cloud
	cfg       awssdk.Config
	ec2       *ec2.Client
	scheduler *scheduler.Client
	group     string
}

func newWorld(t *testing.T, vpc string, change ...func(*aws.Options)) *world {
	t.Helper()
	o := aws.Options{Dir: t.TempDir(), Region: "eu-west-1", Instance: imds.Instance{ID: "i-1", Account: home, Region: "eu-west-1", PublicIP: me}}
	for _, c := range change {
		c(&o)
	}
	cloud, err := aws.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	server := httptest.NewServer(cloud.Handler())
	t.Cleanup(server.Close)
	id, secret, err := cloud.IAM.AdminKey()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, Cloud: cloud, cfg: awssdk.Config{
		Region: "eu-west-1", BaseEndpoint: awssdk.String(server.URL), HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
	}}
	w.ec2, w.scheduler = ec2.NewFromConfig(w.cfg), scheduler.NewFromConfig(w.cfg)
	vpcs, err := w.ec2.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vpcs.Vpcs {
		if *v.IsDefault == (vpc == "default") {
			out, err := w.ec2.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: awssdk.String("g"), Description: awssdk.String("d"), VpcId: v.VpcId})
			if err != nil {
				t.Fatal(err)
			}
			w.group = *out.GroupId
		}
	}
	accounts := iam.NewFromConfig(w.cfg)
	name := awssdk.String(plan.DoorRole)
	if _, err := accounts.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: awssdk.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := accounts.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: name, PolicyName: name, PolicyDocument: awssdk.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:RevokeSecurityGroupIngress","Resource":"*"}]}`)}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) spec() plan.Door {
	return plan.Door{SecurityGroup: w.group, Address: "auto", TTL: "30m"}
}

func (w *world) door(token string, change ...func(*plan.Door, *Options)) *Door {
	w.Helper()
	spec, o := w.spec(), Options{Run: "20261121T101500Z-7f3a", Token: token, Name: "dw/dev", Port: port, Address: me}
	for _, c := range change {
		c(&spec, &o)
	}
	d, err := New(w.Context(), w.cfg, spec, o)
	if err != nil {
		w.Fatal(err)
	}
	return d
}

func in(ctx context.Context) context.Context { return effect.With(ctx, "test", nil) }

func (w *world) open(d *Door) journal.Door {
	w.Helper()
	f, err := d.Open(in(w.Context()))
	if err != nil {
		w.Fatal(err)
	}
	return f
}

func (w *world) close(d *Door) journal.Door {
	w.Helper()
	f, err := d.Close(in(w.Context()))
	if err != nil {
		w.Fatal(err)
	}
	return f
}

// rules are those of the group, as anybody sees them.
func (w *world) rules() []types.SecurityGroupRule {
	w.Helper()
	out, err := w.ec2.DescribeSecurityGroupRules(context.Background(), &ec2.DescribeSecurityGroupRulesInput{
		Filters: []types.Filter{{Name: awssdk.String("group-id"), Values: []string{w.group}}},
	})
	if err != nil {
		w.Fatal(err)
	}
	return out.SecurityGroupRules
}

func (w *world) schedules() int {
	w.Helper()
	out, err := w.scheduler.ListSchedules(context.Background(), &scheduler.ListSchedulesInput{})
	if err != nil {
		w.Fatal(err)
	}
	return len(out.Schedules)
}

// expect is how many rules and schedules there are.
func (w *world) expect(rules, schedules int) {
	w.Helper()
	if r, s := len(w.rules()), w.schedules(); r != rules || s != schedules {
		w.Errorf("there are %d rules and %d schedules, not %d and %d", r, s, rules, schedules)
	}
}

// byStranger makes the same rule as somebody who knows nothing of us.
func (w *world) byStranger(address string) {
	w.Helper()
	if _, err := w.ec2.AuthorizeSecurityGroupIngress(w.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: &w.group, IpProtocol: awssdk.String("tcp"), FromPort: awssdk.Int32(port), ToPort: awssdk.Int32(port), CidrIp: &address,
	}); err != nil {
		w.Fatal(err)
	}
}

// Promise 5, hazards A1, A5: a door is tagged, described, and closed at a time if nobody closes it; closing it is looked at.
// In both kinds of VPC.
func TestADoorIsOpenedAndClosed(t *testing.T) {
	t.Parallel()
	for _, vpc := range []string{"default", "other"} {
		t.Run(vpc, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, vpc)
			d := w.door("aa")
			var before []string
			ctx := effect.With(t.Context(), "open", func(point string, when effect.Phase) {
				if when == effect.Before {
					before = append(before, strings.TrimPrefix(point, "open: "))
				}
			})
			f, err := d.Open(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(before, ", "); got != "scheduler CreateSchedule, ec2 AuthorizeSecurityGroupIngress, scheduler CreateSchedule, scheduler UpdateSchedule" {
				t.Errorf("effects: %s", got)
			}
			rules := w.rules()
			if len(rules) != 1 || *rules[0].CidrIpv4 != me+"/32" || *rules[0].FromPort != port || *rules[0].ToPort != port || *rules[0].IpProtocol != "tcp" {
				t.Fatalf("rules %+v", rules)
			}
			tags := map[string]string{}
			for _, tag := range rules[0].Tags {
				tags[*tag.Key] = *tag.Value
			}
			if tags["sealift"] != "door" || tags["sealift:run:20261121T101500Z-7f3a:aa"] != f.Until.Format(time.RFC3339) || !strings.HasPrefix(tags["sealift:owner"], "arn:aws:") {
				t.Errorf("tags %v", tags)
			}
			if text := awssdk.ToString(rules[0].Description); !strings.Contains(text, "run 20261121T101500Z-7f3a until 20") {
				t.Errorf("description %q", text)
			}
			s, err := w.scheduler.GetSchedule(t.Context(), &scheduler.GetScheduleInput{Name: &f.Schedule})
			if err != nil || *s.ScheduleExpression != "at("+f.Until.Format("2006-01-02T15:04:05")+")" ||
				*s.Target.Input != `{"GroupId":"`+w.group+`","SecurityGroupRuleIds":["`+f.Rule+`"]}` {
				t.Errorf("schedule %+v, %v", s, err)
			}
			if g := w.close(d); !g.Gone || g.Rule != f.Rule {
				t.Errorf("closed %+v", g)
			}
			w.expect(0, 0)
			if g := w.close(d); !g.Gone {
				t.Errorf("closed again %+v", g)
			}
		})
	}
}

// Hazard M4: when nobody comes back, AWS closes it.
func TestTheScheduleClosesADoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "other")
	changes := w.EC2.Changes()
	d := w.door("aa", func(s *plan.Door, _ *Options) { s.TTL = "3s" })
	w.open(d)
	<-changes
	for len(w.rules()) > 0 {
		<-w.EC2.Changes()
	}
	for w.schedules() > 0 { // it is deleted after its call was answered
		if err := delay.For(t.Context(), 10*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if f := w.close(d); !f.Gone {
		t.Errorf("closed %+v", f)
	}
}

// Hazards A2: an answer that is lost loses no rule.
func TestAnswersAreLost(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{
		"ec2:AuthorizeSecurityGroupIngress", "scheduler:CreateSchedule", "scheduler:UpdateSchedule", "ec2:RevokeSecurityGroupIngress", "scheduler:DeleteSchedule", "ec2:CreateTags", "ec2:DeleteTags",
	} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "other")
			w.LoseAnswers(operation, 1)
			d, other := w.door("aa"), w.door("bb")
			first := w.open(d)
			if second := w.open(other); second.Rule != first.Rule || len(second.Shared) != 1 {
				t.Errorf("shared %+v", second)
			}
			w.expect(1, 1)
			if f := w.close(d); f.Gone || len(f.Shared) != 1 {
				t.Errorf("left %+v", f)
			}
			w.expect(1, 1)
			if f := w.close(other); !f.Gone {
				t.Errorf("closed %+v", f)
			}
			w.expect(0, 0)
		})
	}
}

// Hazard A2, worse: no answer ever came, and the rule is not shown yet when it is to be closed.
func TestARuleThatWasNeverHeardOfIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "other", func(o *aws.Options) { o.RuleDelay = 2 * time.Second })
	ctx, cancel := context.WithCancel(t.Context())
	d := w.door("aa")
	_, err := d.Open(effect.With(ctx, "open", func(point string, when effect.Phase) {
		if strings.Contains(point, "Authorize") && when == effect.Answered {
			cancel()
		}
	}))
	if err == nil {
		t.Fatal("it was opened")
	}
	d.rule = "" // as if the answer had not come
	d.doubt = true
	if f := w.close(d); !f.Gone || f.Rule == "" {
		t.Errorf("closed %+v", f)
	}
	w.expect(0, 0)
}

// Hazard A4: a rule that somebody else made is used, and stays as it is.
func TestAStrangersRuleIsNotTouched(t *testing.T) {
	t.Parallel()
	for _, vpc := range []string{"default", "other"} {
		t.Run(vpc, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, vpc)
			w.byStranger(me + "/32")
			d := w.door("aa")
			if f := w.open(d); !f.Foreign || f.Schedule != "" {
				t.Errorf("opened %+v", f)
			}
			if f := w.close(d); !f.Foreign || f.Gone {
				t.Errorf("closed %+v", f)
			}
			w.expect(1, 0)
			if tags := w.rules()[0].Tags; len(tags) > 0 {
				t.Errorf("tags %v", tags)
			}
			left, err := Find(t.Context(), w.cfg, w.spec(), Options{})
			if err != nil || len(left) > 0 {
				t.Errorf("found %v, %v", left, err)
			}
		})
	}
}

// A stranger's rule that is made between our look and our own is the stranger's too, and the schedule that was made for ours
// does not close it.
func TestAStrangerComesFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "other")
	d := w.door("aa")
	f, err := d.Open(effect.With(t.Context(), "open", func(point string, when effect.Phase) {
		if strings.HasSuffix(point, "AuthorizeSecurityGroupIngress") && when == effect.Before {
			w.byStranger(me + "/32")
		}
	}))
	if err != nil || !f.Foreign {
		t.Errorf("opened %+v, %v", f, err)
	}
	w.close(d)
	w.expect(1, 0)
}

// Hazards A3, M14: a rule is there while any of those who share it needs it, and gone after the last.
func TestDoorsAreShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "other")
	w.byStranger("198.51.100.9/32")
	var inside atomic.Int64
	var all sync.WaitGroup
	for i := range 8 {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		all.Go(func() {
			for n := range 4 {
				d := w.door(fmt.Sprintf("%02d%02d", i, n), func(_ *plan.Door, o *Options) {
					// Whoever does not get in opens again: one that left may have closed it a moment ago.
					o.Answers = func(context.Context) error {
						if w.EC2.Admits(home, "eu-west-1", []string{w.group}, mustAddr(me), port) {
							return nil
						}
						return errors.New("closed")
					}
				})
				if _, err := d.Open(in(t.Context())); err != nil {
					t.Error(err)
				}
				inside.Add(1)
				if err := delay.For(t.Context(), time.Duration(random.IntN(20))*time.Millisecond); err != nil {
					t.Error(err)
				}
				inside.Add(-1)
				if random.IntN(4) == 0 {
					continue // killed: nothing is closed
				}
				if _, err := d.Close(in(t.Context())); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	left, err := Find(t.Context(), w.cfg, w.spec(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range left {
		if err := l.Close(in(t.Context())); err != nil {
			t.Error(err)
		}
	}
	w.expect(1, 0) // the stranger's
}

func mustAddr(text string) netip.Addr { return netip.MustParseAddr(text) }

// What a process that died left is closed by the run's next one, from wherever it comes, and by nobody's else.
func TestADoorThatWasLeftIsSwept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "other")
	w.open(w.door("aa"))                                                             // died
	w.open(w.door("bb", func(_ *plan.Door, o *Options) { o.Address = "192.0.2.1" })) // died on another machine
	w.open(w.door("cc", func(_ *plan.Door, o *Options) { o.Run = "20261121T101500Z-0000"; o.Address = "192.0.2.2" }))
	next := w.door("dd")
	w.open(next)
	if err := next.Sweep(in(t.Context())); err != nil {
		t.Fatal(err)
	}
	w.expect(2, 2)
	w.close(next)
	w.expect(1, 1)
	left, err := Find(t.Context(), w.cfg, w.spec(), Options{})
	if err != nil || len(left) != 1 || left[0].Run != "20261121T101500Z-0000" || left[0].Address.String() != "192.0.2.2/32" {
		t.Fatalf("found %v, %v", left, err)
	}
}

// A process that does not count any more does not keep a rule.
func TestAnExpiredNeedDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "other")
	w.open(w.door("aa", func(s *plan.Door, o *Options) {
		s.TTL, s.WithoutSchedule = "5m", true
		o.Now = func() time.Time { return time.Now().Add(-time.Hour) }
	}))
	d := w.door("bb")
	if f := w.open(d); len(f.Shared) > 0 {
		t.Errorf("shared with one who is gone: %+v", f)
	}
	if f := w.close(d); !f.Gone {
		t.Errorf("closed %+v", f)
	}
	w.expect(0, 0)
}

// late is an AWS whose clock is behind ours.
type late struct {
	http.RoundTripper
	by time.Duration
}

func (l late) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Header.Set("Date", time.Now().Add(-l.by).UTC().Format(http.TimeFormat))
	}
	return answer, err
}

// A machine whose clock is ahead of AWS's, and of everybody else's, takes nobody's door for one that is over, and does not keep its own open
// for longer. (AWS takes requests that are signed a quarter of an hour off; the SDK corrects what is more.)
func TestAClockThatIsWrongClosesNobodysDoor(t *testing.T) {
	t.Parallel()
	const wrong = 10 * time.Minute
	w := newWorld(t, "other")
	right := w.door("aa", func(s *plan.Door, o *Options) {
		s.TTL, s.WithoutSchedule = "5m", true
		o.Now = func() time.Time { return time.Now().Add(-wrong) }
	})
	w.open(right)
	transport := w.cfg.HTTPClient.(*http.Client).Transport
	w.cfg.HTTPClient = &http.Client{Transport: late{transport, wrong}}
	ahead := w.door("bb", func(s *plan.Door, _ *Options) { s.TTL, s.WithoutSchedule = "5m", true })
	f := w.open(ahead)
	if len(f.Shared) != 1 {
		t.Errorf("the other's door is not seen: %+v", f)
	}
	if left := f.Until.Sub(time.Now().Add(-wrong)); left > 6*time.Minute {
		t.Errorf("the door is needed for %s, by AWS's clock", left)
	}
	if all, err := Find(t.Context(), w.cfg, w.spec(), Options{Name: "dw/dev"}); err != nil || len(all) != 2 || all[0].Over || all[1].Over {
		t.Errorf("found %+v, %v", all, err)
	}
	w.close(ahead)
	w.expect(1, 0)
	w.close(right)
	w.expect(0, 0)
}

// Hazards A6, and a role that cannot be used: nothing is left open, and the cause is named.
func TestADoorThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	t.Run("full", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, "other")
		for i := range 60 {
			w.byStranger(fmt.Sprintf("198.51.100.%d/32", i))
		}
		_, err := w.door("aa").Open(in(t.Context()))
		if err == nil || !strings.Contains(hint.Of(err), "quota") {
			t.Errorf("error %v, hint %q", err, hint.Of(err))
		}
		w.expect(60, 0)
	})
	t.Run("nobody to close it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, "other")
		spec := func(s *plan.Door, _ *Options) { s.SchedulerRole = "arn:aws:iam::" + home + ":role/nobody" }
		_, err := w.door("aa", spec).Open(in(t.Context()))
		if err == nil || !strings.Contains(hint.Of(err), "without_schedule") {
			t.Errorf("error %v, hint %q", err, hint.Of(err))
		}
		w.expect(0, 0)
		d := w.door("aa", func(s *plan.Door, _ *Options) { s.WithoutSchedule = true })
		w.open(d)
		w.expect(1, 0)
		w.close(d)
		w.expect(0, 0)
	})
	t.Run("the warehouse does not answer", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, "other")
		d := w.door("aa", func(_ *plan.Door, o *Options) {
			o.Answers = func(context.Context) error { return errors.New("silence") }
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := d.Open(in(ctx)); err == nil || !strings.Contains(err.Error(), "silence") || !strings.Contains(hint.Of(err), "--address") {
			t.Errorf("error %v, hint %q", err, hint.Of(err))
		}
		w.close(d)
		w.expect(0, 0)
	})
	t.Run("outside of a step", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, "other")
		if _, err := w.door("aa").Open(t.Context()); err == nil {
			t.Error("it was opened")
		}
		w.expect(0, 0)
	})
}

// Hazard A7: what was changed is seen late, and taken neither for missing nor for left open.
func TestRulesAreSeenLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "default", func(o *aws.Options) { o.RuleDelay = time.Second })
	d := w.door("aa", func(_ *plan.Door, o *Options) {
		o.Answers = func(context.Context) error {
			if !w.EC2.Admits(home, "eu-west-1", []string{w.group}, mustAddr(me), port) {
				return errors.New("not yet")
			}
			return nil
		}
	})
	w.open(d)
	if len(w.rules()) != 1 {
		t.Error("it does not wait for the warehouse")
	}
	began := time.Now()
	if f := w.close(d); !f.Gone || time.Since(began) < 500*time.Millisecond {
		t.Errorf("closed %+v after %v", f, time.Since(began))
	}
	w.expect(0, 0)
}

// A door that is needed for longer than its time to live is renewed, by its schedule and its tag.
func TestADoorIsRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "other")
	d := w.door("aa", func(s *plan.Door, _ *Options) { s.TTL = "3s" })
	f := w.open(d)
	stop := d.Keep(t.Context())
	for {
		if err := delay.For(t.Context(), 50*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		all, _ := users(w.rules()[0].Tags)
		s, err := w.scheduler.GetSchedule(t.Context(), &scheduler.GetScheduleInput{Name: &f.Schedule})
		if err != nil {
			t.Fatal(err)
		}
		if later := f.Until.Add(time.Second); !all[0].until.Before(later) && *s.ScheduleExpression >= *once(later) {
			break
		}
	}
	stop()
	w.close(d)
	w.expect(0, 0)
}

// Hazard A9, SSRF of the threat table: where we come from is asked of version 2 of the metadata service only, of nobody by a
// proxy, and only one address is let in.
func TestWhereWeComeFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "other")
	metadata := httptest.NewServer(w.Metadata)
	defer metadata.Close()
	echo := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			http.Redirect(rw, r, "/ok", http.StatusFound)
			return
		}
		text := map[string]string{"/ok": "198.51.100.4\n", "/six": "2001:db8::7\n", "/page": "<html>198.51.100.4</html>", "/all": "0.0.0.0"}[r.URL.Path]
		if _, err := rw.Write([]byte(text)); err != nil {
			t.Error(err)
		}
	}))
	defer echo.Close()
	for name, c := range map[string]struct {
		spec  plan.Door
		given string
		wide  bool
		want  string
	}{
		"metadata":         {plan.Door{Address: "auto"}, "", false, me + "/32"},
		"job":              {plan.Door{Address: "192.0.2.9/32"}, "", false, "192.0.2.9/32"},
		"flag":             {plan.Door{Address: "192.0.2.9/32"}, "192.0.2.8", false, "192.0.2.8/32"},
		"flag of six":      {plan.Door{Address: "auto"}, "2001:db8::1", false, "2001:db8::1/128"},
		"flag, mapped":     {plan.Door{Address: "auto"}, "::ffff:192.0.2.8", false, "192.0.2.8/32"},
		"url":              {plan.Door{Address: "auto", URL: echo.URL + "/ok"}, "", false, "198.51.100.4/32"},
		"url of six":       {plan.Door{Address: "auto", URL: echo.URL + "/six"}, "", false, "2001:db8::7/128"},
		"url with a page":  {plan.Door{Address: "auto", URL: echo.URL + "/page"}, "", false, "the answer is no address"},
		"url, redirected":  {plan.Door{Address: "auto", URL: echo.URL + "/elsewhere"}, "", false, "302 Found"},
		"url for all":      {plan.Door{Address: "auto", URL: echo.URL + "/all"}, "", false, "nobody's address"},
		"url in the clear": {plan.Door{Address: "auto", URL: "http://example.com/ip"}, "", false, "must begin with https://"},
		"wide":             {plan.Door{Address: "192.0.2.0/24"}, "", false, "more than one address"},
		"wide, and meant":  {plan.Door{Address: "192.0.2.0/24"}, "", true, "192.0.2.0/24"},
		"everybody":        {plan.Door{Address: "0.0.0.0/0"}, "", true, "lets everybody in"},
		"nonsense":         {plan.Door{Address: "auto"}, "here", false, "is no address"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := w.cfg.Copy()
			cfg.ConfigSources = []any{endpoint(metadata.URL)}
			c.spec.SecurityGroup, c.spec.TTL = w.group, "5m"
			d, err := New(t.Context(), cfg, c.spec, Options{Address: c.given, AllowWide: c.wide, Port: port})
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = d.from.String()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("%s, not %s", got, c.want)
			}
		})
	}
	cfg := w.cfg.Copy()
	cfg.ConfigSources = []any{endpoint(metadata.URL)}
	w.Metadata.Set(func(i *imds.Instance) { i.Old = true })
	if d, err := New(t.Context(), cfg, w.spec(), Options{Port: port}); err == nil {
		t.Errorf("without a token: %v", d.from)
	}
	if n := w.Metadata.Version1(); n > 0 {
		t.Errorf("version 1 of the metadata service was asked %d times", n)
	}
	w.Metadata.Set(func(i *imds.Instance) { i.PublicIP, i.Old = "", false })
	if _, err := New(t.Context(), cfg, w.spec(), Options{Port: port}); err == nil || !strings.Contains(hint.Of(err), "--address") {
		t.Errorf("an instance without a public address: %v", err)
	}
}

// endpoint is the configuration's word on where the metadata service is.
type endpoint string

// GetEC2IMDSEndpoint is asked by the SDK.
func (e endpoint) GetEC2IMDSEndpoint() (string, bool, error) { return string(e), true, nil }

// Six works like four.
func TestADoorOfSix(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "other")
	d := w.door("aa", func(_ *plan.Door, o *Options) { o.Address = "2001:db8::7" })
	w.open(d)
	if r := w.rules(); len(r) != 1 || awssdk.ToString(r[0].CidrIpv6) != "2001:db8::7/128" {
		t.Errorf("rules %+v", r)
	}
	again := w.door("bb", func(_ *plan.Door, o *Options) { o.Address = "2001:db8::7" })
	w.open(again)
	w.close(d)
	w.close(again)
	w.expect(0, 0)
}

// passing are credentials that end after a time, whenever they are asked for.
type passing struct {
	awssdk.CredentialsProvider
	left []time.Duration // of the first answer, the second and so on; the last goes on
	asks int
}

func (p *passing) Retrieve(ctx context.Context) (awssdk.Credentials, error) {
	c, err := p.CredentialsProvider.Retrieve(ctx)
	c.CanExpire, c.Expires = true, time.Now().Add(p.left[min(p.asks, len(p.left)-1)])
	p.asks++
	return c, err
}

// Hazard A10: credentials that end before the door could be closed open none. Those that are renewed are asked for anew.
func TestCredentialsThatEndTooSoon(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "other")
	static := w.cfg.Credentials
	for _, c := range []struct {
		name  string
		left  []time.Duration
		opens bool
	}{
		{"long", []time.Duration{time.Hour}, true},
		{"not renewed", []time.Duration{2 * time.Minute}, false},
		{"over", []time.Duration{-time.Minute}, false},
		{"renewed", []time.Duration{2 * time.Minute, time.Hour}, true},
	} {
		p := &passing{CredentialsProvider: static, left: c.left}
		d := w.door("0")
		d.cfg.Credentials = awssdk.NewCredentialsCache(p)
		_, err := d.Open(in(t.Context()))
		inbound := 0
		for _, r := range w.rules() {
			if !*r.IsEgress {
				inbound++
			}
		}
		switch {
		case c.opens && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case !c.opens && (err == nil || !strings.Contains(err.Error(), "before it could be closed again") || inbound > 0):
			t.Errorf("%s: %v; %d rules", c.name, err, inbound)
		}
		if c.opens {
			w.close(d)
		}
	}
}
