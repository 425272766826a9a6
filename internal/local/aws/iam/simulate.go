package iam

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// simulated are the parameters that both simulations take.
const simulated = "PolicyInputList ActionNames ResourceArns ResourcePolicy ResourceOwner CallerArn ContextEntries Marker MaxItems"

// The decisions, from the least to the most restrictive, which of several resources is reported of an action.
var decisions = []string{"allowed", "implicitDeny", "explicitDeny"}

type simulation struct {
	EvaluationResults []evaluation `xml:"EvaluationResults>member"`
	paging
}

// evaluation is the answer about one action. EvalResourceName is * because the stand-in knows no templates of ARNs.
type evaluation struct {
	EvalActionName          string
	EvalResourceName        string
	EvalDecision            string
	MatchedStatements       []matched          `xml:"MatchedStatements>member"`
	MissingContextValues    []string           `xml:"MissingContextValues>member"`
	ResourceSpecificResults []resourceDecision `xml:"ResourceSpecificResults>member"`
}

type resourceDecision struct {
	EvalResourceName     string
	EvalResourceDecision string
	MatchedStatements    []matched `xml:"MatchedStatements>member"`
	MissingContextValues []string  `xml:"MissingContextValues>member"`
}

// matched names the policy of a statement that decided. Where in it the statement stands is not imitated.
type matched struct {
	SourcePolicyID   string `xml:"SourcePolicyId"`
	SourcePolicyType string
}

// simulatePrincipal asks what a user, group or role could do, with its own policies and those that are given.
func (c *call) simulatePrincipal() (any, error) {
	arn := c.p.Get("PolicySourceArn")
	if err := c.allow("SimulatePrincipalPolicy", arn, nil); err != nil {
		return nil, err
	}
	e, err := c.simulatedEntity(arn)
	if err != nil {
		return nil, err
	}
	own := c.state.policiesOf(e)
	given, err := c.given()
	if err != nil {
		return nil, err
	}
	return c.simulate(append(own, given...), arn)
}

// simulateCustom asks what the policies that are given would allow.
func (c *call) simulateCustom() (any, error) {
	if err := c.allow("SimulateCustomPolicy", "*", nil); err != nil {
		return nil, err
	}
	given, err := c.given()
	if err != nil {
		return nil, err
	}
	if len(given) == 0 {
		return nil, validation("1 validation error detected: Value null at 'policyInputList' failed to satisfy constraint: Member must not be null")
	}
	if c.p.Has("ResourcePolicy") && !c.p.Has("CallerArn") {
		return nil, invalidInput("CallerArn is required if you include a ResourcePolicy: its Principal is held against the caller")
	}
	return c.simulate(given, "")
}

func invalidInput(format string, args ...any) error {
	return awserr.New(http.StatusBadRequest, "InvalidInput", format, args...)
}

// simulatedEntity finds a user, group or role of the caller's account.
func (c *call) simulatedEntity(arn string) (*entity, error) {
	if policy.AccountOf(arn) == c.account.ID {
		if u := c.state.user(arn); u != nil {
			return &u.entity, nil
		}
		if g := c.state.group(arn); g != nil {
			return &g.entity, nil
		}
		if r := c.state.role(arn); r != nil {
			return &r.entity, nil
		}
	}
	return nil, noSuch("The entity with ARN %s cannot be found.", arn)
}

// given are the policies of the request.
func (c *call) given() ([]sourced, error) {
	var all []sourced
	for i, text := range c.p.Strings("PolicyInputList", "member") {
		doc, err := policy.Parse([]byte(text))
		if err == nil {
			err = doc.Check(policy.Identity)
		}
		if err != nil {
			return nil, invalidInput("PolicyInputList.%d: %s", i+1, err.Error())
		}
		all = append(all, sourced{"PolicyInputList." + strconv.Itoa(i+1), "none", doc})
	}
	return all, nil
}

var actionName = regexp.MustCompile(`^[a-zA-Z0-9-]+:[a-zA-Z0-9]+$`)

// simulate decides every action on every resource as the policies say, for the caller that is named, else for source. Nothing is
// known of the request but what ContextEntries say, and who the caller is.
func (c *call) simulate(policies []sourced, source string) (any, error) {
	actions := c.p.Strings("ActionNames", "member")
	if len(actions) == 0 {
		return nil, validation("1 validation error detected: Value null at 'actionNames' failed to satisfy constraint: Member must not be null")
	}
	for _, action := range actions {
		if !actionName.MatchString(action) {
			return nil, invalidInput("Invalid action name: %s", action)
		}
	}
	q, err := c.simulatedCaller(source)
	if err != nil {
		return nil, err
	}
	for _, p := range policies {
		q.Identity = append(q.Identity, p.document)
	}
	resources := c.p.Strings("ResourceArns", "member")
	var all []evaluation
	for _, action := range actions {
		q.Action = action
		one := evaluation{EvalActionName: action, EvalResourceName: "*"}
		if len(resources) == 0 || slices.Equal(resources, []string{"*"}) {
			at := evaluate(q, policies, "*")
			one.EvalDecision, one.MatchedStatements, one.MissingContextValues = at.EvalResourceDecision, at.MatchedStatements, at.MissingContextValues
		} else {
			for _, resource := range resources {
				one.ResourceSpecificResults = append(one.ResourceSpecificResults, evaluate(q, policies, resource))
			}
			one.unite()
		}
		all = append(all, one)
	}
	part, more, err := page(c, all)
	if err != nil {
		return nil, err
	}
	return &simulation{part, more}, nil
}

// simulatedCaller is the question, without action and resource.
func (c *call) simulatedCaller(source string) (policy.Question, error) {
	q := policy.Question{Request: policy.Request{Context: policy.Context{}}}
	arn := source
	if c.p.Has("CallerArn") {
		arn = c.p.Get("CallerArn")
		if _, err := c.simulatedEntity(arn); err != nil {
			return q, invalidInput("CallerArn %s is not the ARN of a user, group or role of this account", arn)
		}
	}
	q.Principal = policy.Principal{Account: c.account.ID, ARN: arn}
	if arn == "" {
		q.Principal.ARN = "arn:aws:iam::" + c.account.ID + ":user/" // nobody in particular
	} else {
		e, err := c.simulatedEntity(arn)
		if err != nil {
			return q, err
		}
		q.Context["aws:principalarn"], q.Context["aws:principalaccount"] = []string{arn}, []string{c.account.ID}
		if e.kind() == "user" {
			q.Context["aws:username"], q.Context["aws:userid"] = []string{e.Name}, []string{e.ID}
		}
		for key, value := range e.Tags {
			q.Context["aws:principaltag/"+strings.ToLower(key)] = []string{value}
		}
		if e.kind() == "role" {
			q.Principal.RoleARN = arn
		}
	}
	for _, entry := range c.p.Structs("ContextEntries", "member") {
		key := strings.ToLower(entry.Get("ContextKeyName"))
		if key == "" {
			return q, invalidInput("ContextEntries: ContextKeyName must not be empty")
		}
		q.Context[key] = entry.Strings("ContextKeyValues", "member")
	}
	q.ResourceAccount = c.account.ID
	if owner := c.p.Get("ResourceOwner"); owner != "" {
		if q.ResourceAccount = policy.AccountOf(owner); owner != policy.RootARN(q.ResourceAccount) {
			return q, invalidInput("ResourceOwner %s is not the ARN of an account: arn:aws:iam::123456789012:root", owner)
		}
	}
	text := c.p.Get("ResourcePolicy")
	if text == "" {
		return q, nil
	}
	if q.Principal.RoleARN != "" { // IAM API reference, SimulatePrincipalPolicy, ResourceArns
		return q, invalidInput("Simulation of resource-based policies isn't supported for IAM roles.")
	}
	doc, err := policy.Parse([]byte(text))
	if err == nil {
		err = doc.Check(policy.Resource)
	}
	if err != nil {
		return q, invalidInput("ResourcePolicy: %s", err.Error())
	}
	q.ResourcePolicy = doc
	return q, nil
}

// evaluate decides one action on one resource.
func evaluate(q policy.Question, policies []sourced, resource string) resourceDecision {
	q.Resource = resource
	out := resourceDecision{EvalResourceName: resource, EvalResourceDecision: "implicitDeny"}
	switch d := policy.Decide(q); {
	case d.Allowed:
		out.EvalResourceDecision = "allowed"
	case strings.Contains(d.Why, "explicit deny"):
		out.EvalResourceDecision = "explicitDeny"
	}
	if q.ResourcePolicy != nil {
		policies = append(slices.Clone(policies), sourced{"ResourcePolicy", "resource", q.ResourcePolicy})
	}
	for _, p := range policies {
		allows, denies := p.document.Effects(q.Request)
		if out.EvalResourceDecision == "allowed" && allows || out.EvalResourceDecision == "explicitDeny" && denies {
			out.MatchedStatements = append(out.MatchedStatements, matched{p.name, p.kind})
		}
		for _, key := range p.document.Keys() {
			if _, there := q.Context[key]; !there && !slices.Contains(out.MissingContextValues, key) {
				out.MissingContextValues = append(out.MissingContextValues, key)
			}
		}
	}
	return out
}

// unite says of an action what is so of its resources together.
func (e *evaluation) unite() {
	worst := 0
	for _, r := range e.ResourceSpecificResults {
		worst = max(worst, slices.Index(decisions, r.EvalResourceDecision))
	}
	e.EvalDecision = decisions[worst]
	for _, r := range e.ResourceSpecificResults {
		for _, m := range r.MatchedStatements {
			if r.EvalResourceDecision == e.EvalDecision && !slices.Contains(e.MatchedStatements, m) {
				e.MatchedStatements = append(e.MatchedStatements, m)
			}
		}
		for _, key := range r.MissingContextValues {
			if !slices.Contains(e.MissingContextValues, key) {
				e.MissingContextValues = append(e.MissingContextValues, key)
			}
		}
	}
}
