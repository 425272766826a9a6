package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/klauspost/compress/zstd"
)

// The accounts, and what is made in them.
const (
	sourceAccount = "111111111111"
	targetAccount = "222222222222"
	keyAlias      = "alias/sealift"
	// accessRole is how the administrator of the first account gets into the second, as in an organization.
	accessRole = "arn:aws:iam::" + targetAccount + ":role/OrganizationAccountAccessRole"
)

// cloud is the two accounts, as their administrator sees them.
type cloud struct {
	region         string
	source, target aws.Config

	key   string // ARN
	stage string // bucket that the copy passes through
	files string // bucket that the source's tables are loaded from
}

// newCloud makes clients from nothing but the stand-in's variables: no file and no setting of this machine can lead
// them to a real account.
func newCloud(env environment) (*cloud, error) {
	pem, err := os.ReadFile(env["AWS_CA_BUNDLE"])
	if err != nil {
		return nil, fmt.Errorf("read the stand-in's certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", env["AWS_CA_BUNDLE"])
	}
	var suffix [4]byte
	if _, err := rand.Read(suffix[:]); err != nil {
		return nil, fmt.Errorf("name the buckets: %w", err)
	}
	c := &cloud{
		region: env["AWS_REGION"],
		stage:  "sealift-demo-stage-" + hex.EncodeToString(suffix[:]),
		files:  "sealift-demo-files-" + hex.EncodeToString(suffix[:]),
	}
	c.source = aws.Config{
		Region:       c.region,
		BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL"]),
		Credentials: credentials.NewStaticCredentialsProvider(
			env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env["AWS_SESSION_TOKEN"]),
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.TLSClientConfig.RootCAs = roots
		}),
	}
	c.target = c.source.Copy()
	c.target.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(c.source), accessRole))
	return c, nil
}

func (c *cloud) s3() *s3.Client {
	return s3.NewFromConfig(c.source, func(o *s3.Options) { o.UsePathStyle = true })
}

// setUp makes the roles, the key and the buckets, in an order in which every policy names only what exists.
func (c *cloud) setUp(ctx context.Context, s *show) error {
	for _, r := range []role{unloadRole, loadRole, copyRole} {
		if err := c.createRole(ctx, r); err != nil {
			return err
		}
	}
	if err := c.createKey(ctx); err != nil {
		return err
	}
	s.line("   key     %s  (%s)", keyAlias, c.key)
	if err := c.createBuckets(ctx); err != nil {
		return err
	}
	s.line("   stage   s3://%s  refuses all but SSE-KMS under that key, over TLS, signed with SigV4", c.stage)
	if err := c.showRefusal(ctx, s); err != nil {
		return err
	}
	for _, r := range []role{unloadRole, loadRole, copyRole} {
		if err := c.allow(ctx, r); err != nil {
			return err
		}
		s.line("   role    %-48s %s", r.arn(), r.purpose)
	}
	if err := attachRoles(ctx, c.source, "source", unloadRole, loadRole); err != nil {
		return err
	}
	return attachRoles(ctx, c.target, "target", copyRole)
}

// config is the account's that r is in.
func (c *cloud) config(r role) aws.Config {
	if r.account == targetAccount {
		return c.target
	}
	return c.source
}

func (c *cloud) createRole(ctx context.Context, r role) error {
	_, err := iam.NewFromConfig(c.config(r)).CreateRole(ctx, &iam.CreateRoleInput{
		RoleName:                 aws.String(r.name),
		AssumeRolePolicyDocument: aws.String(c.trust(r).String()),
		Description:              aws.String(r.purpose),
	})
	if err != nil {
		return fmt.Errorf("create role %s: %w", r.name, err)
	}
	return nil
}

func (c *cloud) allow(ctx context.Context, r role) error {
	_, err := iam.NewFromConfig(c.config(r)).PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName:       aws.String(r.name),
		PolicyName:     aws.String(r.name),
		PolicyDocument: aws.String(r.policy(c).String()),
	})
	if err != nil {
		return fmt.Errorf("put policy of role %s: %w", r.name, err)
	}
	return nil
}

func (c *cloud) createKey(ctx context.Context) error {
	client := kms.NewFromConfig(c.source)
	key, err := client.CreateKey(ctx, &kms.CreateKeyInput{
		Description: aws.String("Everything that Sealift stages"),
		Policy:      aws.String(c.keyPolicy().String()),
	})
	if err != nil {
		return fmt.Errorf("create key: %w", err)
	}
	c.key = aws.ToString(key.KeyMetadata.Arn)
	_, err = client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String(keyAlias), TargetKeyId: key.KeyMetadata.KeyId})
	if err != nil {
		return fmt.Errorf("create %s: %w", keyAlias, err)
	}
	return nil
}

func (c *cloud) createBuckets(ctx context.Context) error {
	client := c.s3()
	for _, bucket := range []string{c.stage, c.files} {
		_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{
			Bucket: aws.String(bucket),
			CreateBucketConfiguration: &s3types.CreateBucketConfiguration{
				LocationConstraint: s3types.BucketLocationConstraint(c.region),
			},
		})
		if err != nil {
			return fmt.Errorf("create bucket %s: %w", bucket, err)
		}
		_, err = client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
			Bucket: aws.String(bucket),
			PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
				BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true),
				IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
			},
		})
		if err != nil {
			return fmt.Errorf("block public access to bucket %s: %w", bucket, err)
		}
	}
	_, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{
		Bucket: aws.String(c.stage),
		Policy: aws.String(c.stagePolicy().String()),
	})
	if err != nil {
		return fmt.Errorf("put policy of bucket %s: %w", c.stage, err)
	}
	return nil
}

// showRefusal shows that the stage's policy holds for everybody, its administrator included.
func (c *cloud) showRefusal(ctx context.Context, s *show) error {
	_, err := c.s3().PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(c.stage),
		Key:    aws.String("plain"),
		Body:   bytes.NewReader([]byte("in clear")),
	})
	var refused smithy.APIError
	if err == nil || !errors.As(err, &refused) || refused.ErrorCode() != "AccessDenied" {
		return fmt.Errorf("a plain put into bucket %s: want AccessDenied, got: %w", c.stage, err)
	}
	s.line("           a plain put, tried by the administrator: %s", refused.ErrorCode())
	return nil
}

func attachRoles(ctx context.Context, config aws.Config, cluster string, roles ...role) error {
	var arns []string
	for _, r := range roles {
		arns = append(arns, r.arn())
	}
	_, err := redshift.NewFromConfig(config).ModifyClusterIamRoles(ctx, &redshift.ModifyClusterIamRolesInput{
		ClusterIdentifier: aws.String(cluster),
		AddIamRoles:       arns,
	})
	if err != nil {
		return fmt.Errorf("attach roles to warehouse %s: %w", cluster, err)
	}
	return nil
}

// upload compresses a file and puts it into the bucket that the source loads from. The demo's files are made in parts
// small enough to hold one in memory, compressed.
func (c *cloud) upload(ctx context.Context, key string, write func(io.Writer) error) error {
	var body bytes.Buffer
	out, err := zstd.NewWriter(&body, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("compress %s: %w", key, err)
	}
	if err := errors.Join(write(out), out.Close()); err != nil {
		return fmt.Errorf("compress %s: %w", key, err)
	}
	_, err = c.s3().PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(c.files),
		Key:    aws.String(key),
		Body:   bytes.NewReader(body.Bytes()),
	})
	if err != nil {
		return fmt.Errorf("upload %s: %w", key, err)
	}
	return nil
}

// staged lists what is in the stage.
func (c *cloud) staged(ctx context.Context) ([]string, error) {
	list, err := c.s3().ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: aws.String(c.stage)})
	if err != nil {
		return nil, fmt.Errorf("list bucket %s: %w", c.stage, err)
	}
	var keys []string
	for _, v := range list.Versions {
		keys = append(keys, aws.ToString(v.Key))
	}
	for _, m := range list.DeleteMarkers {
		keys = append(keys, aws.ToString(m.Key))
	}
	uploads, err := c.s3().ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: aws.String(c.stage)})
	if err != nil {
		return nil, fmt.Errorf("list uploads in bucket %s: %w", c.stage, err)
	}
	for _, u := range uploads.Uploads {
		keys = append(keys, aws.ToString(u.Key))
	}
	return keys, nil
}
