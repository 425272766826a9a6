package objects

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sealift/sealift/internal/hint"
)

// Scheme is what the URLs of objects begin with.
const Scheme = "s3://"

// Object is one object as it was found. Only one of Find or New can be read.
type Object struct {
	Bucket, Key string
	Region      string // of the bucket
	Owner       string // account that must own the bucket, "" if nobody said
	Size        int64
	ETag        string
	Modified    time.Time

	client *s3.Client
}

// New is an object that was found before, by another process.
func New(cfg aws.Config, o Object) Object {
	o.client = client(cfg, o.Region)
	return o
}

// URL is how messages and plans name the object.
func (o Object) URL() string { return Scheme + o.Bucket + "/" + o.Key }

// Place is what a URL says: s3://BUCKET/KEY, with ?owner=ACCOUNT or ?region=REGION behind it.
type Place struct{ Bucket, Key, Owner, Region string }

var option = regexp.MustCompile(`[?&](owner=[0-9]{12}|region=[a-z0-9-]+)$`)

// ParseURL reads a URL. A ? that begins no option is part of the key, where it may stand.
func ParseURL(url string) (Place, error) {
	rest, ok := strings.CutPrefix(url, Scheme)
	var p Place
	for {
		m := option.FindStringSubmatch(rest)
		if m == nil {
			break
		}
		rest = strings.TrimSuffix(rest, m[0])
		name, value, _ := strings.Cut(m[1], "=")
		if name == "owner" {
			p.Owner = value
		} else {
			p.Region = value
		}
	}
	p.Bucket, p.Key, _ = strings.Cut(rest, "/")
	if !ok || p.Bucket == "" {
		return Place{}, hint.Usage(fmt.Errorf("%q is not s3://BUCKET/KEY", url))
	}
	return p, nil
}

// Find finds what a URL means: the object of that key; else, for a key that ends in / or has objects below it, all of those;
// else, for a pattern (* ? [ in it), those that match. passed lists what was passed over, as in folders of files: objects
// whose names begin with a point or an underscore.
func Find(ctx context.Context, cfg aws.Config, url string) (found []Object, passed []string, err error) {
	p, err := ParseURL(url)
	if err != nil {
		return nil, nil, err
	}
	if p.Region, err = Region(ctx, cfg, p); err != nil {
		return nil, nil, err
	}
	client := client(cfg, p.Region)
	if p.Key != "" && !strings.HasSuffix(p.Key, "/") {
		o, err := head(ctx, client, p)
		if err == nil {
			return []Object{o}, nil, nil
		}
		if !isNotFound(err) {
			return nil, nil, explain("look at "+url, "s3:GetObject", err)
		}
		if i := strings.IndexAny(p.Key, "*?["); i >= 0 {
			// Names stand in one folder, and one that the pattern begins to spell out, as _x*, is meant.
			name := strings.LastIndexByte(p.Key, '/') + 1
			meant := strings.IndexAny(p.Key[name:], "._") == 0
			return list(ctx, client, p, p.Key[:i], url, func(key string) (taken, passed bool, err error) {
				taken, err = path.Match(p.Key, key)
				return taken, taken && !meant && hidden(path.Base(key)), err
			})
		}
		p.Key += "/"
	}
	return list(ctx, client, p, p.Key, url, func(key string) (taken, passed bool, err error) {
		return true, hidden(strings.TrimPrefix(key, p.Key)), nil
	})
}

// FindPrefix finds all objects whose keys begin as the URL says, as COPY takes a prefix: s3://bucket/x is x_0000 and x_1/y. None is
// passed over.
func FindPrefix(ctx context.Context, cfg aws.Config, url string) ([]Object, error) {
	p, err := ParseURL(url)
	if err != nil {
		return nil, err
	}
	if p.Region, err = Region(ctx, cfg, p); err != nil {
		return nil, err
	}
	found, _, err := list(ctx, client(cfg, p.Region), p, p.Key, url, func(string) (taken, passed bool, err error) { return true, false, nil })
	return found, err
}

// client talks to the buckets of a region.
func client(cfg aws.Config, region string) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.DisableLogOutputChecksumValidationSkipped = true // parts of objects have no checksum, and the log is the user's
		if region != "" {
			o.Region = region
		}
	})
}

// Region is that of a place's bucket, as its URL or S3 tells. S3 says so even where it refuses everything else.
func Region(ctx context.Context, cfg aws.Config, p Place) (string, error) {
	if p.Region != "" {
		return p.Region, nil
	}
	out, err := client(cfg, "").HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &p.Bucket, ExpectedBucketOwner: owner(p.Owner)})
	if err == nil {
		return aws.ToString(out.BucketRegion), nil
	}
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		if r := answer.Response.Header.Get("X-Amz-Bucket-Region"); r != "" {
			return r, nil
		}
		if answer.HTTPStatusCode() == http.StatusForbidden {
			return "", nil // the bucket may not be listed, but its objects may be there to be read
		}
	}
	return "", explain("look at bucket "+p.Bucket, "s3:ListBucket", err)
}

func owner(account string) *string {
	if account == "" {
		return nil
	}
	return &account
}

func head(ctx context.Context, client *s3.Client, p Place) (Object, error) {
	out, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &p.Bucket, Key: &p.Key, ExpectedBucketOwner: owner(p.Owner)})
	if err != nil {
		return Object{}, err
	}
	return Object{
		client: client, Bucket: p.Bucket, Key: p.Key, Region: p.Region, Owner: p.Owner,
		Size: aws.ToInt64(out.ContentLength), ETag: aws.ToString(out.ETag), Modified: aws.ToTime(out.LastModified),
	}, nil
}

func list(ctx context.Context, client *s3.Client, p Place, prefix, url string, take func(key string) (taken, passed bool, err error)) (found []Object, passed []string, err error) {
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &p.Bucket, Prefix: &prefix, ExpectedBucketOwner: owner(p.Owner)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, explain("list "+url, "s3:ListBucket", err)
		}
		for _, c := range page.Contents {
			key := aws.ToString(c.Key)
			taken, passedOver, err := take(key)
			switch {
			case err != nil:
				return nil, nil, fmt.Errorf("%s: %w", url, err)
			case !taken, strings.HasSuffix(key, "/") && aws.ToInt64(c.Size) == 0: // the latter is what consoles make of a folder
			case passedOver:
				passed = append(passed, Scheme+p.Bucket+"/"+key)
			default:
				found = append(found, Object{
					client: client, Bucket: p.Bucket, Key: key, Region: p.Region, Owner: p.Owner,
					Size: aws.ToInt64(c.Size), ETag: aws.ToString(c.ETag), Modified: aws.ToTime(c.LastModified),
				})
			}
		}
	}
	if len(found) == 0 {
		return nil, passed, hint.With(none(url), "name an object, a prefix that ends in /, or a pattern in quotes: 's3://bucket/2026-*.csv.gz'")
	}
	slices.SortFunc(found, func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
	return found, passed, nil
}

// ErrNone says that a prefix, or a pattern, has no object.
var ErrNone = errors.New("there is no object")

type none string

func (n none) Error() string { return "there is no object in " + string(n) }

func (none) Is(target error) bool { return target == ErrNone }

func hidden(key string) bool {
	for part := range strings.SplitSeq(key, "/") {
		if strings.IndexAny(part, "._") == 0 {
			return true
		}
	}
	return false
}

func isNotFound(err error) bool {
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && answer.HTTPStatusCode() == http.StatusNotFound
}

// ErrChanged says that an object is not the one that was found any more.
var ErrChanged = errors.New("the object has changed since the load was planned")

// explain says in our words what S3 refused; what is what was attempted, "" if the caller says so.
func explain(what, needs string, err error) error {
	if what != "" {
		what += ": "
	}
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || answer.HTTPStatusCode() == 0 { // nothing was answered
		return fmt.Errorf("%s%w", what, err)
	}
	code := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code = api.ErrorCode()
	}
	switch {
	case answer.HTTPStatusCode() == http.StatusPreconditionFailed:
		return hint.Anew(hint.With(fmt.Errorf("%s%w", what, ErrChanged), "nothing of it was published; load it again when nobody writes to it"))
	case code == "InvalidObjectState":
		return hint.With(fmt.Errorf("%sthe object is archived", what), "restore it first: aws s3api restore-object")
	case answer.HTTPStatusCode() == http.StatusNotFound:
		return fmt.Errorf("%sit is not there", what)
	case answer.HTTPStatusCode() == http.StatusForbidden:
		return hint.With(fmt.Errorf("%sS3 refuses it", what), "the caller needs "+needs+" there, and kms:Decrypt on the key that the object is encrypted under")
	default:
		return fmt.Errorf("%s%s (status %d)", what, code, answer.HTTPStatusCode())
	}
}
