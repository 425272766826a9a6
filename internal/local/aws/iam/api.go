package iam

import (
	"context"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/policy"
	"github.com/sealift/sealift/internal/local/aws/query"
)

// Namespace is the XML namespace of the API.
const Namespace = "https://iam.amazonaws.com/doc/2010-05-08/"

// call is one request to the API. It holds the lock while it runs.
type call struct {
	*Service
	id      *Identity
	account *account
	p       query.Params
}

// operation is one action of the API. do changes nothing when it returns an error.
type operation struct {
	writes bool
	params string // the names it takes
	do     func(c *call) (any, error)
}

var operations = map[string]operation{
	"CreateUser":        {true, "UserName Path Tags", (*call).createUser},
	"GetUser":           {false, "UserName", (*call).getUser},
	"ListUsers":         {false, "PathPrefix Marker MaxItems", (*call).listUsers},
	"DeleteUser":        {true, "UserName", (*call).deleteUser},
	"CreateAccessKey":   {true, "UserName", (*call).createAccessKey},
	"ListAccessKeys":    {false, "UserName Marker MaxItems", (*call).listAccessKeys},
	"UpdateAccessKey":   {true, "UserName AccessKeyId Status", (*call).updateAccessKey},
	"DeleteAccessKey":   {true, "UserName AccessKeyId", (*call).deleteAccessKey},
	"GetAccountSummary": {false, "", (*call).getAccountSummary},

	"CreateRole":             {true, "RoleName Path AssumeRolePolicyDocument Description MaxSessionDuration Tags", (*call).createRole},
	"GetRole":                {false, "RoleName", (*call).getRole},
	"ListRoles":              {false, "PathPrefix Marker MaxItems", (*call).listRoles},
	"UpdateRole":             {true, "RoleName Description MaxSessionDuration", (*call).updateRole},
	"UpdateAssumeRolePolicy": {true, "RoleName PolicyDocument", (*call).updateAssumeRolePolicy},
	"DeleteRole":             {true, "RoleName", (*call).deleteRole},

	"PutUserPolicy":            {true, "UserName PolicyName PolicyDocument", ofUser((*call).putPolicy)},
	"PutRolePolicy":            {true, "RoleName PolicyName PolicyDocument", ofRole((*call).putPolicy)},
	"GetUserPolicy":            {false, "UserName PolicyName", ofUser((*call).getPolicyOf)},
	"GetRolePolicy":            {false, "RoleName PolicyName", ofRole((*call).getPolicyOf)},
	"ListUserPolicies":         {false, "UserName Marker MaxItems", ofUser((*call).listPoliciesOf)},
	"ListRolePolicies":         {false, "RoleName Marker MaxItems", ofRole((*call).listPoliciesOf)},
	"DeleteUserPolicy":         {true, "UserName PolicyName", ofUser((*call).deletePolicyOf)},
	"DeleteRolePolicy":         {true, "RoleName PolicyName", ofRole((*call).deletePolicyOf)},
	"AttachUserPolicy":         {true, "UserName PolicyArn", ofUser((*call).attach)},
	"AttachRolePolicy":         {true, "RoleName PolicyArn", ofRole((*call).attach)},
	"DetachUserPolicy":         {true, "UserName PolicyArn", ofUser((*call).detach)},
	"DetachRolePolicy":         {true, "RoleName PolicyArn", ofRole((*call).detach)},
	"ListAttachedUserPolicies": {false, "UserName PathPrefix Marker MaxItems", ofUser((*call).listAttached)},
	"ListAttachedRolePolicies": {false, "RoleName PathPrefix Marker MaxItems", ofRole((*call).listAttached)},
	"TagUser":                  {true, "UserName Tags", ofUser((*call).tag)},
	"TagRole":                  {true, "RoleName Tags", ofRole((*call).tag)},
	"UntagUser":                {true, "UserName TagKeys", ofUser((*call).untag)},
	"UntagRole":                {true, "RoleName TagKeys", ofRole((*call).untag)},
	"ListUserTags":             {false, "UserName Marker MaxItems", ofUser((*call).listTags)},
	"ListRoleTags":             {false, "RoleName Marker MaxItems", ofRole((*call).listTags)},

	"CreateGroup":               {true, "GroupName Path", (*call).createGroup},
	"GetGroup":                  {false, "GroupName Marker MaxItems", (*call).getGroup},
	"ListGroups":                {false, "PathPrefix Marker MaxItems", (*call).listGroups},
	"ListGroupsForUser":         {false, "UserName Marker MaxItems", (*call).listGroupsForUser},
	"AddUserToGroup":            {true, "GroupName UserName", (*call).addUserToGroup},
	"RemoveUserFromGroup":       {true, "GroupName UserName", (*call).removeUserFromGroup},
	"DeleteGroup":               {true, "GroupName", (*call).deleteGroup},
	"PutGroupPolicy":            {true, "GroupName PolicyName PolicyDocument", ofGroup((*call).putPolicy)},
	"GetGroupPolicy":            {false, "GroupName PolicyName", ofGroup((*call).getPolicyOf)},
	"ListGroupPolicies":         {false, "GroupName Marker MaxItems", ofGroup((*call).listPoliciesOf)},
	"DeleteGroupPolicy":         {true, "GroupName PolicyName", ofGroup((*call).deletePolicyOf)},
	"AttachGroupPolicy":         {true, "GroupName PolicyArn", ofGroup((*call).attach)},
	"DetachGroupPolicy":         {true, "GroupName PolicyArn", ofGroup((*call).detach)},
	"ListAttachedGroupPolicies": {false, "GroupName PathPrefix Marker MaxItems", ofGroup((*call).listAttached)},

	"SimulatePrincipalPolicy": {false, "PolicySourceArn " + simulated, (*call).simulatePrincipal},
	"SimulateCustomPolicy":    {false, simulated, (*call).simulateCustom},

	"CreateInstanceProfile":         {true, "InstanceProfileName Path Tags", (*call).createProfile},
	"GetInstanceProfile":            {false, "InstanceProfileName", (*call).getProfile},
	"ListInstanceProfiles":          {false, "PathPrefix Marker MaxItems", (*call).listProfiles},
	"ListInstanceProfilesForRole":   {false, "RoleName Marker MaxItems", (*call).listProfilesForRole},
	"AddRoleToInstanceProfile":      {true, "InstanceProfileName RoleName", (*call).addRoleToProfile},
	"RemoveRoleFromInstanceProfile": {true, "InstanceProfileName RoleName", (*call).removeRoleFromProfile},
	"DeleteInstanceProfile":         {true, "InstanceProfileName", (*call).deleteProfile},

	"CreateOpenIDConnectProvider":        {true, "Url ClientIDList ThumbprintList", (*call).createProvider},
	"AddClientIDToOpenIDConnectProvider": {true, "OpenIDConnectProviderArn ClientID", (*call).addClient},
	"GetOpenIDConnectProvider":           {false, "OpenIDConnectProviderArn", (*call).getProvider},
	"ListOpenIDConnectProviders":         {false, "", (*call).listProviders},
	"DeleteOpenIDConnectProvider":        {true, "OpenIDConnectProviderArn", (*call).deleteProvider},

	"CreatePolicy":            {true, "PolicyName Path PolicyDocument Description Tags", (*call).createPolicy},
	"GetPolicy":               {false, "PolicyArn", (*call).getPolicy},
	"ListPolicies":            {false, "Scope OnlyAttached PathPrefix Marker MaxItems", (*call).listPolicies},
	"DeletePolicy":            {true, "PolicyArn", (*call).deletePolicy},
	"CreatePolicyVersion":     {true, "PolicyArn PolicyDocument SetAsDefault", (*call).createPolicyVersion},
	"GetPolicyVersion":        {false, "PolicyArn VersionId", (*call).getPolicyVersion},
	"ListPolicyVersions":      {false, "PolicyArn Marker MaxItems", (*call).listPolicyVersions},
	"DeletePolicyVersion":     {true, "PolicyArn VersionId", (*call).deletePolicyVersion},
	"SetDefaultPolicyVersion": {true, "PolicyArn VersionId", (*call).setDefaultPolicyVersion},
}

// Call carries out an action of the API.
func (s *Service) Call(_ context.Context, id *Identity, action string, p query.Params) (any, error) {
	op, ok := operations[action]
	if !ok {
		return nil, awserr.NotImitated("iam:" + action)
	}
	if p.Has("PermissionsBoundary") {
		return nil, awserr.NotImitated("a permissions boundary")
	}
	if err := p.Only("iam", action, strings.Fields(op.params)...); err != nil {
		return nil, err
	}
	// A user's session token without MFA cannot call IAM: STS API reference, GetSessionToken.
	if id.Temporary() && id.RoleARN == "" {
		return nil, awserr.New(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid")
	}
	if !op.writes {
		s.mu.RLock()
		defer s.mu.RUnlock()
		return op.do(&call{s, id, s.state.Accounts[id.Account], p})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out, err := op.do(&call{s, id, s.state.Accounts[id.Account], p})
	if err != nil {
		return nil, err
	}
	if err := s.file.Save(&s.state); err != nil {
		return nil, err
	}
	return out, nil
}

func validation(format string, args ...any) error {
	return awserr.New(http.StatusBadRequest, "ValidationError", format, args...)
}

func noSuch(format string, args ...any) error {
	return awserr.New(http.StatusNotFound, "NoSuchEntity", format, args...)
}

func exists(format string, args ...any) error {
	return awserr.New(http.StatusConflict, "EntityAlreadyExists", format, args...)
}

func limit(format string, args ...any) error {
	return awserr.New(http.StatusConflict, "LimitExceeded", format, args...)
}

func conflict(format string, args ...any) error {
	return awserr.New(http.StatusConflict, "DeleteConflict", format, args...)
}

// allow asks whether the caller may do action on a resource of its own account.
func (c *call) allow(action, resource string, ctx policy.Context) error {
	return c.authorize(c.id, Access{Action: "iam:" + action, Resource: resource, ResourceAccount: c.id.Account, Context: ctx})
}

var (
	nameText  = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathText  = regexp.MustCompile(`^(/|/[\x21-\x7e]+/)$`)
	tagText   = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
	versionID = regexp.MustCompile(`^v[1-9][0-9]*$`)
)

// name reads a name parameter.
func (c *call) name(param string, longest int) (string, error) {
	v := c.p.Get(param)
	if v == "" {
		return "", validation("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", lowerFirst(param))
	}
	if len(v) > longest || !nameText.MatchString(v) {
		return "", validation("The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- and be at most %d long", lowerFirst(param), longest)
	}
	return v, nil
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// labels are what everything is made with: a name, a path and tags.
func (c *call) labels(param string, longest int) (name, path string, tags map[string]string, err error) {
	if name, err = c.name(param, longest); err != nil {
		return
	}
	if path, err = c.path(); err != nil {
		return
	}
	tags, err = c.tags(nil)
	return
}

func (c *call) path() (string, error) {
	v := c.p.Get("Path")
	if v == "" {
		return "/", nil
	}
	if len(v) > 512 || !pathText.MatchString(v) {
		return "", validation("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	return v, nil
}

const maxTags = 50

// tags reads Tags and puts them on top of old.
func (c *call) tags(old map[string]string) (map[string]string, error) {
	all := maps.Clone(old)
	if all == nil {
		all = map[string]string{}
	}
	for _, t := range c.p.Structs("Tags", "member") {
		key, value := t.Get("Key"), t.Get("Value")
		if key == "" || len(key) > 128 || len(value) > 256 || !tagText.MatchString(key) || !tagText.MatchString(value) ||
			strings.HasPrefix(strings.ToLower(key), "aws:") {
			return nil, awserr.New(http.StatusBadRequest, "InvalidInput", "Tag %q is not valid", key)
		}
		for existing := range all {
			if strings.EqualFold(existing, key) { // keys ignore case, and keep the latest spelling
				delete(all, existing)
			}
		}
		all[key] = value
	}
	if len(all) > maxTags {
		return nil, limit("The number of tags has reached the maximum limit of %d", maxTags)
	}
	return all, nil
}

// document reads a policy document of a kind.
func (c *call) document(param string, kind policy.Kind) (*policy.Document, error) {
	text := c.p.Get(param)
	if text == "" {
		return nil, validation("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", lowerFirst(param))
	}
	doc, err := policy.Parse([]byte(text))
	if err == nil {
		err = doc.Check(kind)
	}
	if err == nil {
		err = c.checkPrincipals(doc)
	}
	if err != nil {
		return nil, awserr.New(http.StatusBadRequest, "MalformedPolicyDocument", "%s", err.Error())
	}
	return doc, nil
}

// size counts a document as IAM's quotas do: without white space.
func size(d *policy.Document) int { return len(strings.Join(strings.Fields(d.String()), "")) }

// page cuts items as Marker and MaxItems say.
func page[T any](c *call, items []T) (part []T, more paging, err error) {
	most, err := c.p.Int("MaxItems", 100)
	if err != nil {
		return nil, more, err
	}
	if most < 1 || most > 1000 {
		return nil, more, validation("1 validation error detected: Value '%d' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000", most)
	}
	start := 0
	if marker := c.p.Get("Marker"); marker != "" {
		raw, err := base64.StdEncoding.DecodeString(marker)
		if err == nil {
			start, err = strconv.Atoi(string(raw))
		}
		if err != nil || start < 0 || start > len(items) {
			return nil, more, validation("Invalid Marker")
		}
	}
	end := min(start+most, len(items))
	if end < len(items) {
		more = paging{true, base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(end)))}
	}
	return items[start:end], more, nil
}

// paging is the end of every list answer.
type paging struct {
	IsTruncated bool
	Marker      string `xml:",omitempty"`
}

type tagShape struct {
	Key   string
	Value string
}

func tagShapes(tags map[string]string) []tagShape {
	var all []tagShape
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, tagShape{key, tags[key]})
	}
	return all
}

// escape writes a document as the API answers it: percent-encoded, RFC 3986.
func escape(d *policy.Document) string {
	return strings.ReplaceAll(url.QueryEscape(d.String()), "+", "%20")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

type accountSummary struct {
	SummaryMap []summaryEntry `xml:"SummaryMap>entry"`
}

type summaryEntry struct {
	Key   string `xml:"key"`
	Value int    `xml:"value"`
}

func (c *call) getAccountSummary() (any, error) {
	if err := c.allow("GetAccountSummary", "*", nil); err != nil {
		return nil, err
	}
	return &accountSummary{[]summaryEntry{
		{"AccessKeysPerUserQuota", maxAccessKeys},
		{"AttachedPoliciesPerRoleQuota", maxAttached},
		{"AttachedPoliciesPerUserQuota", maxAttached},
		{"Groups", len(c.account.Groups)},
		{"GroupsPerUserQuota", maxGroupsOfUser},
		{"GroupsQuota", maxGroups},
		{"Policies", len(c.account.Policies)},
		{"Roles", len(c.account.Roles)},
		{"Users", len(c.account.Users)},
		{"VersionsPerPolicyQuota", maxVersions},
	}}, nil
}
