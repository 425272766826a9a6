package aws_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkiam "github.com/aws/aws-sdk-go-v2/service/iam"
	sdkkms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	sdkredshift "github.com/aws/aws-sdk-go-v2/service/redshift"
	sdks3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	sdksts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/sealift/sealift/internal/local/aws"
)

// The tests of what the stand-in does to its clients on purpose, and of the switches for it.

// bucket makes a bucket of a client's.
func (w *world) bucket(c client, name string) string {
	w.Helper()
	if _, err := c.s3.CreateBucket(w.Context(), &sdks3.CreateBucketInput{
		Bucket: &name, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	}); err != nil {
		w.Fatal(err)
	}
	return name
}

// wantLost checks that a client learned nothing: neither a result nor an error of the service.
func wantLost(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("the answer came")
	}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		t.Errorf("an answer came: %v", e)
	}
}

// A request whose answer is lost was carried out all the same.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	k := w.newKey(w.admin)

	w.LoseAnswers("kms:CreateGrant", 1)
	grant := func() (*sdkkms.CreateGrantOutput, error) {
		return w.admin.kms.CreateGrant(ctx, &sdkkms.CreateGrantInput{
			KeyId: &k, GranteePrincipal: awssdk.String("arn:aws:iam::111111111111:user/admin"), Name: awssdk.String("run"),
			Operations: []types.GrantOperation{types.GrantOperationDecrypt},
		})
	}
	_, err := grant()
	wantLost(t, err)
	again, err := grant()
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.admin.kms.ListGrants(ctx, &sdkkms.ListGrantsInput{KeyId: &k})
	if err != nil || len(list.Grants) != 1 || *list.Grants[0].GrantId != *again.GrantId {
		t.Errorf("grants after a retry: %+v, %v", list, err)
	}

	b := w.bucket(w.admin, "corp-stage")
	put := func() error {
		_, err := w.admin.s3.PutObject(ctx, &sdks3.PutObjectInput{Bucket: &b, Key: awssdk.String("lease"), Body: strings.NewReader("mine"), IfNoneMatch: awssdk.String("*")})
		return err
	}
	w.LoseAnswers("s3:PutObject", 1)
	wantLost(t, put())
	wantCode(t, put(), "PreconditionFailed") // by the writer's own object: it must look whose it is
	upload, err := w.admin.s3.CreateMultipartUpload(ctx, &sdks3.CreateMultipartUploadInput{Bucket: &b, Key: awssdk.String("parts")})
	if err != nil {
		t.Fatal(err)
	}
	part, err := w.admin.s3.UploadPart(ctx, &sdks3.UploadPartInput{
		Bucket: &b, Key: upload.Key, UploadId: upload.UploadId, PartNumber: awssdk.Int32(1), Body: bytes.NewReader(make([]byte, 100)),
	})
	if err != nil {
		t.Fatal(err)
	}
	complete := func() error {
		_, err := w.admin.s3.CompleteMultipartUpload(ctx, &sdks3.CompleteMultipartUploadInput{
			Bucket: &b, Key: upload.Key, UploadId: upload.UploadId,
			MultipartUpload: &s3types.CompletedMultipartUpload{Parts: []s3types.CompletedPart{{PartNumber: awssdk.Int32(1), ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32}}},
		})
		return err
	}
	w.LoseAnswers("s3:CompleteMultipartUpload", 1)
	wantLost(t, complete())
	if head, err := w.admin.s3.HeadObject(ctx, &sdks3.HeadObjectInput{Bucket: &b, Key: upload.Key}); err != nil || *head.ContentLength != 100 {
		t.Errorf("the object of the lost answer: %+v, %v", head, err)
	}
	wantCode(t, complete(), "NoSuchUpload")

	w.LoseAnswers("sts:GetCallerIdentity", 2)
	for range 2 {
		_, err := w.admin.sts.GetCallerIdentity(ctx, &sdksts.GetCallerIdentityInput{})
		wantLost(t, err)
	}
	identity(t, w.admin) // only as often as asked for
}

// KMS is eventually consistent and has a quota of requests; both reach those who only speak to S3.
//
//standin:imitates unkindness 18: a KMS grant is seen late, unless its token is passed | KMS developer guide grants
//standin:imitates unkindness 18: KMS throttles | API model kms ThrottlingException
//standin:imitates KMS: throttling reaches the clients of S3 as SlowDown | S3 API reference error responses
func TestUnkindKMS(t *testing.T) {
	t.Parallel()
	time0 := &clock{now: time.Now()}
	w := newWorld(t, func(o *aws.Options) { o.GrantDelay, o.Now = time.Minute, time0.time })
	ctx := t.Context()
	abroad := w.adminOf(second)
	k := w.newKey(w.admin) // whose policy knows nobody of the second account
	role := w.role(abroad, "unload", strings.Replace(trustHome, home, second, 1), allow("s3:*", "*"))
	session := w.assume(abroad, &sdksts.AssumeRoleInput{RoleArn: &role, RoleSessionName: awssdk.String("session")})
	b := w.bucket(abroad, "corp-stage")
	write := func() error {
		_, err := session.s3.PutObject(ctx, &sdks3.PutObjectInput{
			Bucket: &b, Key: awssdk.String("part"), Body: strings.NewReader("content"),
			ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &k,
		})
		return err
	}
	g, err := w.admin.kms.CreateGrant(ctx, &sdkkms.CreateGrantInput{
		KeyId: &k, GranteePrincipal: &role, Operations: []types.GrantOperation{types.GrantOperationGenerateDataKey, types.GrantOperationDecrypt},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, write(), "AccessDenied") // S3 passes no token
	_, err = session.kms.GenerateDataKey(ctx, &sdkkms.GenerateDataKeyInput{KeyId: &k, KeySpec: types.DataKeySpecAes256, GrantTokens: []string{*g.GrantToken}})
	wantCode(t, err, "")
	time0.advance(time.Minute)
	wantCode(t, write(), "")

	w.KMS.Throttle(3)
	_, err = w.admin.kms.DescribeKey(ctx, &sdkkms.DescribeKeyInput{KeyId: &k})
	wantCode(t, err, "ThrottlingException")
	wantCode(t, write(), "SlowDown")
	_, err = session.s3.GetObject(ctx, &sdks3.GetObjectInput{Bucket: &b, Key: awssdk.String("part")})
	wantCode(t, err, "SlowDown")
	wantCode(t, write(), "")
}

// IAM is eventually consistent and has a quota of requests, as the services on it have.
//
//standin:imitates unkindness 18: a new role is assumed, trusted and granted to only after a while | IAM user guide troubleshoot_general
//standin:imitates unkindness 18: STS, IAM and Redshift throttle | API models common errors
func TestUnkindIAM(t *testing.T) {
	t.Parallel()
	time0 := &clock{now: time.Now()}
	w := newWorld(t, func(o *aws.Options) { o.IAMDelay, o.Now, o.Fleet = time.Minute, time0.time, &fleet{} })
	ctx := t.Context()
	k := w.newKey(w.admin)
	role := w.role(w.admin, "unload", trustHome)
	assume := func() error {
		_, err := w.admin.sts.AssumeRole(ctx, &sdksts.AssumeRoleInput{RoleArn: &role, RoleSessionName: awssdk.String("session")})
		return err
	}
	grant := func() error {
		_, err := w.admin.kms.CreateGrant(ctx, &sdkkms.CreateGrantInput{KeyId: &k, GranteePrincipal: &role, Operations: []types.GrantOperation{types.GrantOperationDecrypt}})
		return err
	}
	trust := func() error {
		_, err := w.admin.iam.CreateRole(ctx, &sdkiam.CreateRoleInput{
			RoleName: awssdk.String("next"), AssumeRolePolicyDocument: awssdk.String(strings.Replace(trustHome, `"111111111111"`, `"`+role+`"`, 1)),
		})
		return err
	}
	wantCode(t, assume(), "AccessDenied")
	wantCode(t, grant(), "InvalidArnException")
	wantCode(t, trust(), "MalformedPolicyDocument")
	if _, err := w.admin.iam.GetRole(ctx, &sdkiam.GetRoleInput{RoleName: awssdk.String("unload")}); err != nil {
		t.Errorf("who made it sees it at once: %v", err)
	}
	time0.advance(time.Minute)
	wantCode(t, assume(), "")
	wantCode(t, grant(), "")
	w.Throttle("iam:CreateRole", 1)
	wantCode(t, trust(), "Throttling")
	wantCode(t, trust(), "")
	w.Throttle("sts:AssumeRole", 1)
	wantCode(t, assume(), "Throttling")
	w.Throttle("redshift:DescribeClusters", 1)
	_, err := w.admin.redshift.DescribeClusters(ctx, &sdkredshift.DescribeClustersInput{})
	wantCode(t, err, "Throttling")
}

// What S3 does to those who think of it as of a folder of files.
//
//standin:imitates unkindness 19: a deletion in a versioned bucket leaves the versions and adds a delete marker | S3 user guide DeletingObjectVersions
//standin:imitates unkindness 19: unfinished multipart uploads stay, outside of every listing of objects | S3 user guide mpuoverview
//standin:imitates unkindness 19: 503 SlowDown | S3 API reference error responses
//standin:imitates unkindness 19: a bucket of another owner is refused where the owner is named | S3 user guide bucket-owner-condition
//standin:imitates unkindness 19: conditional PUT answers 412, and 409 where another request came in between | S3 user guide conditional-writes
func TestUnkindS3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	c := w.admin.s3
	b := w.bucket(w.admin, "corp-stage")
	key := awssdk.String("run/part")
	put := func(change ...func(*sdks3.PutObjectInput)) error {
		in := &sdks3.PutObjectInput{Bucket: &b, Key: key, Body: strings.NewReader("content")}
		for _, f := range change {
			f(in)
		}
		_, err := c.PutObject(ctx, in)
		return err
	}
	if _, err := c.PutBucketVersioning(ctx, &sdks3.PutBucketVersioningInput{
		Bucket: &b, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
	}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, put(), "")
	wantCode(t, put(), "")
	if _, err := c.DeleteObject(ctx, &sdks3.DeleteObjectInput{Bucket: &b, Key: key}); err != nil {
		t.Fatal(err)
	}
	listed, err := c.ListObjectsV2(ctx, &sdks3.ListObjectsV2Input{Bucket: &b})
	if err != nil || len(listed.Contents) != 0 {
		t.Errorf("listed %+v, %v", listed, err)
	}
	versions, err := c.ListObjectVersions(ctx, &sdks3.ListObjectVersionsInput{Bucket: &b})
	if err != nil || len(versions.Versions) != 2 || len(versions.DeleteMarkers) != 1 {
		t.Fatalf("versions %+v, %v", versions, err)
	}
	for _, v := range versions.Versions {
		if _, err := c.DeleteObject(ctx, &sdks3.DeleteObjectInput{Bucket: &b, Key: key, VersionId: v.VersionId}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = c.DeleteBucket(ctx, &sdks3.DeleteBucketInput{Bucket: &b})
	wantCode(t, err, "BucketNotEmpty") // a delete marker is enough
	if _, err := c.DeleteObject(ctx, &sdks3.DeleteObjectInput{Bucket: &b, Key: key, VersionId: versions.DeleteMarkers[0].VersionId}); err != nil {
		t.Fatal(err)
	}

	upload, err := c.CreateMultipartUpload(ctx, &sdks3.CreateMultipartUploadInput{Bucket: &b, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if versions, err := c.ListObjectVersions(ctx, &sdks3.ListObjectVersionsInput{Bucket: &b}); err != nil || len(versions.Versions)+len(versions.DeleteMarkers) != 0 {
		t.Errorf("an unfinished upload is listed: %+v, %v", versions, err)
	}
	uploads, err := c.ListMultipartUploads(ctx, &sdks3.ListMultipartUploadsInput{Bucket: &b})
	if err != nil || len(uploads.Uploads) != 1 || *uploads.Uploads[0].UploadId != *upload.UploadId {
		t.Errorf("uploads %+v, %v", uploads, err)
	}

	w.S3.Throttle(1)
	wantCode(t, put(), "SlowDown")
	wantCode(t, put(func(in *sdks3.PutObjectInput) { in.ExpectedBucketOwner = awssdk.String(second) }), "AccessDenied")
	wantCode(t, put(func(in *sdks3.PutObjectInput) { in.ExpectedBucketOwner = awssdk.String(home) }), "")

	once := func(in *sdks3.PutObjectInput) { in.IfNoneMatch = awssdk.String("*") }
	wantCode(t, put(once), "PreconditionFailed")
	elsewhere := func(in *sdks3.PutObjectInput) { once(in); in.Key = awssdk.String("lease") }
	w.S3.Conflict(1)
	wantCode(t, put(), "") // only conditional writes conflict
	wantCode(t, put(elsewhere), "ConditionalRequestConflict")
	wantCode(t, put(elsewhere), "")
}

// Sessions of roles that were assumed by roles, and roles for third parties.
//
//standin:imitates unkindness 20: a chained role lasts one hour at most | IAM user guide id_roles
//standin:imitates unkindness 20: a role that demands an external id | IAM user guide id_roles_common-scenarios_third-party
func TestUnkindSTS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	conditional := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"corp-42"}}}]}`, home)
	role := w.role(w.admin, "vendor", conditional, allow("sts:AssumeRole", "*"))
	in := func(seconds int32, external string) *sdksts.AssumeRoleInput {
		i := &sdksts.AssumeRoleInput{RoleArn: &role, RoleSessionName: awssdk.String("chain"), DurationSeconds: &seconds}
		if external != "" {
			i.ExternalId = &external
		}
		return i
	}
	for external, want := range map[string]string{"": "AccessDenied", "corp-43": "AccessDenied", "CORP-42": "AccessDenied", "corp-42": ""} {
		_, err := w.admin.sts.AssumeRole(t.Context(), in(900, external))
		t.Run("external id "+external, func(t *testing.T) { wantCode(t, err, want) })
	}
	session := w.assume(w.admin, in(3600, "corp-42"))
	_, err := session.sts.AssumeRole(t.Context(), in(3601, "corp-42"))
	wantCode(t, err, "ValidationError")
	out, err := session.sts.AssumeRole(t.Context(), in(3600, "corp-42"))
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(*out.Credentials.Expiration); left > time.Hour {
		t.Errorf("a chained session lasts %s", left)
	}
}
