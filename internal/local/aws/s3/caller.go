package s3

import (
	"context"
	"maps"
	"net/http"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// Caller is S3 in the name of one identity. It is safe for concurrent use.
type Caller struct {
	s  *Service
	id *iam.Identity // nil is anonymous
	// conditions are the condition keys that belong to the request as a whole.
	conditions policy.Context
	// expectedOwner is the account that x-amz-expected-bucket-owner names; sourceOwner is that of a copy's source.
	expectedOwner, sourceOwner string
}

// As gives S3 in the name of id, for callers inside the stand-in. They count as calling over TLS 1.3 with a signature in
// the header if id.Secure is set, and for the region id.Region: a bucket elsewhere answers PermanentRedirect, as it
// answers HTTP requests. Error puts errors into S3's words.
func (s *Service) As(id *iam.Identity) *Caller {
	c := &Caller{s: s, id: id, conditions: policy.Context{}}
	if id != nil {
		c.conditions["s3:authtype"] = []string{"REST-HEADER"}
		c.conditions["s3:signatureversion"] = []string{"AWS4-HMAC-SHA256"}
		if id.Secure {
			c.conditions["s3:tlsversion"] = []string{"1.3"}
		}
	}
	return c
}

// Expect makes every call fail whose bucket another account owns, as x-amz-expected-bucket-owner does.
func (c *Caller) Expect(account string) *Caller {
	expecting := *c
	expecting.expectedOwner = account
	return &expecting
}

// BucketRegion tells where a bucket is. Everybody may ask: S3 tells it in the header x-amz-bucket-region of any refusal.
func (c *Caller) BucketRegion(_ context.Context, bucket string) (string, error) {
	b, err := c.s.find(bucket)
	if err != nil {
		return "", err
	}
	return b.config().Region, nil
}

// bucket finds a bucket, and refuses what S3 refuses before it looks at policies: a bucket of another region or owner.
func (c *Caller) bucket(name string) (*bucket, error) { return c.ownedBucket(name, c.expectedOwner) }

func (c *Caller) ownedBucket(name, owner string) (*bucket, error) {
	if err := c.s.slowDown(); err != nil {
		return nil, err
	}
	b, err := c.s.find(name)
	if err != nil {
		return nil, err
	}
	conf := b.config()
	if c.id != nil && c.id.Region != "" && c.id.Region != conf.Region {
		return nil, refuse(http.StatusMovedPermanently, "PermanentRedirect",
			"The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
			"Endpoint", "s3."+conf.Region+".amazonaws.com", "Bucket", name,
		).header("X-Amz-Bucket-Region", conf.Region)
	}
	if owner != "" && owner != conf.Owner {
		return nil, accessDenied()
	}
	return b, nil
}

func bucketARN(bucket string) string      { return "arn:aws:s3:::" + bucket }
func objectARN(bucket, key string) string { return bucketARN(bucket) + "/" + key }

// permit asks the caller's policies and the bucket's whether action is allowed, on the bucket, or on an object of it if
// key is not empty. extra are the condition keys of this action.
func (c *Caller) permit(b *bucket, action, key string, extra policy.Context) error {
	conf := b.config()
	resource := bucketARN(conf.Name)
	if key != "" {
		resource = objectARN(conf.Name, key)
	}
	access := iam.Access{
		Action:          action,
		Resource:        resource,
		ResourceAccount: conf.Owner,
		ResourcePolicy:  conf.Policy,
		Context:         c.context(extra),
	}
	access.Context["s3:resourceaccount"] = []string{conf.Owner}
	if err := c.s.opts.IAM.Authorize(c.id, access); err != nil {
		return err
	}
	stranger := c.id == nil || c.id.Account != conf.Owner
	if stranger && conf.PublicAccess != nil && conf.PublicAccess.RestrictPublicBuckets && isPublic(conf.Policy) {
		return accessDenied()
	}
	return nil
}

func (c *Caller) context(extra policy.Context) policy.Context {
	all := policy.Context{}
	maps.Copy(all, c.conditions)
	maps.Copy(all, extra)
	return all
}

// permitRead is permit for reading an object that may be missing: who may not list the bucket must not learn that it is.
func (c *Caller) permitRead(b *bucket, action, key string, v *version, versionID string) error {
	extra := policy.Context{}
	if versionID != "" {
		extra["s3:versionid"] = []string{versionID}
	}
	if v != nil {
		for name, value := range v.Tags {
			extra["s3:existingobjecttag/"+strings.ToLower(name)] = []string{value}
		}
	}
	if err := c.permit(b, action, key, extra); err != nil {
		return err
	}
	if v == nil && versionID == "" {
		return c.permit(b, "s3:ListBucket", "", nil)
	}
	return nil
}

// permitTags asks for the right to put tags on a new object.
func (c *Caller) permitTags(b *bucket, key string, tags map[string]string) error {
	if len(tags) == 0 {
		return nil
	}
	if err := checkTags(tags, maxObjectTags); err != nil {
		return err
	}
	return c.permit(b, "s3:PutObjectTagging", key, tagConditions(tags))
}

func tagConditions(tags map[string]string) policy.Context {
	all := policy.Context{}
	for name, value := range tags {
		all["s3:requestobjecttag/"+strings.ToLower(name)] = []string{value}
		all["s3:requestobjecttagkeys"] = append(all["s3:requestobjecttagkeys"], name)
	}
	return all
}

// S3's limits on tags: user guide, "Categorizing your objects using tags" and "Using cost allocation S3 bucket tags".
const (
	maxObjectTags = 10
	maxBucketTags = 50
	maxTagKey     = 128 // characters
	maxTagValue   = 256
)

func checkTags(tags map[string]string, most int) error {
	if len(tags) > most {
		return awserr.New(http.StatusBadRequest, "BadRequest", "Object tags cannot be greater than %d", most)
	}
	for name, value := range tags {
		switch {
		case name == "" || len([]rune(name)) > maxTagKey:
			return awserr.New(http.StatusBadRequest, "InvalidTag", "The TagKey you have provided is invalid")
		case len([]rune(value)) > maxTagValue:
			return awserr.New(http.StatusBadRequest, "InvalidTag", "The TagValue you have provided is invalid")
		case strings.HasPrefix(strings.ToLower(name), "aws:"):
			return awserr.New(http.StatusBadRequest, "InvalidTag", "System tags cannot be added/updated by requester")
		}
	}
	return nil
}
