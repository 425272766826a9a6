package aws_test

import (
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkiam "github.com/aws/aws-sdk-go-v2/service/iam"
	sdkkms "github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	sdkredshift "github.com/aws/aws-sdk-go-v2/service/redshift"
	sdks3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	sdksts "github.com/aws/aws-sdk-go-v2/service/sts"
)

// What is not imitated is refused by name, and the refusal says where to read more.
//
//standin:refuses IAM: permission boundaries | IAM user guide access_policies_boundaries
//standin:refuses IAM: groups, login profiles, MFA, SAML providers, simulation | API model iam
//standin:refuses KMS: data key pairs, signing, MACs, replicas | API model kms
//standin:refuses Redshift API: pausing, resizing, snapshots | API model redshift
//standin:refuses S3: access points, restore, deleting on a size or time | API model s3
func TestRefusedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.user("bob")
	k, b := w.newKey(w.admin), w.bucket(w.admin, "corp-stage")
	boundary, name := awssdk.String("arn:aws:iam::aws:policy/AdministratorAccess"), awssdk.String("x")
	refusals := map[string]func() error{
		"PermissionsBoundary of a role": func() error {
			_, err := w.admin.iam.CreateRole(ctx, &sdkiam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: awssdk.String(trustHome), PermissionsBoundary: boundary})
			return err
		},
		"PermissionsBoundary of a user": func() error {
			_, err := w.admin.iam.CreateUser(ctx, &sdkiam.CreateUserInput{UserName: name, PermissionsBoundary: boundary})
			return err
		},
		"PutUserPermissionsBoundary": func() error {
			_, err := w.admin.iam.PutUserPermissionsBoundary(ctx, &sdkiam.PutUserPermissionsBoundaryInput{UserName: awssdk.String("bob"), PermissionsBoundary: boundary})
			return err
		},
		"CreateLoginProfile": func() error {
			_, err := w.admin.iam.CreateLoginProfile(ctx, &sdkiam.CreateLoginProfileInput{UserName: awssdk.String("bob"), Password: name})
			return err
		},
		"CreateVirtualMFADevice": func() error {
			_, err := w.admin.iam.CreateVirtualMFADevice(ctx, &sdkiam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: name})
			return err
		},
		"GenerateCredentialReport": func() error {
			_, err := w.admin.iam.GenerateCredentialReport(ctx, &sdkiam.GenerateCredentialReportInput{})
			return err
		},
		"AssumeRoleWithSAML": func() error {
			_, err := w.admin.sts.AssumeRoleWithSAML(ctx, &sdksts.AssumeRoleWithSAMLInput{
				PrincipalArn: awssdk.String("arn:aws:iam::111111111111:saml-provider/x"), RoleArn: awssdk.String("arn:aws:iam::111111111111:role/x"), SAMLAssertion: awssdk.String("eA=="),
			})
			return err
		},
		"GetFederationToken": func() error {
			_, err := w.admin.sts.GetFederationToken(ctx, &sdksts.GetFederationTokenInput{Name: name})
			return err
		},
		"GenerateDataKeyPair": func() error {
			_, err := w.admin.kms.GenerateDataKeyPair(ctx, &sdkkms.GenerateDataKeyPairInput{KeyId: &k, KeyPairSpec: kmstypes.DataKeyPairSpecRsa2048})
			return err
		},
		"Sign": func() error {
			_, err := w.admin.kms.Sign(ctx, &sdkkms.SignInput{KeyId: &k, Message: []byte("x"), SigningAlgorithm: kmstypes.SigningAlgorithmSpecEcdsaSha256})
			return err
		},
		"GenerateMac": func() error {
			_, err := w.admin.kms.GenerateMac(ctx, &sdkkms.GenerateMacInput{KeyId: &k, Message: []byte("x"), MacAlgorithm: kmstypes.MacAlgorithmSpecHmacSha256})
			return err
		},
		"ReplicateKey": func() error {
			_, err := w.admin.kms.ReplicateKey(ctx, &sdkkms.ReplicateKeyInput{KeyId: &k, ReplicaRegion: awssdk.String("us-east-1")})
			return err
		},
		"PauseCluster": func() error {
			_, err := w.admin.redshift.PauseCluster(ctx, &sdkredshift.PauseClusterInput{ClusterIdentifier: name})
			return err
		},
		"ResizeCluster": func() error {
			_, err := w.admin.redshift.ResizeCluster(ctx, &sdkredshift.ResizeClusterInput{ClusterIdentifier: name})
			return err
		},
		"CreateClusterSnapshot": func() error {
			_, err := w.admin.redshift.CreateClusterSnapshot(ctx, &sdkredshift.CreateClusterSnapshotInput{ClusterIdentifier: name, SnapshotIdentifier: name})
			return err
		},
		"restore": func() error {
			_, err := w.admin.s3.RestoreObject(ctx, &sdks3.RestoreObjectInput{Bucket: &b, Key: name})
			return err
		},
		"access point": func() error {
			_, err := w.admin.s3.CopyObject(ctx, &sdks3.CopyObjectInput{Bucket: &b, Key: name, CopySource: awssdk.String("arn:aws:s3:eu-west-1:111111111111:accesspoint/ap/object/k")})
			return err
		},
		"x-amz-if-match-size": func() error {
			_, err := w.admin.s3.DeleteObject(ctx, &sdks3.DeleteObjectInput{Bucket: &b, Key: name, IfMatchSize: awssdk.Int64(1)})
			return err
		},
		"size or time": func() error {
			_, err := w.admin.s3.DeleteObjects(ctx, &sdks3.DeleteObjectsInput{Bucket: &b, Delete: &s3types.Delete{Objects: []s3types.ObjectIdentifier{{Key: name, Size: awssdk.Int64(1)}}}})
			return err
		},
	}
	for what, do := range refusals {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			err := do()
			want := "NotImplemented"
			if err != nil && strings.Contains(err.Error(), "KMS:") {
				want = "UnsupportedOperationException"
			}
			wantCode(t, err, want)
			if err != nil && !strings.Contains(err.Error(), "docs/standin.md") {
				t.Errorf("the refusal does not say where to read more: %v", err)
			}
		})
	}
}

// A key can be used by everybody who names it by its alias, or by everybody while it has one.
//
//standin:imitates KMS: kms:RequestAlias and kms:ResourceAliases | KMS developer guide alias-authorization
func TestAliasConditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	k := w.newKey(w.admin)
	alias := func(name string) {
		if _, err := w.admin.kms.CreateAlias(ctx, &sdkkms.CreateAliasInput{AliasName: &name, TargetKeyId: &k}); err != nil {
			t.Fatal(err)
		}
	}
	alias("alias/stage")
	when := func(operator, key string) string {
		return `{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*","Condition":{"` + operator + `":{"` + key + `":"alias/stage"}}}`
	}
	named, having := w.user("named", when("StringEquals", "kms:RequestAlias")), w.user("having", when("ForAnyValue:StringEquals", "kms:ResourceAliases"))
	use := func(c client, key string) error {
		_, err := c.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: &key, Plaintext: []byte("x")})
		return err
	}
	wantCode(t, use(named, "alias/stage"), "")
	wantCode(t, use(named, k), "AccessDeniedException")
	wantCode(t, use(having, k), "")
	wantCode(t, use(having, "alias/stage"), "")
	alias("alias/other")
	wantCode(t, use(named, "alias/other"), "AccessDeniedException")
	wantCode(t, use(having, "alias/other"), "")
	if _, err := w.admin.kms.DeleteAlias(ctx, &sdkkms.DeleteAliasInput{AliasName: awssdk.String("alias/stage")}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, use(having, k), "AccessDeniedException")
}
