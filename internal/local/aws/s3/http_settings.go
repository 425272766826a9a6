package s3

import (
	"cmp"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/awserr"
)

// The subresources of buckets, and the tags and access control lists of objects.

const bucketOwnerEnforced = "BucketOwnerEnforced"

// serveSettings answers for a subresource of the bucket.
func (x *exchange) serveSettings(sub string) error {
	get, put, del := x.r.Method == http.MethodGet, x.r.Method == http.MethodPut, x.r.Method == http.MethodDelete
	switch sub {
	case "location":
		if get {
			return x.getLocation()
		}
	case "versioning":
		switch {
		case get:
			return x.getVersioning()
		case put:
			return x.putVersioning()
		}
	case "policy":
		switch {
		case get:
			return x.getPolicy()
		case put:
			return x.putPolicy()
		case del:
			return x.change("s3:DeleteBucketPolicy", func(c *config) { c.Policy = nil })
		}
	case "policyStatus":
		if get {
			return x.getPolicyStatus()
		}
	case "encryption":
		switch {
		case get:
			return x.getEncryption()
		case put:
			return x.putEncryption()
		case del:
			return x.change("s3:PutEncryptionConfiguration", func(c *config) { c.Encryption = defaultEncryption{} })
		}
	case "lifecycle":
		switch {
		case get:
			return x.getLifecycle()
		case put:
			return x.putLifecycle()
		case del:
			return x.change("s3:PutLifecycleConfiguration", func(c *config) { c.Lifecycle = "" })
		}
	case "tagging":
		switch {
		case get:
			return x.getTagging()
		case put:
			return x.putTagging()
		case del:
			return x.change("s3:PutBucketTagging", func(c *config) { c.Tags = nil })
		}
	case "publicAccessBlock":
		switch {
		case get:
			return x.getPublicAccess()
		case put:
			return x.putPublicAccess()
		case del:
			return x.change("s3:PutBucketPublicAccessBlock", func(c *config) { c.PublicAccess = nil })
		}
	case "ownershipControls":
		switch {
		case get:
			return x.getOwnership()
		case put:
			return x.putOwnership()
		case del:
			return awserr.NotImitated("a bucket without ownership controls")
		}
	case "acl":
		switch {
		case get:
			return x.getACL("s3:GetBucketAcl", "")
		case put:
			return x.putACL("s3:PutBucketAcl", "")
		}
	default:
		if get {
			return x.getUnset(sub)
		}
		return awserr.NotImitated("bucket subresource " + sub)
	}
	return methodNotAllowed(x.r.Method, strings.ToUpper(sub))
}

// read asks for the right to read a setting.
func (x *exchange) read(action string) (*config, error) {
	_, conf, err := x.caller.settings(x.bucket, action)
	return conf, err
}

// change asks for the right to change a setting, and changes it.
func (x *exchange) change(action string, change func(c *config)) error {
	b, _, err := x.caller.settings(x.bucket, action)
	if err != nil {
		return err
	}
	if err := b.configure(change); err != nil {
		return err
	}
	if x.r.Method == http.MethodDelete {
		return x.answer(http.StatusNoContent)
	}
	return x.answer(http.StatusOK)
}

// getUnset answers for settings that no bucket here can have, as S3 does for a bucket that has them not.
func (x *exchange) getUnset(sub string) error {
	type answers struct {
		action string
		doc    any
		code   string
		text   string
	}
	type empty struct {
		XMLName   xml.Name
		Namespace string `xml:"xmlns,attr"`
		Payer     string `xml:",omitempty"`
	}
	doc := func(name, payer string) empty { return empty{xml.Name{Local: name}, namespace, payer} }
	all := map[string]answers{
		"accelerate":     {action: "s3:GetAccelerateConfiguration", doc: doc("AccelerateConfiguration", "")},
		"logging":        {action: "s3:GetBucketLogging", doc: doc("BucketLoggingStatus", "")},
		"notification":   {action: "s3:GetBucketNotification", doc: doc("NotificationConfiguration", "")},
		"requestPayment": {action: "s3:GetBucketRequestPayment", doc: doc("RequestPaymentConfiguration", "BucketOwner")},
		"cors":           {action: "s3:GetBucketCORS", code: "NoSuchCORSConfiguration", text: "The CORS configuration does not exist"},
		"website":        {action: "s3:GetBucketWebsite", code: "NoSuchWebsiteConfiguration", text: "The specified bucket does not have a website configuration"},
		"replication":    {action: "s3:GetReplicationConfiguration", code: "ReplicationConfigurationNotFoundError", text: "The replication configuration was not found"},
		"object-lock":    {action: "s3:GetBucketObjectLockConfiguration", code: "ObjectLockConfigurationNotFoundError", text: "Object Lock configuration does not exist for this bucket"},
	}
	a, ok := all[sub]
	if !ok {
		return awserr.NotImitated("bucket subresource " + sub)
	}
	if _, err := x.read(a.action); err != nil {
		return err
	}
	if a.doc == nil {
		return refuse(http.StatusNotFound, a.code, a.text, "BucketName", x.bucket)
	}
	return x.answerXML(a.doc)
}

func (x *exchange) getLocation() error {
	region, err := x.caller.Location(x.r.Context(), x.bucket)
	if err != nil {
		return err
	}
	if region == usEast1 {
		region = ""
	}
	return x.answerXML(struct {
		XMLName   xml.Name `xml:"LocationConstraint"`
		Namespace string   `xml:"xmlns,attr"`
		Region    string   `xml:",chardata"`
	}{Namespace: namespace, Region: region})
}

type xmlVersioning struct {
	XMLName   xml.Name `xml:"VersioningConfiguration"`
	Namespace string   `xml:"xmlns,attr"`
	Status    string   `xml:",omitempty"`
	MFADelete string   `xml:"MfaDelete,omitempty"`
}

func (x *exchange) getVersioning() error {
	status, err := x.caller.Versioning(x.r.Context(), x.bucket)
	if err != nil {
		return err
	}
	return x.answerXML(xmlVersioning{Namespace: namespace, Status: status})
}

func (x *exchange) putVersioning() error {
	var doc xmlVersioning
	if err := x.readXML(&doc, false); err != nil {
		return err
	}
	if doc.MFADelete == "Enabled" {
		return awserr.NotImitated("MFA delete")
	}
	if err := x.caller.PutVersioning(x.r.Context(), x.bucket, doc.Status); err != nil {
		return err
	}
	return x.answer(http.StatusOK)
}

func (x *exchange) getPolicy() error {
	conf, err := x.read("s3:GetBucketPolicy")
	if err != nil {
		return err
	}
	if conf.Policy == nil {
		return noPolicy(x.bucket)
	}
	x.w.Header().Set("Content-Type", "application/json")
	_, err = io.WriteString(x.w, conf.Policy.String())
	return begun(err)
}

func noPolicy(bucket string) error {
	return refuse(http.StatusNotFound, "NoSuchBucketPolicy", "The bucket policy does not exist", "BucketName", bucket)
}

func (x *exchange) putPolicy() error {
	text, err := x.document(false)
	if err != nil {
		return err
	}
	if err := x.caller.PutBucketPolicy(x.r.Context(), x.bucket, text); err != nil {
		return err
	}
	return x.answer(http.StatusNoContent)
}

func (x *exchange) getPolicyStatus() error {
	conf, err := x.read("s3:GetBucketPolicyStatus")
	if err != nil {
		return err
	}
	if conf.Policy == nil {
		return noPolicy(x.bucket)
	}
	return x.answerXML(struct {
		XMLName   xml.Name `xml:"PolicyStatus"`
		Namespace string   `xml:"xmlns,attr"`
		IsPublic  bool
	}{Namespace: namespace, IsPublic: isPublic(conf.Policy)})
}

type xmlEncryption struct {
	XMLName   xml.Name            `xml:"ServerSideEncryptionConfiguration"`
	Namespace string              `xml:"xmlns,attr"`
	Rules     []xmlEncryptionRule `xml:"Rule"`
}

type xmlEncryptionRule struct {
	Default   *xmlDefault `xml:"ApplyServerSideEncryptionByDefault"`
	BucketKey bool        `xml:"BucketKeyEnabled"`
	Blocked   *xmlBlocked `xml:"BlockedEncryptionTypes"`
}

type xmlDefault struct {
	Algorithm string `xml:"SSEAlgorithm"`
	KMSKey    string `xml:"KMSMasterKeyID,omitempty"`
}

type xmlBlocked struct {
	Types []string `xml:"EncryptionType"`
}

func (x *exchange) getEncryption() error {
	conf, err := x.read("s3:GetEncryptionConfiguration")
	if err != nil {
		return err
	}
	e := conf.Encryption
	rule := xmlEncryptionRule{Default: &xmlDefault{Algorithm: cmp.Or(e.Algorithm, sseS3), KMSKey: e.KMSKey}, BucketKey: e.BucketKey}
	if e.BlockSSEC {
		rule.Blocked = &xmlBlocked{Types: []string{"SSE-C"}}
	}
	return x.answerXML(xmlEncryption{Namespace: namespace, Rules: []xmlEncryptionRule{rule}})
}

func (x *exchange) putEncryption() error {
	var doc xmlEncryption
	if err := x.readXML(&doc, false); err != nil {
		return err
	}
	if len(doc.Rules) != 1 {
		return malformedXML()
	}
	rule := doc.Rules[0]
	next := defaultEncryption{BucketKey: rule.BucketKey}
	if rule.Default != nil {
		next.Algorithm, next.KMSKey = rule.Default.Algorithm, rule.Default.KMSKey
		switch {
		case next.Algorithm == sseDSSE:
			return awserr.NotImitated("server-side encryption with " + sseDSSE)
		case next.Algorithm != sseS3 && next.Algorithm != sseKMS:
			return malformedXML()
		case next.Algorithm == sseS3 && next.KMSKey != "":
			return invalidArgument("KMSMasterKeyID", next.KMSKey, "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
		}
	}
	if rule.Blocked != nil {
		for _, name := range rule.Blocked.Types {
			switch name {
			case "SSE-C":
				next.BlockSSEC = true
			case "NONE":
			default:
				return malformedXML()
			}
		}
	}
	return x.change("s3:PutEncryptionConfiguration", func(c *config) { c.Encryption = next })
}

// lifecycleRule is as much of a rule as is checked. Rules are kept and given back, but not carried out: S3 itself gives
// no hour for that.
type lifecycleRule struct {
	ID     string
	Status string
	Prefix *string
	Filter *struct {
		Inner string `xml:",innerxml"`
	}
	Expiration *struct {
		Days                      *int
		Date                      string
		ExpiredObjectDeleteMarker bool
	}
	Noncurrent *struct {
		NoncurrentDays int
	} `xml:"NoncurrentVersionExpiration"`
	Abort *struct {
		DaysAfterInitiation int
	} `xml:"AbortIncompleteMultipartUpload"`
	Transitions           []struct{} `xml:"Transition"`
	NoncurrentTransitions []struct{} `xml:"NoncurrentVersionTransition"`
}

func (x *exchange) getLifecycle() error {
	conf, err := x.read("s3:GetLifecycleConfiguration")
	if err != nil {
		return err
	}
	if conf.Lifecycle == "" {
		return refuse(http.StatusNotFound, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", "BucketName", x.bucket)
	}
	x.w.Header().Set("Content-Type", "application/xml")
	_, err = io.WriteString(x.w, conf.Lifecycle)
	return begun(err)
}

func (x *exchange) putLifecycle() error {
	data, err := x.document(false)
	if err != nil {
		return err
	}
	var doc struct {
		XMLName xml.Name        `xml:"LifecycleConfiguration"`
		Rules   []lifecycleRule `xml:"Rule"`
	}
	if err := parseXML(data, &doc); err != nil {
		return err
	}
	if len(doc.Rules) == 0 || len(doc.Rules) > 1000 {
		return malformedXML()
	}
	ids := map[string]bool{}
	for _, r := range doc.Rules {
		if err := r.check(); err != nil {
			return err
		}
		if r.ID != "" && ids[r.ID] {
			return invalidArgument("ID", r.ID, "Rule ID must be unique. Found same ID for more than one rule")
		}
		ids[r.ID] = true
	}
	return x.change("s3:PutLifecycleConfiguration", func(c *config) { c.Lifecycle = string(data) })
}

func (r lifecycleRule) check() error {
	positive := func(name string, days int) error {
		if days <= 0 {
			return invalidArgument(name, sizeText(int64(days)), "'"+name+"' for the action must be a positive integer")
		}
		return nil
	}
	var err error
	switch {
	case r.Status != "Enabled" && r.Status != "Disabled", (r.Prefix == nil) == (r.Filter == nil):
		return malformedXML()
	case len(r.ID) > 255:
		return invalidArgument("ID", r.ID, "ID length should not exceed allowed limit of 255")
	case r.Expiration == nil && r.Noncurrent == nil && r.Abort == nil && len(r.Transitions)+len(r.NoncurrentTransitions) == 0:
		return invalidRequest("At least one action needs to be specified in a rule")
	}
	if r.Expiration != nil && r.Expiration.Days != nil {
		err = positive("Days", *r.Expiration.Days)
	}
	if r.Noncurrent != nil {
		err = errors.Join(err, positive("NoncurrentDays", r.Noncurrent.NoncurrentDays))
	}
	if r.Abort != nil {
		err = errors.Join(err, positive("DaysAfterInitiation", r.Abort.DaysAfterInitiation))
	}
	return err
}

type xmlTag struct {
	Key   string
	Value string
}

type xmlTagging struct {
	XMLName   xml.Name `xml:"Tagging"`
	Namespace string   `xml:"xmlns,attr"`
	Tags      []xmlTag `xml:"TagSet>Tag"`
}

func readTags(all []xmlTag, most int) (map[string]string, error) {
	tags := map[string]string{}
	for _, t := range all {
		if _, twice := tags[t.Key]; twice {
			return nil, refuse(http.StatusBadRequest, "InvalidTag", "Cannot provide multiple Tags with the same key", "TagKey", t.Key)
		}
		tags[t.Key] = t.Value
	}
	return tags, checkTags(tags, most)
}

func (x *exchange) answerTags(tags map[string]string) error {
	out := xmlTagging{Namespace: namespace}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		out.Tags = append(out.Tags, xmlTag{name, tags[name]})
	}
	return x.answerXML(out)
}

func (x *exchange) getTagging() error {
	conf, err := x.read("s3:GetBucketTagging")
	if err != nil {
		return err
	}
	if len(conf.Tags) == 0 {
		return refuse(http.StatusNotFound, "NoSuchTagSet", "The TagSet does not exist", "BucketName", x.bucket)
	}
	return x.answerTags(conf.Tags)
}

func (x *exchange) putTagging() error {
	var doc xmlTagging
	if err := x.readXML(&doc, false); err != nil {
		return err
	}
	tags, err := readTags(doc.Tags, maxBucketTags)
	if err != nil {
		return err
	}
	if err := x.putBucketTags(tags); err != nil {
		return err
	}
	return x.answer(http.StatusNoContent)
}

func (x *exchange) putBucketTags(tags map[string]string) error {
	b, _, err := x.caller.settings(x.bucket, "s3:PutBucketTagging")
	if err != nil {
		return err
	}
	return b.configure(func(c *config) { c.Tags = tags })
}

type xmlPublicAccess struct {
	XMLName   xml.Name `xml:"PublicAccessBlockConfiguration"`
	Namespace string   `xml:"xmlns,attr"`
	publicAccess
}

func (x *exchange) getPublicAccess() error {
	conf, err := x.read("s3:GetBucketPublicAccessBlock")
	if err != nil {
		return err
	}
	if conf.PublicAccess == nil {
		return refuse(http.StatusNotFound, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", "BucketName", x.bucket)
	}
	return x.answerXML(xmlPublicAccess{Namespace: namespace, publicAccess: *conf.PublicAccess})
}

func (x *exchange) putPublicAccess() error {
	var doc struct {
		XMLName xml.Name `xml:"PublicAccessBlockConfiguration"`
		publicAccess
	}
	if err := x.readXML(&doc, false); err != nil {
		return err
	}
	return x.change("s3:PutBucketPublicAccessBlock", func(c *config) { c.PublicAccess = &doc.publicAccess })
}

type xmlOwnership struct {
	XMLName   xml.Name `xml:"OwnershipControls"`
	Namespace string   `xml:"xmlns,attr"`
	Ownership []string `xml:"Rule>ObjectOwnership"`
}

func (x *exchange) getOwnership() error {
	if _, err := x.read("s3:GetBucketOwnershipControls"); err != nil {
		return err
	}
	return x.answerXML(xmlOwnership{Namespace: namespace, Ownership: []string{bucketOwnerEnforced}})
}

func (x *exchange) putOwnership() error {
	var doc xmlOwnership
	if err := x.readXML(&doc, false); err != nil {
		return err
	}
	if len(doc.Ownership) != 1 {
		return malformedXML()
	}
	if doc.Ownership[0] != bucketOwnerEnforced {
		return awserr.NotImitated("object ownership " + doc.Ownership[0])
	}
	return x.change("s3:PutBucketOwnershipControls", func(*config) {})
}

// getACL tells the one access control list that there is: the owner may do everything.
func (x *exchange) getACL(action, key string) error {
	b, err := x.caller.bucket(x.bucket)
	if err != nil {
		return err
	}
	if err := x.caller.permit(b, action, key, nil); err != nil {
		return err
	}
	owner := ownerOf(b.config().Owner)
	type grantee struct {
		Instance string `xml:"xmlns:xsi,attr"`
		Type     string `xml:"xsi:type,attr"`
		ID       string
	}
	type grant struct {
		Grantee    grantee
		Permission string
	}
	return x.answerXML(struct {
		XMLName   xml.Name `xml:"AccessControlPolicy"`
		Namespace string   `xml:"xmlns,attr"`
		Owner     xmlOwner
		Grants    []grant `xml:"AccessControlList>Grant"`
	}{
		Namespace: namespace, Owner: owner,
		Grants: []grant{{grantee{"http://www.w3.org/2001/XMLSchema-instance", "CanonicalUser", owner.ID}, "FULL_CONTROL"}},
	})
}

func (x *exchange) putACL(action, key string) error {
	b, err := x.caller.bucket(x.bucket)
	if err != nil {
		return err
	}
	if err := x.caller.permit(b, action, key, nil); err != nil {
		return err
	}
	if acl := x.r.Header.Get("X-Amz-Acl"); acl == "bucket-owner-full-control" || acl == "private" && key == "" {
		return x.answer(http.StatusOK)
	}
	return refuse(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
}

func (x *exchange) serveObjectACL() error {
	version := x.query.Get("versionId")
	switch x.r.Method {
	case http.MethodGet:
		action := versioned("s3:GetObject", version, "Acl")
		if _, _, err := x.caller.describe(GetInput{Bucket: x.bucket, Key: x.key, VersionID: version}, action); err != nil {
			return err
		}
		return x.getACL(action, x.key)
	case http.MethodPut:
		return x.putACL(versioned("s3:PutObject", version, "Acl"), x.key)
	default:
		return methodNotAllowed(x.r.Method, "ACL")
	}
}

func (x *exchange) serveObjectTagging() error {
	verbs := map[string]string{http.MethodGet: "s3:GetObject", http.MethodPut: "s3:PutObject", http.MethodDelete: "s3:DeleteObject"}
	verb, ok := verbs[x.r.Method]
	if !ok {
		return methodNotAllowed(x.r.Method, "TAGGING")
	}
	var tags map[string]string
	if x.r.Method == http.MethodPut {
		var doc xmlTagging
		if err := x.readXML(&doc, false); err != nil {
			return err
		}
		var err error
		if tags, err = readTags(doc.Tags, maxObjectTags); err != nil {
			return err
		}
	}
	in := GetInput{Bucket: x.bucket, Key: x.key, VersionID: x.query.Get("versionId")}
	x.caller.conditions = x.caller.context(tagConditions(tags))
	b, v, err := x.caller.describe(in, versioned(verb, in.VersionID, "Tagging"))
	if err != nil {
		return err
	}
	if b.config().Versioning != "" {
		x.w.Header().Set("X-Amz-Version-Id", v.ID)
	}
	switch x.r.Method {
	case http.MethodGet:
		return x.answerTags(v.Tags)
	case http.MethodDelete:
		if err := b.retag(x.key, v.ID, nil); err != nil {
			return err
		}
		return x.answer(http.StatusNoContent)
	default:
		if err := b.retag(x.key, v.ID, tags); err != nil {
			return err
		}
		return x.answer(http.StatusOK)
	}
}
