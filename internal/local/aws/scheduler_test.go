package aws_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkscheduler "github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"github.com/sealift/sealift/internal/local/aws"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/query"
	"github.com/sealift/sealift/internal/local/aws/redshiftapi"
)

type redshiftCluster = redshiftapi.Cluster

const (
	revokeTarget   = "arn:aws:scheduler:::aws-sdk:ec2:revokeSecurityGroupIngress"
	trustScheduler = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
)

// call opens 203.0.113.7/32 for port 5439, or closes it again, in the name of the account's administrator.
func call(t *testing.T, cloud *aws.Cloud, action, group string) {
	t.Helper()
	if _, err := cloud.EC2.Call(root(), action, query.Of(url.Values{
		"GroupId": {group}, "IpPermissions.1.IpProtocol": {"tcp"}, "IpPermissions.1.FromPort": {"5439"}, "IpPermissions.1.ToPort": {"5439"},
		"IpPermissions.1.IpRanges.1.CidrIp": {"203.0.113.7/32"},
	})); err != nil {
		t.Fatal(err)
	}
}

// root is the account's owner, who may do everything.
func root() *iam.Identity {
	return &iam.Identity{Account: home, ARN: "arn:aws:iam::" + home + ":root", UserID: home, Region: region}
}

// A schedule closes a rule at its time under its own role, and is gone afterwards.
//
//standin:imitates Scheduler: a one-time schedule that revokes a rule of a security group, and deletes itself | Scheduler User Guide managing-targets-universal
func TestAScheduleIsCalledAtItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, err := aws.New(aws.Options{Dir: t.TempDir(), Region: region})
		if err != nil {
			t.Fatal(err)
		}
		defer cloud.Close()
		group, err := cloud.EC2.DefaultGroup(home, region)
		if err != nil {
			t.Fatal(err)
		}
		iamCall := func(action string, p url.Values) {
			t.Helper()
			if _, err := cloud.IAM.Call(t.Context(), root(), action, query.Of(p)); err != nil {
				t.Fatal(err)
			}
		}
		iamCall("CreateRole", url.Values{"RoleName": {"closer"}, "AssumeRolePolicyDocument": {trustScheduler}})
		call(t, cloud, "AuthorizeSecurityGroupIngress", group)
		body, err := json.Marshal(map[string]any{
			"ScheduleExpression": "at(" + time.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04:05") + ")", "ActionAfterCompletion": "DELETE",
			"FlexibleTimeWindow": map[string]string{"Mode": "OFF"},
			"Target": map[string]any{
				"Arn": revokeTarget, "RoleArn": "arn:aws:iam::" + home + ":role/closer",
				"Input": `{"GroupId":"` + group + `","IpPermissions":[{"IpProtocol":"tcp","FromPort":5439,"ToPort":5439,"IpRanges":[{"CidrIp":"203.0.113.7/32"}]}]}`,
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cloud.Schedule.Call(root(), "POST", "/schedules/close", nil, body); err != nil {
			t.Fatal(err)
		}
		open := func() bool {
			out, err := cloud.EC2.Call(root(), "DescribeSecurityGroupRules", query.Of(url.Values{"Filter.1.Name": {"group-id"}, "Filter.1.Value.1": {group}}))
			text, jerr := json.Marshal(out)
			if err != nil || jerr != nil {
				t.Fatal(err, jerr)
			}
			return strings.Contains(string(text), "203.0.113.7/32")
		}
		time.Sleep(59 * time.Minute) //nolint:forbidigo // virtual time
		if !open() {
			t.Error("closed too early")
		}
		// The role may not yet: the call fails, and is tried again.
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		synctest.Wait()
		if !open() {
			t.Error("closed without permission")
		}
		iamCall("PutRolePolicy", url.Values{"RoleName": {"closer"}, "PolicyName": {"p"}, "PolicyDocument": {*document(allow("ec2:RevokeSecurityGroupIngress", "*"))}})
		time.Sleep(10 * time.Second) //nolint:forbidigo // virtual time
		synctest.Wait()
		if open() {
			t.Error("it was not closed")
		}
		if _, err := cloud.Schedule.Call(root(), "GET", "/schedules/close", nil, nil); err == nil {
			t.Error("the schedule is still there")
		}
	})
}

//standin:imitates Scheduler: schedules made, read, listed, changed and deleted, with client tokens | API model scheduler
//standin:imitates Scheduler: the role must be passed, and trust the service | API model scheduler CreateSchedule
//standin:refuses Scheduler: schedules that repeat, flexible windows, other targets, groups of schedules | API model scheduler
func TestSchedules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	t.Cleanup(w.Close)
	ctx := t.Context()
	role := w.role(w.admin, "closer", trustScheduler)
	stranger := w.role(w.admin, "stranger", trustRedshift)
	in := func() *sdkscheduler.CreateScheduleInput {
		return &sdkscheduler.CreateScheduleInput{
			Name: awssdk.String("one"), ScheduleExpression: awssdk.String("at(2099-01-01T00:00:00)"), ScheduleExpressionTimezone: awssdk.String("UTC"),
			FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff}, ActionAfterCompletion: types.ActionAfterCompletionDelete, ClientToken: awssdk.String("t1"),
			Target: &types.Target{Arn: awssdk.String(revokeTarget), RoleArn: &role, Input: awssdk.String(`{"GroupId":"sg-1"}`)},
		}
	}
	for range 2 { // the same request again is the same schedule
		if out, err := w.admin.schedule.CreateSchedule(ctx, in()); err != nil || *out.ScheduleArn != "arn:aws:scheduler:"+region+":"+home+":schedule/default/one" {
			t.Fatal(out, err)
		}
	}
	again := in()
	again.ClientToken = awssdk.String("t2")
	_, err := w.admin.schedule.CreateSchedule(ctx, again)
	wantAs[*types.ConflictException](t, err)
	for code, change := range map[string]func(*sdkscheduler.CreateScheduleInput){
		"ValidationException": func(i *sdkscheduler.CreateScheduleInput) { i.Target.RoleArn = &stranger },
		"NotImplemented":      func(i *sdkscheduler.CreateScheduleInput) { i.ScheduleExpression = awssdk.String("rate(1 hour)") },
	} {
		bad := in()
		bad.Name = awssdk.String("two")
		change(bad)
		_, err := w.admin.schedule.CreateSchedule(ctx, bad)
		wantCode(t, err, code)
	}
	past := in()
	past.Name, past.ScheduleExpression = awssdk.String("past"), awssdk.String("at(2020-01-01T00:00:00)")
	_, err = w.admin.schedule.CreateSchedule(ctx, past)
	wantCode(t, err, "ValidationException")
	timid := w.user("timid", allow("scheduler:CreateSchedule", "*"))
	other := in()
	other.Name = awssdk.String("three")
	_, err = timid.schedule.CreateSchedule(ctx, other)
	wantCode(t, err, "AccessDeniedException")

	if _, err := w.admin.schedule.UpdateSchedule(ctx, &sdkscheduler.UpdateScheduleInput{
		Name: awssdk.String("one"), ScheduleExpression: awssdk.String("at(2098-01-01T00:00:00)"), FlexibleTimeWindow: in().FlexibleTimeWindow, Target: in().Target,
	}); err != nil {
		t.Error(err)
	}
	got, err := w.admin.schedule.GetSchedule(ctx, &sdkscheduler.GetScheduleInput{Name: awssdk.String("one")})
	if err != nil || *got.ScheduleExpression != "at(2098-01-01T00:00:00)" || *got.Target.Input != `{"GroupId":"sg-1"}` || got.CreationDate.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	list, err := w.admin.schedule.ListSchedules(ctx, &sdkscheduler.ListSchedulesInput{NamePrefix: awssdk.String("on")})
	if err != nil || len(list.Schedules) != 1 || *list.Schedules[0].Name != "one" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := w.admin.schedule.DeleteSchedule(ctx, &sdkscheduler.DeleteScheduleInput{Name: awssdk.String("one")}); err != nil {
		t.Error(err)
	}
	_, err = w.admin.schedule.DeleteSchedule(ctx, &sdkscheduler.DeleteScheduleInput{Name: awssdk.String("one")})
	wantAs[*types.ResourceNotFoundException](t, err)
}

// What a schedule says is there after a restart, and is waited for again.
func TestASchedulesWordSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep := func(o *aws.Options) { o.Dir = dir }
	w := newWorld(t, keep)
	role := w.role(w.admin, "closer", trustScheduler)
	at := "at(" + time.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04:05") + ")"
	if _, err := w.admin.schedule.CreateSchedule(t.Context(), &sdkscheduler.CreateScheduleInput{
		Name: awssdk.String("close"), ScheduleExpression: &at, FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff},
		Target: &types.Target{Arn: awssdk.String(revokeTarget), RoleArn: &role, Input: awssdk.String(`{"GroupId":"sg-1"}`)},
	}); err != nil {
		t.Fatal(err)
	}
	w.Close()
	again := newWorld(t, keep)
	t.Cleanup(again.Close)
	got, err := again.admin.schedule.GetSchedule(t.Context(), &sdkscheduler.GetScheduleInput{Name: awssdk.String("close")})
	if err != nil || *got.ScheduleExpression != at || *got.Target.Input != `{"GroupId":"sg-1"}` || got.State != types.ScheduleStateEnabled {
		t.Errorf("%+v, %v", got, err)
	}
}
