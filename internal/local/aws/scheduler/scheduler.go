// Package scheduler is the stand-in's Amazon EventBridge Scheduler, as far as one thing needs it: to call an operation of
// AWS once, at a time, under a role, and to forget it afterwards. What it can call is given to it.
package scheduler

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/durable"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// Principal is the name by which roles trust the service.
const Principal = "scheduler.amazonaws.com"

// Target calls one operation of AWS as id. input is what the schedule says.
type Target func(ctx context.Context, id *iam.Identity, input json.RawMessage) error

// Options make a Service.
type Options struct {
	Dir     string // where the schedules are kept
	IAM     *iam.Service
	Targets map[string]Target // by ARN: arn:aws:scheduler:::aws-sdk:ec2:revokeSecurityGroupIngress
	Log     *slog.Logger      // nil discards
	Now     func() time.Time  // default: time.Now
}

// Service holds the schedules of all accounts and regions, and calls what they say. It is safe for concurrent use.
type Service struct {
	iam     *iam.Service
	targets map[string]Target
	log     *slog.Logger
	now     func() time.Time
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex // guards the rest
	file   *durable.File[state]
	state  state
	timers map[string]*time.Timer // by key of the schedule
}

const stateVersion = 1

type state struct {
	Version   int
	Schedules map[string]*schedule
}

// schedule is one of them.
type schedule struct {
	shape

	At       time.Time // what the expression means
	Account  string
	Region   string
	Token    string // of the request that made it
	Attempts int
}

type flexible struct {
	Mode                   string
	MaximumWindowInMinutes int `json:",omitempty"`
}

type target struct {
	Arn         string
	RoleArn     string
	Input       string `json:",omitempty"`
	RetryPolicy *retry `json:",omitempty"`
}

type retry struct {
	MaximumEventAgeInSeconds *int `json:",omitempty"`
	MaximumRetryAttempts     *int `json:",omitempty"`
}

// The defaults and limits of retrying (API model scheduler, RetryPolicy).
const (
	defaultAge      = 86400
	defaultAttempts = 185
)

// New opens the schedules kept in Options.Dir, and waits for their times.
func New(opts Options) (*Service, error) {
	s := &Service{iam: opts.IAM, targets: opts.Targets, log: opts.Log, now: opts.Now, timers: map[string]*time.Timer{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.state = state{stateVersion, map[string]*schedule{}}
	var err error
	if s.file, _, err = durable.Open(filepath.Join(opts.Dir, "scheduler.json"), &s.state, &s.state.Version); err != nil {
		return nil, fmt.Errorf("open scheduler: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, one := range s.state.Schedules {
		s.wait(key, one.At)
	}
	return s, nil
}

// Close stops waiting, and waits for calls that are under way. The schedules stay for the next start.
func (s *Service) Close() {
	s.cancel()
	s.mu.Lock()
	for _, t := range s.timers {
		t.Stop()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// wait lets a schedule be called at a time.
func (s *Service) wait(key string, at time.Time) {
	if old := s.timers[key]; old != nil {
		old.Stop()
	}
	s.timers[key] = time.AfterFunc(max(0, at.Sub(s.now())), func() { s.fire(key) })
}

// fire calls what a schedule says, and tries again later when that fails, as its policy says.
func (s *Service) fire(key string) {
	s.mu.Lock()
	one := s.state.Schedules[key]
	if one == nil || s.ctx.Err() != nil || s.now().Before(one.At) || one.State != "ENABLED" {
		s.mu.Unlock()
		return
	}
	s.running.Add(1)
	defer s.running.Done()
	called := *one
	s.mu.Unlock()
	err := s.call(called)
	s.log.Info("a schedule was called", "schedule", called.Name, "target", called.Target.Arn, "err", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if one = s.state.Schedules[key]; one == nil || !one.At.Equal(called.At) {
		return // deleted or changed meanwhile
	}
	age, attempts := defaultAge, defaultAttempts
	if r := one.Target.RetryPolicy; r != nil {
		if r.MaximumEventAgeInSeconds != nil {
			age = *r.MaximumEventAgeInSeconds
		}
		if r.MaximumRetryAttempts != nil {
			attempts = *r.MaximumRetryAttempts
		}
	}
	one.Attempts++
	if err != nil && one.Attempts <= attempts && s.now().Sub(one.At) < time.Duration(age)*time.Second {
		s.wait(key, s.now().Add(time.Second<<min(one.Attempts, 10)))
		return
	}
	delete(s.timers, key)
	if one.ActionAfterCompletion == "DELETE" {
		delete(s.state.Schedules, key)
	} else {
		one.State = "DISABLED" // it never runs again
	}
	if err := s.file.Save(&s.state); err != nil {
		s.log.Error("keep schedules", "err", err)
	}
}

// call calls a target under the schedule's role, with the session name that the service gives.
func (s *Service) call(one schedule) error {
	id, err := s.iam.AssumeForService(Principal, one.Target.RoleArn, strings.ReplaceAll(one.Name, "/", "_"), policy.Context{
		"aws:sourceaccount": {one.Account}, "aws:sourcearn": {"arn:aws:scheduler:" + one.Region + ":" + one.Account + ":schedule-group/" + one.GroupName},
	})
	if err != nil {
		return err
	}
	id.Region = one.Region
	do := s.targets[one.Target.Arn]
	if do == nil {
		return fmt.Errorf("no target %s", one.Target.Arn)
	}
	return do(s.ctx, id, json.RawMessage(one.Target.Input))
}

// Call carries out an operation of the API: the method and path of a request, its query, and its body.
func (s *Service) Call(id *iam.Identity, method, path string, query map[string][]string, body []byte) (any, error) {
	kind, name, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	group := "default"
	if g := query["groupName"]; len(g) == 1 {
		group = g[0]
	}
	switch {
	case kind == "schedules" && name == "" && method == http.MethodGet:
		return s.list(id, query)
	case kind == "schedules" && name != "" && method == http.MethodPost:
		return s.put(id, name, body, true)
	case kind == "schedules" && name != "" && method == http.MethodPut:
		return s.put(id, name, body, false)
	case kind == "schedules" && name != "" && method == http.MethodGet:
		return s.get(id, group, name)
	case kind == "schedules" && name != "" && method == http.MethodDelete:
		return s.remove(id, group, name)
	default:
		return nil, awserr.NotImitated("scheduler: " + method + " " + path)
	}
}

// request is the body of CreateSchedule and UpdateSchedule.
type request struct {
	ActionAfterCompletion      string
	ClientToken                string
	Description                string
	EndDate                    *float64
	FlexibleTimeWindow         *flexible
	GroupName                  string
	KmsKeyArn                  string
	ScheduleExpression         string
	ScheduleExpressionTimezone string
	StartDate                  *float64
	State                      string
	Target                     *struct {
		Arn                         string
		RoleArn                     string
		Input                       string
		RetryPolicy                 *retry
		DeadLetterConfig            json.RawMessage
		EcsParameters               json.RawMessage
		EventBridgeParameters       json.RawMessage
		KinesisParameters           json.RawMessage
		SageMakerPipelineParameters json.RawMessage
		SqsParameters               json.RawMessage
	}
}

var (
	scheduleName = regexp.MustCompile(`^[0-9a-zA-Z-_.]{1,64}$`)
	atExpression = regexp.MustCompile(`^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)$`)
)

func invalid(format string, args ...any) error {
	return awserr.New(http.StatusBadRequest, "ValidationException", format, args...)
}

func (s *Service) arn(id *iam.Identity, group, name string) string {
	return "arn:aws:scheduler:" + id.Region + ":" + id.Account + ":schedule/" + group + "/" + name
}

func (s *Service) allow(id *iam.Identity, action, resource string) error {
	err := s.iam.Authorize(id, iam.Access{Action: "scheduler:" + action, Resource: resource, ResourceAccount: id.Account})
	return awserr.Denied(err, http.StatusForbidden)
}

func (s *Service) read(name string, body []byte) (*schedule, *request, error) {
	var r request
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return nil, nil, invalid("The request cannot be read: %v", err)
	}
	for what, there := range map[string]bool{
		"EndDate": r.EndDate != nil, "StartDate": r.StartDate != nil, "KmsKeyArn": r.KmsKeyArn != "",
		"a schedule group": r.GroupName != "" && r.GroupName != "default", "Target.DeadLetterConfig": r.Target != nil && r.Target.DeadLetterConfig != nil,
	} {
		if there {
			return nil, nil, awserr.NotImitated(what + " of a schedule")
		}
	}
	one := &schedule{Token: r.ClientToken, shape: shape{
		Name: name, GroupName: "default", State: "ENABLED", Description: r.Description, ScheduleExpression: r.ScheduleExpression,
		ScheduleExpressionTimezone: "UTC", ActionAfterCompletion: "NONE",
	}}
	if r.State != "" {
		one.State = r.State
	}
	if r.ActionAfterCompletion != "" {
		one.ActionAfterCompletion = r.ActionAfterCompletion
	}
	if r.ScheduleExpressionTimezone != "" {
		one.ScheduleExpressionTimezone = r.ScheduleExpressionTimezone
	}
	zone, err := time.LoadLocation(one.ScheduleExpressionTimezone)
	if err != nil {
		return nil, nil, invalid("Invalid Timezone: %s", one.ScheduleExpressionTimezone)
	}
	m := atExpression.FindStringSubmatch(r.ScheduleExpression)
	switch {
	case !scheduleName.MatchString(name):
		return nil, nil, invalid("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[0-9a-zA-Z-_.]+$", name)
	case r.FlexibleTimeWindow == nil || r.Target == nil:
		return nil, nil, invalid("FlexibleTimeWindow and Target must not be null")
	case r.FlexibleTimeWindow.Mode != "OFF":
		return nil, nil, awserr.NotImitated("flexible time windows")
	case m == nil && (strings.HasPrefix(r.ScheduleExpression, "rate(") || strings.HasPrefix(r.ScheduleExpression, "cron(")):
		return nil, nil, awserr.NotImitated("schedules that repeat")
	case m == nil:
		return nil, nil, invalid("Invalid Schedule Expression %s.", r.ScheduleExpression)
	case one.State != "ENABLED" && one.State != "DISABLED", one.ActionAfterCompletion != "NONE" && one.ActionAfterCompletion != "DELETE":
		return nil, nil, invalid("State or ActionAfterCompletion is not valid")
	}
	if one.At, err = time.ParseInLocation("2006-01-02T15:04:05", m[1], zone); err != nil {
		return nil, nil, invalid("Invalid Schedule Expression %s.", r.ScheduleExpression)
	}
	if !one.At.After(s.now().Add(-time.Minute)) {
		return nil, nil, invalid("Invalid Schedule Expression %s. It is in the past.", r.ScheduleExpression)
	}
	one.FlexibleTimeWindow = *r.FlexibleTimeWindow
	one.Target = target{Arn: r.Target.Arn, RoleArn: r.Target.RoleArn, Input: r.Target.Input, RetryPolicy: r.Target.RetryPolicy}
	if !strings.HasPrefix(one.Target.Arn, "arn:aws:scheduler:::aws-sdk:") || s.targets[one.Target.Arn] == nil {
		return nil, nil, awserr.NotImitated("the target " + one.Target.Arn)
	}
	if one.Target.Input != "" && !json.Valid([]byte(one.Target.Input)) {
		return nil, nil, invalid("Invalid RequestJson provided. Reason The Input is not JSON")
	}
	return one, &r, nil
}

// put makes a schedule, or changes one as a whole. The same request with the same token again changes nothing.
func (s *Service) put(id *iam.Identity, name string, body []byte, create bool) (any, error) {
	one, r, err := s.read(name, body)
	if err != nil {
		return nil, err
	}
	action := "UpdateSchedule"
	if create {
		action = "CreateSchedule"
	}
	one.Arn, one.Account, one.Region = s.arn(id, one.GroupName, name), id.Account, id.Region
	if err := s.allow(id, action, one.Arn); err != nil {
		return nil, err
	}
	if err := s.iam.PassRole(id, one.Target.RoleArn, Principal); err != nil {
		return nil, awserr.Denied(err, http.StatusForbidden)
	}
	if _, err := s.iam.AssumeForService(Principal, one.Target.RoleArn, "check", policy.Context{"aws:sourceaccount": {id.Account}, "aws:sourcearn": {"arn:aws:scheduler:" + id.Region + ":" + id.Account + ":schedule-group/default"}}); err != nil {
		return nil, invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.state.Schedules[one.Arn]
	switch {
	case create && old != nil && r.ClientToken != "" && old.Token == r.ClientToken:
		return map[string]string{"ScheduleArn": old.Arn}, nil
	case create && old != nil:
		return nil, awserr.New(http.StatusConflict, "ConflictException", "Schedule %s already exists.", name)
	case !create && old == nil:
		return nil, notFound(name)
	}
	now := float64(s.now().UnixMilli()) / 1000
	one.CreationDate, one.LastModificationDate = now, now
	if old != nil {
		one.CreationDate = old.CreationDate
	}
	s.state.Schedules[one.Arn] = one
	if err := s.file.Save(&s.state); err != nil {
		return nil, err
	}
	s.wait(one.Arn, one.At)
	return map[string]string{"ScheduleArn": one.Arn}, nil
}

func notFound(name string) error {
	return awserr.New(http.StatusNotFound, "ResourceNotFoundException", "Schedule %s does not exist.", name)
}

func (s *Service) get(id *iam.Identity, group, name string) (any, error) {
	arn := s.arn(id, group, name)
	if err := s.allow(id, "GetSchedule", arn); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.state.Schedules[arn]
	if one == nil {
		return nil, notFound(name)
	}
	return one.shape, nil
}

func (s *Service) remove(id *iam.Identity, group, name string) (any, error) {
	arn := s.arn(id, group, name)
	if err := s.allow(id, "DeleteSchedule", arn); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Schedules[arn] == nil {
		return nil, notFound(name)
	}
	delete(s.state.Schedules, arn)
	if t := s.timers[arn]; t != nil {
		t.Stop()
		delete(s.timers, arn)
	}
	return struct{}{}, s.file.Save(&s.state)
}

func (s *Service) list(id *iam.Identity, query map[string][]string) (any, error) {
	if err := s.allow(id, "ListSchedules", "*"); err != nil {
		return nil, err
	}
	prefix := ""
	for key, values := range query {
		switch key {
		case "NamePrefix":
			prefix = values[0]
		case "ScheduleGroup": // of which there is one
		default:
			return nil, awserr.NotImitated("the parameter " + key + " of scheduler:ListSchedules")
		}
	}
	type summary struct {
		Arn, Name, GroupName, State        string
		CreationDate, LastModificationDate float64
		Target                             map[string]string
	}
	out := struct{ Schedules []summary }{Schedules: []summary{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, arn := range slices.Sorted(maps.Keys(s.state.Schedules)) {
		one := s.state.Schedules[arn]
		if one.Account == id.Account && one.Region == id.Region && strings.HasPrefix(one.Name, prefix) {
			out.Schedules = append(out.Schedules, summary{one.Arn, one.Name, one.GroupName, one.State, one.CreationDate, one.LastModificationDate, map[string]string{"Arn": one.Target.Arn}})
		}
	}
	return out, nil
}

// shape is what GetSchedule answers.
type shape struct {
	Arn                        string
	Name                       string
	GroupName                  string
	State                      string
	Description                string `json:",omitempty"`
	ScheduleExpression         string
	ScheduleExpressionTimezone string
	FlexibleTimeWindow         flexible
	ActionAfterCompletion      string
	Target                     target
	CreationDate               float64
	LastModificationDate       float64
}
