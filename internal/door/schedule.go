package door

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/plan"
)

// revokeTarget has EventBridge Scheduler call EC2 itself (Scheduler User Guide, managing-targets-universal).
const revokeTarget = "arn:aws:scheduler:::aws-sdk:ec2:revokeSecurityGroupIngress"

// timeForm is that of a schedule's one time, in UTC.
const timeForm = "2006-01-02T15:04:05"

// scheduleName is the same for whoever needs the same rule, so that it is made once: "" for a door without a schedule.
func (d *Door) scheduleName() string {
	if d.role == "" {
		return ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s tcp %d %s", d.group, d.port, d.from))
	return plan.DoorSchedules + hex.EncodeToString(sum[:12])
}

// schedule makes sure that the rule is closed at a time, or later if somebody else needs it for longer.
func (d *Door) schedule(ctx context.Context, until time.Time) error {
	name := d.scheduleName()
	if name == "" {
		return nil
	}
	input, err := d.revocation()
	if err != nil {
		return err
	}
	for range tries {
		if err = d.createSchedule(ctx, d.wanted(name, until, input)); code(err) != "ConflictException" {
			break
		}
		var there *scheduler.GetScheduleOutput
		there, err = d.scheduler.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: &name})
		if code(err) == "ResourceNotFoundException" {
			continue // it is over, or somebody left
		}
		if err != nil {
			break
		}
		if t, perr := time.Parse("at("+timeForm+")", aws.ToString(there.ScheduleExpression)); perr == nil && t.After(until) {
			until = t
		}
		if err = d.updateSchedule(ctx, d.wanted(name, until, input)); code(err) != "ResourceNotFoundException" {
			break
		}
	}
	if err != nil {
		return hint.With(fmt.Errorf("make the schedule that closes the door if nobody else does: %w", err), fmt.Sprintf(
			"%s must exist and trust scheduler.amazonaws.com, and the caller needs scheduler:CreateSchedule, GetSchedule, UpdateSchedule and iam:PassRole on it; or do without: door.without_schedule", d.role))
	}
	return nil
}

// revocation is what the schedule asks of EC2: by the rule's id once that is known, until then by what the rule says.
func (d *Door) revocation() (string, error) {
	type cidr struct {
		CidrIP   string `json:"CidrIp,omitempty"`
		CidrIPv6 string `json:"CidrIpv6,omitempty"`
	}
	type permission struct {
		IPProtocol       string `json:"IpProtocol"`
		FromPort, ToPort int32
		IPRanges         []cidr `json:"IpRanges,omitempty"`
		IPv6Ranges       []cidr `json:"Ipv6Ranges,omitempty"`
	}
	var in struct {
		GroupID string       `json:"GroupId"`
		Rules   []string     `json:"SecurityGroupRuleIds,omitempty"`
		All     []permission `json:"IpPermissions,omitempty"`
	}
	in.GroupID = d.group
	switch p := (permission{IPProtocol: "tcp", FromPort: d.port, ToPort: d.port}); {
	case d.rule != "":
		in.Rules = []string{d.rule}
	case d.from.Addr().Is4():
		p.IPRanges = []cidr{{CidrIP: d.from.String()}}
		in.All = []permission{p}
	default:
		p.IPv6Ranges = []cidr{{CidrIPv6: d.from.String()}}
		in.All = []permission{p}
	}
	text, err := json.Marshal(in)
	return string(text), err
}

// wanted is the schedule, as it is to be.
func (d *Door) wanted(name string, until time.Time, input string) scheduler.CreateScheduleInput {
	return scheduler.CreateScheduleInput{
		Name: &name, Description: aws.String("closes a door that sealift opened, if sealift does not"),
		ScheduleExpression: once(until), ScheduleExpressionTimezone: aws.String("UTC"), ActionAfterCompletion: types.ActionAfterCompletionDelete,
		FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff}, Target: d.target(input),
	}
}

func (d *Door) createSchedule(ctx context.Context, in scheduler.CreateScheduleInput) error {
	return effect.Do(ctx, "scheduler CreateSchedule", func(ctx context.Context) error {
		_, err := d.scheduler.CreateSchedule(ctx, &in)
		return err
	})
}

// updateSchedule changes a schedule as a whole, so that both calls say the same.
func (d *Door) updateSchedule(ctx context.Context, in scheduler.CreateScheduleInput) error {
	update := scheduler.UpdateScheduleInput(in)
	return effect.Do(ctx, "scheduler UpdateSchedule", func(ctx context.Context) error {
		_, err := d.scheduler.UpdateSchedule(ctx, &update)
		return err
	})
}

func once(t time.Time) *string { return aws.String("at(" + t.UTC().Format(timeForm) + ")") }

func (d *Door) target(input string) *types.Target {
	partition, _, _ := strings.Cut(strings.TrimPrefix(d.role, "arn:"), ":")
	return &types.Target{Arn: aws.String(strings.Replace(revokeTarget, "arn:aws:", "arn:"+partition+":", 1)), RoleArn: &d.role, Input: &input}
}

// unschedule removes the schedule, which has nothing left to close.
func (d *Door) unschedule(ctx context.Context) error {
	name := d.scheduleName()
	if name == "" {
		return nil
	}
	err := effect.Do(ctx, "scheduler DeleteSchedule", func(ctx context.Context) error {
		_, err := d.scheduler.DeleteSchedule(ctx, &scheduler.DeleteScheduleInput{Name: &name})
		return err
	})
	if _, gone := errors.AsType[*types.ResourceNotFoundException](err); gone || err == nil {
		return nil
	}
	return hint.With(fmt.Errorf("remove schedule %s: %w", name, err), "the caller needs scheduler:DeleteSchedule; it deletes itself at its time, and closes nothing else")
}
