package s3

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// BucketInfo tells about a bucket.
type BucketInfo struct {
	Name    string
	Owner   string // account
	Region  string
	Created time.Time
}

func (conf *config) info() BucketInfo {
	return BucketInfo{Name: conf.Name, Owner: conf.Owner, Region: conf.Region, Created: conf.Created}
}

// usEast1 is the region that requests without a location constraint mean.
const usEast1 = "us-east-1"

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
)

// checkBucketName applies the rules of the S3 user guide, "General purpose bucket naming rules".
func checkBucketName(name string) error {
	_, notAddress := netip.ParseAddr(name)
	reserved := slices.ContainsFunc([]string{"xn--", "sthree-", "amzn-s3-demo-"}, func(p string) bool { return strings.HasPrefix(name, p) }) ||
		slices.ContainsFunc([]string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}, func(s string) bool { return strings.HasSuffix(name, s) })
	if !bucketName.MatchString(name) || strings.Contains(name, "..") || notAddress == nil || reserved {
		return refuse(http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid.", "BucketName", name)
	}
	return nil
}

// CreateBucket makes a bucket of the caller's account. location is the location constraint, which must fit the region
// that the request is made for: only us-east-1 makes buckets elsewhere.
func (c *Caller) CreateBucket(_ context.Context, name, location string) (BucketInfo, error) {
	if c.id == nil {
		return BucketInfo{}, accessDenied()
	}
	if err := checkBucketName(name); err != nil {
		return BucketInfo{}, err
	}
	extra := policy.Context{"s3:createbucketconfiguration": {"false"}}
	if location != "" {
		extra["s3:locationconstraint"] = []string{location}
		extra["s3:createbucketconfiguration"] = []string{"true"}
	}
	err := c.s.opts.IAM.Authorize(c.id, iam.Access{
		Action: "s3:CreateBucket", Resource: bucketARN(name), ResourceAccount: c.id.Account, Context: c.context(extra),
	})
	if err != nil {
		return BucketInfo{}, err
	}
	here := cmp.Or(c.id.Region, c.s.opts.Region, usEast1)
	region := cmp.Or(location, usEast1)
	if location == "EU" { // the oldest name of eu-west-1
		region = "eu-west-1"
	}
	switch {
	case location == usEast1, !regionName.MatchString(region):
		return BucketInfo{}, refuse(http.StatusBadRequest, "InvalidLocationConstraint", "The specified location-constraint is not valid", "LocationConstraint", location)
	case here != usEast1 && region != here:
		return BucketInfo{}, refuse(http.StatusBadRequest, "IllegalLocationConstraintException",
			"The "+cmp.Or(location, "unspecified")+" location constraint is incompatible for the region specific endpoint this request was sent to.")
	}
	conf := &config{
		Version: configVersion, Name: name, Owner: c.id.Account, Region: region, Created: c.s.now(),
		// New buckets block public access and have no ACLs since April 2023.
		PublicAccess: &publicAccess{true, true, true, true}, Ownership: true,
	}
	if err := c.s.add(conf); err != nil {
		return BucketInfo{}, err
	}
	return conf.info(), nil
}

// taken is the answer to a name that another bucket has. us-east-1 alone lets owners create their bucket again.
func taken(old, asked *config) error {
	switch {
	case old.Owner != asked.Owner:
		return refuse(http.StatusConflict, "BucketAlreadyExists",
			"The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
			"BucketName", asked.Name)
	case old.Region == usEast1 && asked.Region == usEast1:
		return nil
	default:
		return refuse(http.StatusConflict, "BucketAlreadyOwnedByYou",
			"Your previous request to create the named bucket succeeded and you already own it.", "BucketName", asked.Name)
	}
}

// HeadBucket tells about a bucket.
func (c *Caller) HeadBucket(_ context.Context, name string) (BucketInfo, error) {
	b, err := c.bucket(name)
	if err != nil {
		return BucketInfo{}, err
	}
	conf := b.config()
	err = c.permit(b, "s3:ListBucket", "", nil)
	if err != nil {
		if e, ok := errors.AsType[*awserr.Error](err); ok {
			err = (&fault{err: e}).header("X-Amz-Bucket-Region", conf.Region)
		}
		return BucketInfo{}, err
	}
	return conf.info(), nil
}

// Location tells where a bucket is, to whoever has the right to know. Unlike all else it can be asked in any region: that
// is how clients find out which one to ask.
func (c *Caller) Location(_ context.Context, name string) (string, error) {
	b, err := c.s.find(name)
	if err != nil {
		return "", err
	}
	conf := b.config()
	if c.expectedOwner != "" && c.expectedOwner != conf.Owner {
		return "", accessDenied()
	}
	return conf.Region, c.permit(b, "s3:GetBucketLocation", "", nil)
}

// DeleteBucket deletes an empty bucket.
func (c *Caller) DeleteBucket(_ context.Context, name string) error {
	b, err := c.bucket(name)
	if err != nil {
		return err
	}
	if err := c.permit(b, "s3:DeleteBucket", "", nil); err != nil {
		return err
	}
	return c.s.drop(b)
}

// ListBuckets gives the buckets of the caller's account, by name.
func (c *Caller) ListBuckets(_ context.Context) ([]BucketInfo, error) {
	if c.id == nil {
		return nil, accessDenied()
	}
	err := c.s.opts.IAM.Authorize(c.id, iam.Access{
		Action: "s3:ListAllMyBuckets", Resource: "arn:aws:s3:::*", ResourceAccount: c.id.Account, Context: c.context(nil),
	})
	if err != nil {
		return nil, err
	}
	c.s.mu.RLock()
	defer c.s.mu.RUnlock()
	var all []BucketInfo
	for _, b := range c.s.buckets {
		if conf := b.config(); conf.Owner == c.id.Account {
			all = append(all, conf.info())
		}
	}
	slices.SortFunc(all, func(x, y BucketInfo) int { return cmp.Compare(x.Name, y.Name) })
	return all, nil
}

// settings finds a bucket and asks for the right to read or change its settings.
func (c *Caller) settings(name, action string) (*bucket, *config, error) {
	b, err := c.bucket(name)
	if err != nil {
		return nil, nil, err
	}
	if err := c.permit(b, action, "", nil); err != nil {
		return nil, nil, err
	}
	return b, b.config(), nil
}

// maxPolicy is the longest bucket policy.
const maxPolicy = 20 << 10

// PutBucketPolicy sets the bucket's policy, which is checked as S3 checks it.
func (c *Caller) PutBucketPolicy(_ context.Context, name string, text []byte) error {
	b, conf, err := c.settings(name, "s3:PutBucketPolicy")
	if err != nil {
		return err
	}
	doc, err := c.s.parsePolicy(conf.Name, text)
	if err != nil {
		return err
	}
	if conf.PublicAccess != nil && conf.PublicAccess.BlockPublicPolicy && isPublic(doc) {
		return refuse(http.StatusForbidden, "AccessDenied", "User: "+c.id.ARN+" is not authorized to perform: s3:PutBucketPolicy on resource: \""+
			bucketARN(name)+"\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.")
	}
	return b.configure(func(c *config) { c.Policy = doc })
}

func (s *Service) parsePolicy(bucket string, text []byte) (*policy.Document, error) {
	malformed := func(err error) error {
		if p, ok := errors.AsType[*policy.Error](err); ok {
			return refuse(http.StatusBadRequest, "MalformedPolicy", p.Message)
		}
		return err
	}
	if len(text) > maxPolicy {
		return nil, refuse(http.StatusBadRequest, "PolicyTooLarge", "The bucket policy is larger than the allowed size of 20 KB")
	}
	if len(text) == 0 || text[0] != '{' {
		return nil, refuse(http.StatusBadRequest, "MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
	}
	doc, err := policy.Parse(text)
	if err == nil {
		err = doc.Check(policy.Resource)
	}
	if err == nil {
		err = s.opts.IAM.CheckPrincipals(doc)
	}
	if err != nil {
		return nil, malformed(err)
	}
	statements, err := statementsOf(doc)
	if err != nil {
		return nil, err
	}
	for _, st := range statements {
		if err := st.check(bucket); err != nil {
			return nil, err
		}
	}
	return doc, nil
}

// statement is as much of a policy's statement as S3 itself looks at when the policy is put.
type statement struct {
	Effect       string
	Principal    any
	NotPrincipal any
	Action       list
	Resource     list
	Condition    map[string]map[string]list
}

// list is one string or several.
type list []string

func (l *list) UnmarshalJSON(data []byte) error {
	var one any
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	switch v := one.(type) {
	case []any:
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				continue // a number or boolean in a condition: of no interest here
			}
			*l = append(*l, text)
		}
	case string:
		*l = list{v}
	}
	return nil
}

func statementsOf(doc *policy.Document) ([]statement, error) {
	var many struct{ Statement []statement }
	if err := json.Unmarshal([]byte(doc.String()), &many); err == nil {
		return many.Statement, nil
	}
	var one struct{ Statement statement }
	if err := json.Unmarshal([]byte(doc.String()), &one); err != nil {
		return nil, refuse(http.StatusBadRequest, "MalformedPolicy", "Syntax errors in policy.")
	}
	return []statement{one.Statement}, nil
}

// check refuses statements about other things than the bucket.
func (st statement) check(bucket string) error {
	var onBucket, onObjects bool
	for _, r := range st.Resource {
		name, key, object := strings.Cut(strings.TrimPrefix(r, "arn:aws:s3:::"), "/")
		if !strings.HasPrefix(r, "arn:aws:s3:::") || !nameFits(name, bucket) {
			return refuse(http.StatusBadRequest, "MalformedPolicy", "Policy has invalid resource", "Detail", r)
		}
		onObjects = onObjects || object && key != "" || strings.ContainsAny(name, "*")
		onBucket = onBucket || !object
	}
	for _, a := range st.Action {
		service, name, _ := strings.Cut(a, ":")
		switch {
		case a == "*" || strings.ContainsAny(name, "*?"):
		case !strings.EqualFold(service, "s3"):
			return refuse(http.StatusBadRequest, "MalformedPolicy", "Policy has invalid action", "Detail", a)
		case len(st.Resource) > 0 && (isObjectAction(name) && !onObjects || !isObjectAction(name) && !onBucket):
			return refuse(http.StatusBadRequest, "MalformedPolicy", "Action does not apply to any resource(s) in statement", "Detail", a)
		}
	}
	return nil
}

// nameFits tells whether a pattern with * and ? can mean the bucket.
func nameFits(pattern, bucket string) bool {
	text := regexp.QuoteMeta(pattern)
	text = strings.ReplaceAll(strings.ReplaceAll(text, `\*`, ".*"), `\?`, ".")
	return regexp.MustCompile("^" + text + "$").MatchString(bucket)
}

// isObjectAction tells whether an action is about objects: service authorization reference, "Actions defined by Amazon S3".
func isObjectAction(name string) bool {
	name = strings.ToLower(name)
	if strings.Contains(name, "objectlockconfiguration") {
		return false
	}
	for _, prefix := range []string{"getobject", "putobject", "deleteobject", "replicate", "restoreobject", "updateobject"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"abortmultipartupload", "listmultipartuploadparts", "bypassgovernanceretention", "objectowneroverridetobucketowner",
	}, name)
}

// isPublic tells whether a policy lets everybody in: user guide, "The meaning of public". A statement for all principals
// is not public if a condition pins it to fixed values of certain keys.
func isPublic(doc *policy.Document) bool {
	if doc == nil {
		return false
	}
	statements, err := statementsOf(doc)
	if err != nil {
		return true // it cannot be: the policy was parsed when it was put
	}
	return slices.ContainsFunc(statements, func(st statement) bool {
		return st.Effect == "Allow" && (st.NotPrincipal != nil || everybody(st.Principal)) && !st.pinned()
	})
}

func everybody(principal any) bool {
	switch p := principal.(type) {
	case string:
		return p == "*"
	case []any:
		return slices.ContainsFunc(p, everybody)
	case map[string]any:
		return everybody(p["AWS"])
	default:
		return false
	}
}

// pinned tells whether a condition limits the statement to callers that are named.
func (st statement) pinned() bool {
	keys := []string{
		"aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount", "aws:userid",
		"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "s3:x-amz-server-side-encryption-aws-kms-key-id",
		"s3:dataaccesspointarn", "s3:dataaccesspointaccount",
	}
	for operator, tests := range st.Condition {
		if !slices.Contains([]string{"StringEquals", "StringLike", "ArnEquals", "ArnLike", "IpAddress", "StringEqualsIgnoreCase"}, operator) {
			continue
		}
		for key, values := range tests {
			wide := slices.ContainsFunc(values, func(v string) bool { return strings.ContainsAny(v, "*?") || strings.HasSuffix(v, "/0") })
			if slices.Contains(keys, strings.ToLower(key)) && len(values) > 0 && !wide {
				return true
			}
		}
	}
	return false
}

// PutVersioning enables or suspends versioning; it can never be removed again.
func (c *Caller) PutVersioning(_ context.Context, name, status string) error {
	b, _, err := c.settings(name, "s3:PutBucketVersioning")
	if err != nil {
		return err
	}
	if status != versioningEnabled && status != versioningSuspended {
		return refuse(http.StatusBadRequest, "IllegalVersioningConfigurationException", "The versioning element must be specified")
	}
	return b.configure(func(c *config) { c.Versioning = status })
}

// Versioning tells whether versioning is "Enabled", "Suspended" or, "", was never enabled.
func (c *Caller) Versioning(_ context.Context, name string) (string, error) {
	_, conf, err := c.settings(name, "s3:GetBucketVersioning")
	if err != nil {
		return "", err
	}
	return conf.Versioning, nil
}
