package aws_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkkms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	sdksts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/local/aws"
	"github.com/sealift/sealift/internal/local/aws/iam"
)

// newKey makes a key with the default policy, and gives its ARN.
func (w *world) newKey(c client) string {
	w.Helper()
	out, err := c.kms.CreateKey(w.Context(), &sdkkms.CreateKeyInput{Description: awssdk.String("for a test")})
	if err != nil {
		w.Fatal(err)
	}
	return *out.KeyMetadata.Arn
}

func idOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

//standin:imitates KMS: Encrypt, Decrypt, ReEncrypt with an encryption context | API model kms
func TestEncryptAndDecrypt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	k, other := w.newKey(w.admin), w.newKey(w.admin)
	if _, err := w.admin.kms.CreateAlias(ctx, &sdkkms.CreateAliasInput{AliasName: awssdk.String("alias/stage"), TargetKeyId: &k}); err != nil {
		t.Fatal(err)
	}
	context := map[string]string{"aws:s3:arn": "arn:aws:s3:::stage", "b": "2", "a": "1"}
	plain := []byte("plain text")
	for name, key := range map[string]string{"ARN": k, "id": idOf(k), "alias": "alias/stage", "alias ARN": "arn:aws:kms:eu-west-1:111111111111:alias/stage"} {
		enc, err := w.admin.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: &key, Plaintext: plain, EncryptionContext: context})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if *enc.KeyId != k || bytes.Contains(enc.CiphertextBlob, plain) {
			t.Errorf("%s: encrypted under %s", name, *enc.KeyId)
		}
		for _, keyID := range []*string{nil, &key} {
			dec, err := w.admin.kms.Decrypt(ctx, &sdkkms.DecryptInput{CiphertextBlob: enc.CiphertextBlob, EncryptionContext: context, KeyId: keyID})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if !bytes.Equal(dec.Plaintext, plain) || *dec.KeyId != k {
				t.Errorf("%s: %q under %s", name, dec.Plaintext, *dec.KeyId)
			}
		}
	}

	enc, err := w.admin.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: &k, Plaintext: plain, EncryptionContext: context})
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.admin.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: &k, Plaintext: plain, EncryptionContext: context})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(enc.CiphertextBlob, again.CiphertextBlob) {
		t.Error("the same ciphertext twice")
	}
	decrypt := func(blob []byte, context map[string]string, key *string) error {
		_, err := w.admin.kms.Decrypt(ctx, &sdkkms.DecryptInput{CiphertextBlob: blob, EncryptionContext: context, KeyId: key})
		return err
	}
	for name, change := range map[string]func(map[string]string){
		"without a pair":   func(c map[string]string) { delete(c, "a") },
		"with one more":    func(c map[string]string) { c["c"] = "3" },
		"another value":    func(c map[string]string) { c["a"] = "2" },
		"case of a value":  func(c map[string]string) { c["aws:s3:arn"] = "arn:aws:s3:::Stage" },
		"shifted boundary": func(c map[string]string) { delete(c, "a"); delete(c, "b"); c["a1"] = ""; c["b"] = "2" },
	} {
		changed := maps.Clone(context)
		change(changed)
		t.Run(name, func(t *testing.T) {
			wantAs[*types.InvalidCiphertextException](t, decrypt(enc.CiphertextBlob, changed, nil))
		})
	}
	for i := range enc.CiphertextBlob {
		altered := bytes.Clone(enc.CiphertextBlob)
		altered[i] ^= 1
		wantCode(t, decrypt(altered, context, nil), "InvalidCiphertextException")
	}
	wantCode(t, decrypt(enc.CiphertextBlob[:20], context, nil), "InvalidCiphertextException")
	wantAs[*types.IncorrectKeyException](t, decrypt(enc.CiphertextBlob, context, &other))

	moved, err := w.admin.kms.ReEncrypt(ctx, &sdkkms.ReEncryptInput{CiphertextBlob: enc.CiphertextBlob, SourceEncryptionContext: context, DestinationKeyId: &other})
	if err != nil {
		t.Fatal(err)
	}
	if *moved.SourceKeyId != k || *moved.KeyId != other {
		t.Errorf("moved from %s to %s", *moved.SourceKeyId, *moved.KeyId)
	}
	if err := decrypt(moved.CiphertextBlob, nil, &other); err != nil {
		t.Error(err)
	}

	for name, in := range map[string]*sdkkms.EncryptInput{
		"4097 bytes": {KeyId: &k, Plaintext: make([]byte, 4097)},
		"algorithm":  {KeyId: &k, Plaintext: plain, EncryptionAlgorithm: types.EncryptionAlgorithmSpecRsaesOaepSha256},
	} {
		if _, err := w.admin.kms.Encrypt(ctx, in); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	_, err = w.admin.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: &k, Plaintext: plain, DryRun: awssdk.Bool(true)})
	wantAs[*types.DryRunOperationException](t, err)
}

//standin:imitates KMS: GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom | API model kms
func TestDataKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	k := w.newKey(w.admin)
	for name, tt := range map[string]struct {
		in   sdkkms.GenerateDataKeyInput
		size int // 0 is refused
	}{
		"AES_256":      {sdkkms.GenerateDataKeyInput{KeySpec: types.DataKeySpecAes256}, 32},
		"AES_128":      {sdkkms.GenerateDataKeyInput{KeySpec: types.DataKeySpecAes128}, 16},
		"64 bytes":     {sdkkms.GenerateDataKeyInput{NumberOfBytes: awssdk.Int32(64)}, 64},
		"both":         {sdkkms.GenerateDataKeyInput{KeySpec: types.DataKeySpecAes256, NumberOfBytes: awssdk.Int32(64)}, 0},
		"neither":      {sdkkms.GenerateDataKeyInput{}, 0},
		"unknown spec": {sdkkms.GenerateDataKeyInput{KeySpec: "AES_512"}, 0},
		"too many":     {sdkkms.GenerateDataKeyInput{NumberOfBytes: awssdk.Int32(1025)}, 0},
	} {
		tt.in.KeyId = &k
		out, err := w.admin.kms.GenerateDataKey(ctx, &tt.in)
		if tt.size == 0 {
			t.Run(name, func(t *testing.T) { wantCode(t, err, "ValidationException") })
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		dec, err := w.admin.kms.Decrypt(ctx, &sdkkms.DecryptInput{CiphertextBlob: out.CiphertextBlob})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Plaintext) != tt.size || !bytes.Equal(dec.Plaintext, out.Plaintext) {
			t.Errorf("%s: %d bytes, decrypted %d", name, len(out.Plaintext), len(dec.Plaintext))
		}
	}
	out, err := w.admin.kms.GenerateDataKeyWithoutPlaintext(ctx, &sdkkms.GenerateDataKeyWithoutPlaintextInput{KeyId: &k, KeySpec: types.DataKeySpecAes256})
	if err != nil {
		t.Fatal(err)
	}
	if dec, err := w.admin.kms.Decrypt(ctx, &sdkkms.DecryptInput{CiphertextBlob: out.CiphertextBlob}); err != nil || len(dec.Plaintext) != 32 {
		t.Errorf("without plaintext: %v", err)
	}
	random, err := w.admin.kms.GenerateRandom(ctx, &sdkkms.GenerateRandomInput{NumberOfBytes: awssdk.Int32(24)})
	if err != nil || len(random.Plaintext) != 24 {
		t.Errorf("random: %v", err)
	}
}

//standin:imitates KMS: disabling, enabling, scheduled deletion | KMS developer guide key-state
func TestKeyStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	k := w.newKey(w.admin)
	enc, err := w.admin.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: &k, Plaintext: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	use := func() error {
		_, err := w.admin.kms.Decrypt(ctx, &sdkkms.DecryptInput{CiphertextBlob: enc.CiphertextBlob})
		return err
	}
	state := func() types.KeyState {
		out, err := w.admin.kms.DescribeKey(ctx, &sdkkms.DescribeKeyInput{KeyId: &k})
		if err != nil {
			t.Fatal(err)
		}
		return out.KeyMetadata.KeyState
	}
	if _, err := w.admin.kms.DisableKey(ctx, &sdkkms.DisableKeyInput{KeyId: &k}); err != nil {
		t.Fatal(err)
	}
	wantAs[*types.DisabledException](t, use())
	if _, err := w.admin.kms.EnableKey(ctx, &sdkkms.EnableKeyInput{KeyId: &k}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, use(), "")

	for _, days := range []int32{0, 6, 31} {
		_, err := w.admin.kms.ScheduleKeyDeletion(ctx, &sdkkms.ScheduleKeyDeletionInput{KeyId: &k, PendingWindowInDays: &days})
		wantCode(t, err, "ValidationException")
	}
	out, err := w.admin.kms.ScheduleKeyDeletion(ctx, &sdkkms.ScheduleKeyDeletionInput{KeyId: &k, PendingWindowInDays: awssdk.Int32(7)})
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(*out.DeletionDate); left > 7*24*time.Hour || left < 7*24*time.Hour-time.Hour || out.KeyState != types.KeyStatePendingDeletion || state() != types.KeyStatePendingDeletion {
		t.Errorf("deletion in %v, state %s", left, out.KeyState)
	}
	wantAs[*types.KMSInvalidStateException](t, use())
	_, err = w.admin.kms.EnableKey(ctx, &sdkkms.EnableKeyInput{KeyId: &k})
	wantAs[*types.KMSInvalidStateException](t, err)
	_, err = w.admin.kms.CreateAlias(ctx, &sdkkms.CreateAliasInput{AliasName: awssdk.String("alias/x"), TargetKeyId: &k})
	wantAs[*types.KMSInvalidStateException](t, err)
	if _, err := w.admin.kms.CancelKeyDeletion(ctx, &sdkkms.CancelKeyDeletionInput{KeyId: &k}); err != nil {
		t.Fatal(err)
	}
	if got := state(); got != types.KeyStateDisabled {
		t.Errorf("after the deletion was cancelled: %s", got)
	}
	wantAs[*types.DisabledException](t, use())
	_, err = w.admin.kms.CancelKeyDeletion(ctx, &sdkkms.CancelKeyDeletionInput{KeyId: &k})
	wantAs[*types.KMSInvalidStateException](t, err)
}

//standin:imitates KMS: keys by id, ARN, alias and alias ARN | KMS developer guide find-cmk-id-arn
func TestNamingKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	abroad := w.adminOf(second)
	k, far := w.newKey(w.admin), w.newKey(abroad)
	describe := func(c client, name string) error {
		_, err := c.kms.DescribeKey(ctx, &sdkkms.DescribeKeyInput{KeyId: &name})
		return err
	}
	for name, want := range map[string]string{
		k:                                    "",
		idOf(k):                              "",
		idOf(far):                            "NotFoundException",     // a bare id is looked up at home
		far:                                  "AccessDeniedException", // an ARN is found, and its policy asked
		"alias/none":                         "NotFoundException",
		"alias/aws/ebs":                      "NotFoundException",
		"not-a-uuid":                         "NotFoundException",
		"arn:aws:kms:eu-west-1:1:key":        "NotFoundException",
		strings.Replace(k, region, "x", 1):   "NotFoundException",
		strings.Replace(k, home, second, 1):  "NotFoundException",
		"12345678-1234-1234-1234-1234567890": "NotFoundException",
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, describe(w.admin, name), want) })
	}
	wantAs[*types.NotFoundException](t, describe(w.admin, "alias/none"))
	// Another region has other keys.
	wantCode(t, describe(w.as(w.admin.creds, "us-east-1"), idOf(k)), "NotFoundException")
	wantCode(t, describe(w.as(w.admin.creds, "us-east-1"), k), "NotFoundException")
	enc, err := w.admin.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: &k, Plaintext: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.as(w.admin.creds, "us-east-1").kms.Decrypt(ctx, &sdkkms.DecryptInput{CiphertextBlob: enc.CiphertextBlob})
	wantCode(t, err, "InvalidCiphertextException")
	list, err := w.as(w.admin.creds, "us-east-1").kms.ListKeys(ctx, &sdkkms.ListKeysInput{})
	if err != nil || len(list.Keys) != 0 {
		t.Errorf("keys of another region: %v, %v", list, err)
	}
}

//standin:imitates KMS: aliases | KMS developer guide kms-alias
func TestAliases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	one, two := w.newKey(w.admin), w.newKey(w.admin)
	create := func(name, key string) error {
		_, err := w.admin.kms.CreateAlias(ctx, &sdkkms.CreateAliasInput{AliasName: &name, TargetKeyId: &key})
		return err
	}
	wantCode(t, create("alias/a", one), "")
	wantCode(t, create("alias/A", one), "") // case matters
	wantAs[*types.AlreadyExistsException](t, create("alias/a", two))
	wantCode(t, create("stage", one), "ValidationException")
	wantCode(t, create("alias/ä", one), "ValidationException")
	wantCode(t, create("alias/"+strings.Repeat("a", 251), one), "ValidationException")
	wantCode(t, create("alias/aws/mine", one), "NotAuthorizedException")
	wantCode(t, create("alias/b", "alias/a"), "NotFoundException")

	enc, err := w.admin.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: awssdk.String("alias/a"), Plaintext: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.admin.kms.UpdateAlias(ctx, &sdkkms.UpdateAliasInput{AliasName: awssdk.String("alias/a"), TargetKeyId: &two}); err != nil {
		t.Fatal(err)
	}
	// What was encrypted before still names its key.
	dec, err := w.admin.kms.Decrypt(ctx, &sdkkms.DecryptInput{CiphertextBlob: enc.CiphertextBlob})
	if err != nil || *dec.KeyId != one {
		t.Errorf("old data under %v: %v", dec, err)
	}
	if out, err := w.admin.kms.DescribeKey(ctx, &sdkkms.DescribeKeyInput{KeyId: awssdk.String("alias/a")}); err != nil || *out.KeyMetadata.Arn != two {
		t.Errorf("alias/a is %v, %v", out, err)
	}
	names := func(in *sdkkms.ListAliasesInput) (all []string) {
		out, err := w.admin.kms.ListAliases(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range out.Aliases {
			all = append(all, *a.AliasName+" "+*a.TargetKeyId)
		}
		return all
	}
	if diff := cmp.Diff([]string{"alias/A " + idOf(one), "alias/a " + idOf(two)}, names(&sdkkms.ListAliasesInput{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"alias/A " + idOf(one)}, names(&sdkkms.ListAliasesInput{KeyId: &one})); diff != "" {
		t.Error(diff)
	}
	if _, err := w.admin.kms.DeleteAlias(ctx, &sdkkms.DeleteAliasInput{AliasName: awssdk.String("alias/a")}); err != nil {
		t.Fatal(err)
	}
	_, err = w.admin.kms.DeleteAlias(ctx, &sdkkms.DeleteAliasInput{AliasName: awssdk.String("alias/a")})
	wantAs[*types.NotFoundException](t, err)
	_, err = w.admin.kms.UpdateAlias(ctx, &sdkkms.UpdateAliasInput{AliasName: awssdk.String("alias/a"), TargetKeyId: &two})
	wantAs[*types.NotFoundException](t, err)
}

//standin:imitates KMS: key policies, and the check that nobody locks himself out | KMS developer guide key-policies
func TestKeyPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	k := w.newKey(w.admin)
	bob := w.user("bob", allow("kms:*", "*"))
	use := func(c client, context map[string]string) error {
		_, err := c.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: &k, Plaintext: []byte("x"), EncryptionContext: context})
		return err
	}
	put := func(text string) error {
		_, err := w.admin.kms.PutKeyPolicy(ctx, &sdkkms.PutKeyPolicyInput{KeyId: &k, Policy: &text})
		return err
	}
	wantCode(t, use(bob, nil), "") // the default policy delegates to the account
	const admin = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:user/admin"},"Action":"kms:*","Resource":"*"}`
	wantCode(t, put(*document(admin)), "")
	wantCode(t, use(w.admin, nil), "")
	wantCode(t, use(bob, nil), "AccessDeniedException") // bob's own policies count for nothing now
	wantCode(t, put(*document(admin, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:user/bob"},"Action":"kms:Encrypt","Resource":"*",
		"Condition":{"StringEquals":{"kms:EncryptionContext:purpose":"test"},"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["purpose"]}}}`)), "")
	wantCode(t, use(bob, map[string]string{"purpose": "test"}), "")
	wantCode(t, use(bob, map[string]string{"purpose": "other"}), "AccessDeniedException")
	wantCode(t, use(bob, map[string]string{"purpose": "test", "more": "x"}), "AccessDeniedException")
	wantCode(t, use(bob, nil), "AccessDeniedException")

	for name, text := range map[string]string{
		"locks its author out":  *document(strings.Replace(admin, "user/admin", "user/bob", 1)),
		"names nobody":          *document(admin, strings.Replace(admin, "user/admin", "user/nobody", 1)),
		"no principal":          *document(allow("kms:*", "*")),
		"no resource":           *document(`{"Effect":"Allow","Principal":"*","Action":"kms:*"}`),
		"unknown operator":      *document(admin, `{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringMatches":{"kms:ViaService":"x"}}}`),
		"unknown condition key": *document(admin, `{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:Nothing":"x"}}}`),
		"not JSON":              `{`,
	} {
		t.Run(name, func(t *testing.T) { wantAs[*types.MalformedPolicyDocumentException](t, put(text)) })
	}
	text := *document(strings.Replace(admin, "user/admin", "user/bob", 1))
	if _, err := w.admin.kms.PutKeyPolicy(ctx, &sdkkms.PutKeyPolicyInput{KeyId: &k, Policy: &text, BypassPolicyLockoutSafetyCheck: true}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, put(*document(admin)), "AccessDeniedException") // locked out, as asked for
	out, err := bob.kms.GetKeyPolicy(ctx, &sdkkms.GetKeyPolicyInput{KeyId: &k})
	if err != nil || *out.Policy != text || *out.PolicyName != "default" {
		t.Errorf("policy read back: %v, %v", out, err)
	}
	if names, err := bob.kms.ListKeyPolicies(ctx, &sdkkms.ListKeyPoliciesInput{KeyId: &k}); err != nil || !cmp.Equal(names.PolicyNames, []string{"default"}) {
		t.Errorf("policies: %v, %v", names, err)
	}
}

//standin:imitates KMS: keys of another account need both sides | KMS developer guide key-policy-modifying-external-accounts
func TestCrossAccountKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	abroad := w.adminOf(second)
	role := w.role(abroad, "reader", strings.Replace(trustHome, home, second, 1), allow("kms:Decrypt", "*"))
	idle := w.role(abroad, "idle", strings.Replace(trustHome, home, second, 1))
	session := func(arn string) client {
		return w.assume(abroad, &sdksts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: awssdk.String("session")})
	}
	reader, without := session(role), session(idle)
	k := w.newKey(w.admin)
	enc, err := w.admin.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: &k, Plaintext: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	decrypt := func(c client) error {
		_, err := c.kms.Decrypt(ctx, &sdkkms.DecryptInput{CiphertextBlob: enc.CiphertextBlob})
		return err
	}
	wantCode(t, decrypt(reader), "AccessDeniedException")
	own := `{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"kms:*","Resource":"*"}`
	shared := document(own, `{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"kms:Decrypt","Resource":"*"}`)
	if _, err := w.admin.kms.PutKeyPolicy(ctx, &sdkkms.PutKeyPolicyInput{KeyId: &k, Policy: shared}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, decrypt(reader), "")
	wantCode(t, decrypt(without), "AccessDeniedException") // the account is trusted, the role has no policy of its own
	for name, call := range map[string]func() error{
		"GetKeyPolicy": func() error {
			_, err := reader.kms.GetKeyPolicy(ctx, &sdkkms.GetKeyPolicyInput{KeyId: &k})
			return err
		},
		"DisableKey": func() error { _, err := reader.kms.DisableKey(ctx, &sdkkms.DisableKeyInput{KeyId: &k}); return err },
		"CreateAlias": func() error {
			_, err := abroad.kms.CreateAlias(ctx, &sdkkms.CreateAliasInput{AliasName: awssdk.String("alias/x"), TargetKeyId: &k})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, call(), "AccessDeniedException") })
	}
}

//standin:imitates KMS: grants, their names, tokens, constraints and retirement | KMS developer guide grants
func TestGrants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	abroad := w.adminOf(second)
	k := w.newKey(w.admin)
	role := w.role(abroad, "grantee", strings.Replace(trustHome, home, second, 1))
	grantee := w.assume(abroad, &sdksts.AssumeRoleInput{RoleArn: &role, RoleSessionName: awssdk.String("session")})
	retirer := w.user("retirer")
	stranger := w.user("stranger", allow("kms:RetireGrant", "*"))
	bucket := map[string]string{"aws:s3:arn": "arn:aws:s3:::stage"}
	type in = sdkkms.CreateGrantInput
	create := func(c client, change func(*in)) (*sdkkms.CreateGrantOutput, error) {
		i := &in{
			KeyId: &k, GranteePrincipal: &role, Operations: []types.GrantOperation{types.GrantOperationGenerateDataKey, types.GrantOperationDecrypt},
			Constraints: &types.GrantConstraints{EncryptionContextEquals: bucket}, RetiringPrincipal: awssdk.String("arn:aws:iam::111111111111:user/retirer"),
		}
		if change != nil {
			change(i)
		}
		return c.kms.CreateGrant(ctx, i)
	}
	use := func(context map[string]string) error {
		out, err := grantee.kms.GenerateDataKey(ctx, &sdkkms.GenerateDataKeyInput{KeyId: &k, KeySpec: types.DataKeySpecAes256, EncryptionContext: context})
		if err != nil {
			return err
		}
		_, err = grantee.kms.Decrypt(ctx, &sdkkms.DecryptInput{CiphertextBlob: out.CiphertextBlob, EncryptionContext: context})
		return err
	}
	wantCode(t, use(bucket), "AccessDeniedException")
	g, err := create(w.admin, func(i *in) { i.Name = awssdk.String("run-1") })
	if err != nil {
		t.Fatal(err)
	}
	if len(*g.GrantId) != 64 {
		t.Errorf("grant id %q", *g.GrantId)
	}
	wantCode(t, use(bucket), "")
	wantCode(t, use(map[string]string{"aws:s3:arn": "arn:aws:s3:::stage/key"}), "AccessDeniedException")
	wantCode(t, use(map[string]string{"aws:s3:arn": "arn:aws:s3:::stage", "more": "x"}), "AccessDeniedException")
	_, err = grantee.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: &k, Plaintext: []byte("x"), EncryptionContext: bucket})
	wantCode(t, err, "AccessDeniedException") // not among the operations

	same, err := create(w.admin, func(i *in) { i.Name = awssdk.String("run-1") })
	if err != nil || *same.GrantId != *g.GrantId || *same.GrantToken == *g.GrantToken {
		t.Errorf("a retry under the same name made %v, %v", same, err)
	}
	unnamed, err := create(w.admin, nil)
	if err != nil || *unnamed.GrantId == *g.GrantId {
		t.Errorf("without a name: %v, %v", unnamed, err)
	}
	list, err := w.admin.kms.ListGrants(ctx, &sdkkms.ListGrantsInput{KeyId: &k})
	if err != nil || len(list.Grants) != 2 || *list.Grants[0].GranteePrincipal != role || !cmp.Equal(list.Grants[0].Constraints.EncryptionContextEquals, bucket) {
		t.Errorf("grants %+v, %v", list, err)
	}
	retirable, err := w.admin.kms.ListRetirableGrants(ctx, &sdkkms.ListRetirableGrantsInput{RetiringPrincipal: awssdk.String("arn:aws:iam::111111111111:user/retirer")})
	if err != nil || len(retirable.Grants) != 2 {
		t.Errorf("retirable %+v, %v", retirable, err)
	}

	for name, tt := range map[string]struct {
		change func(*in)
		want   string
	}{
		"alias":                {func(i *in) { i.KeyId = awssdk.String("alias/x") }, "NotFoundException"},
		"no such grantee":      {func(i *in) { i.GranteePrincipal = awssdk.String("arn:aws:iam::222222222222:role/nobody") }, "InvalidArnException"},
		"service as grantee":   {func(i *in) { i.GranteePrincipal = awssdk.String("redshift.amazonaws.com") }, "InvalidArnException"},
		"no such retirer":      {func(i *in) { i.RetiringPrincipal = awssdk.String("arn:aws:iam::111111111111:user/nobody") }, "InvalidArnException"},
		"asymmetric operation": {func(i *in) { i.Operations = append(i.Operations, types.GrantOperationSign) }, "ValidationException"},
		"nine pairs": {func(i *in) {
			pairs := map[string]string{}
			for n := range 9 {
				pairs[fmt.Sprint(n)] = "x"
			}
			i.Constraints = &types.GrantConstraints{EncryptionContextSubset: pairs}
		}, "ValidationException"},
		"385 characters": {func(i *in) {
			i.Constraints = &types.GrantConstraints{EncryptionContextSubset: map[string]string{"a": strings.Repeat("x", 385)}}
		}, "ValidationException"},
		"bad name": {func(i *in) { i.Name = awssdk.String("a b") }, "ValidationException"},
		"dry run":  {func(i *in) { i.DryRun = awssdk.Bool(true) }, "DryRunOperationException"},
	} {
		_, err := create(w.admin, tt.change)
		t.Run(name, func(t *testing.T) { wantCode(t, err, tt.want) })
	}
	_, err = create(grantee, nil)
	wantCode(t, err, "AccessDeniedException")

	retire := func(c client) error {
		_, err := c.kms.RetireGrant(ctx, &sdkkms.RetireGrantInput{KeyId: &k, GrantId: unnamed.GrantId})
		return err
	}
	wantCode(t, retire(grantee), "AccessDeniedException") // RetireGrant is not among the operations
	wantCode(t, retire(w.user("nobody")), "AccessDeniedException")
	foreign := w.role(abroad, "foreign", strings.Replace(trustHome, home, second, 1), allow("kms:RetireGrant", "*"))
	wantCode(t, retire(w.assume(abroad, &sdksts.AssumeRoleInput{RoleArn: &foreign, RoleSessionName: awssdk.String("session")})), "AccessDeniedException")
	wantCode(t, retire(retirer), "") // needs no policy
	wantAs[*types.InvalidGrantIdException](t, retire(retirer))
	wantCode(t, use(bucket), "") // the named one is still there
	_, err = stranger.kms.RetireGrant(ctx, &sdkkms.RetireGrantInput{GrantToken: g.GrantToken})
	wantCode(t, err, "") // the account that made it, by way of its IAM policies
	wantCode(t, use(bucket), "AccessDeniedException")
	_, err = stranger.kms.RetireGrant(ctx, &sdkkms.RetireGrantInput{GrantToken: g.GrantToken})
	wantAs[*types.InvalidGrantTokenException](t, err)

	// A grantee may pass on what it has, and no more.
	if _, err := create(w.admin, func(i *in) { i.Operations = append(i.Operations, types.GrantOperationCreateGrant) }); err != nil {
		t.Fatal(err)
	}
	helper := w.role(abroad, "helper", strings.Replace(trustHome, home, second, 1))
	_, err = create(grantee, func(i *in) {
		i.GranteePrincipal, i.Operations = &helper, []types.GrantOperation{types.GrantOperationDecrypt}
		i.RetiringPrincipal = nil
	})
	wantCode(t, err, "")
	_, err = create(grantee, func(i *in) {
		i.GranteePrincipal, i.Operations = &helper, []types.GrantOperation{types.GrantOperationEncrypt}
	})
	wantCode(t, err, "AccessDeniedException")
	_, err = create(grantee, func(i *in) { i.GranteePrincipal, i.Constraints = &helper, nil })
	wantCode(t, err, "AccessDeniedException")

	revoke := func(c client, id *string) error {
		_, err := c.kms.RevokeGrant(ctx, &sdkkms.RevokeGrantInput{KeyId: &k, GrantId: id})
		return err
	}
	list, err = w.admin.kms.ListGrants(ctx, &sdkkms.ListGrantsInput{KeyId: &k, GranteePrincipal: &helper})
	if err != nil || len(list.Grants) != 1 {
		t.Fatalf("helper's grants %+v, %v", list, err)
	}
	wantCode(t, revoke(grantee, list.Grants[0].GrantId), "AccessDeniedException")
	wantCode(t, revoke(w.admin, list.Grants[0].GrantId), "")
	wantAs[*types.InvalidGrantIdException](t, revoke(w.admin, list.Grants[0].GrantId))
}

// TestGrantConditions: who may make which grants is decided by the kms:Grant... condition keys.
//
//standin:imitates KMS: kms:GrantOperations and its like | KMS developer guide policy-conditions
func TestGrantConditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	k := w.newKey(w.admin)
	w.role(w.admin, "loader", trustHome)
	maker := w.user("maker", `{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"*","Condition":{
		"ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt","GenerateDataKey"]},
		"ArnLike":{"kms:GranteePrincipal":"arn:aws:iam::111111111111:role/*"},
		"StringEquals":{"kms:GrantConstraintType":"EncryptionContextEquals"}}}`)
	base := sdkkms.CreateGrantInput{
		KeyId: &k, GranteePrincipal: awssdk.String("arn:aws:iam::111111111111:role/loader"), Operations: []types.GrantOperation{types.GrantOperationDecrypt},
		Constraints: &types.GrantConstraints{EncryptionContextEquals: map[string]string{"a": "b"}},
	}
	for name, tt := range map[string]struct {
		change func(*sdkkms.CreateGrantInput)
		want   string
	}{
		"as allowed":        {func(*sdkkms.CreateGrantInput) {}, ""},
		"another operation": {func(i *sdkkms.CreateGrantInput) { i.Operations = append(i.Operations, types.GrantOperationEncrypt) }, "AccessDeniedException"},
		"another grantee": {func(i *sdkkms.CreateGrantInput) {
			i.GranteePrincipal = awssdk.String("arn:aws:iam::111111111111:user/admin")
		}, "AccessDeniedException"},
		"no constraint": {func(i *sdkkms.CreateGrantInput) { i.Constraints = nil }, "AccessDeniedException"},
		"another constraint": {func(i *sdkkms.CreateGrantInput) {
			i.Constraints = &types.GrantConstraints{EncryptionContextSubset: map[string]string{"a": "b"}}
		}, "AccessDeniedException"},
	} {
		i := base
		tt.change(&i)
		_, err := maker.kms.CreateGrant(ctx, &i)
		t.Run(name, func(t *testing.T) { wantCode(t, err, tt.want) })
	}
}

// TestGrantDelay: KMS is eventually consistent; only a caller with the token sees a new grant at once.
//
//standin:imitates KMS: grants that begin and end late (switch) | KMS developer guide grants
func TestGrantDelay(t *testing.T) {
	t.Parallel()
	time0 := &clock{now: time.Now()}
	w := newWorld(t, func(o *aws.Options) { o.GrantDelay, o.Now = 2*time.Minute, time0.time })
	ctx := t.Context()
	k := w.newKey(w.admin)
	bob := w.user("bob")
	g, err := w.admin.kms.CreateGrant(ctx, &sdkkms.CreateGrantInput{
		KeyId: &k, GranteePrincipal: awssdk.String("arn:aws:iam::111111111111:user/bob"), Operations: []types.GrantOperation{types.GrantOperationEncrypt},
	})
	if err != nil {
		t.Fatal(err)
	}
	use := func(tokens ...string) error {
		_, err := bob.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: &k, Plaintext: []byte("x"), GrantTokens: tokens})
		return err
	}
	wantCode(t, use(), "AccessDeniedException")
	wantCode(t, use(*g.GrantToken), "")
	time0.advance(2 * time.Minute)
	wantCode(t, use(), "")
	if _, err := w.admin.kms.RevokeGrant(ctx, &sdkkms.RevokeGrantInput{KeyId: &k, GrantId: g.GrantId}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, use(), "") // not yet seen
	time0.advance(2 * time.Minute)
	wantCode(t, use(), "AccessDeniedException")
}

// TestManagedKey: alias/aws/s3 works through S3, for its own account, and in no other way.
//
//standin:imitates KMS: the AWS managed key of S3 | KMS developer guide concepts
func TestManagedKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	out, err := w.admin.kms.DescribeKey(ctx, &sdkkms.DescribeKeyInput{KeyId: awssdk.String("alias/aws/s3")})
	if err != nil {
		t.Fatal(err)
	}
	arn := *out.KeyMetadata.Arn
	if out.KeyMetadata.KeyManager != types.KeyManagerTypeAws {
		t.Errorf("managed by %s", out.KeyMetadata.KeyManager)
	}
	if again, err := w.KMS.Resolve(home, region, "alias/aws/s3"); err != nil || again != arn {
		t.Errorf("asked again: %s, %v", again, err)
	}
	_, err = w.admin.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: &arn, Plaintext: []byte("x")})
	wantCode(t, err, "AccessDeniedException")
	for name, call := range map[string]func() error{
		"PutKeyPolicy": func() error {
			_, err := w.admin.kms.PutKeyPolicy(ctx, &sdkkms.PutKeyPolicyInput{KeyId: &arn, Policy: document(allow("kms:*", "*"))})
			return err
		},
		"ScheduleKeyDeletion": func() error {
			_, err := w.admin.kms.ScheduleKeyDeletion(ctx, &sdkkms.ScheduleKeyDeletionInput{KeyId: &arn})
			return err
		},
		"CreateGrant": func() error {
			_, err := w.admin.kms.CreateGrant(ctx, &sdkkms.CreateGrantInput{KeyId: &arn, GranteePrincipal: awssdk.String("arn:aws:iam::111111111111:user/admin"), Operations: []types.GrantOperation{types.GrantOperationEncrypt}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, call(), "AccessDeniedException") })
	}

	// In S3's hands: a user without any KMS right may use it, a user of another account may not.
	_, bob, err := w.IAM.Key(w.user("bob").creds.AccessKeyID, "")
	if err != nil {
		t.Fatal(err)
	}
	context := map[string]string{"aws:s3:arn": "arn:aws:s3:::b/k"}
	dk, err := w.KMS.GenerateDataKey(ctx, bob, "alias/aws/s3", context, "s3.eu-west-1.amazonaws.com")
	if err != nil || dk.KeyARN != arn || len(dk.Plaintext) != 32 {
		t.Fatalf("through S3: %+v, %v", dk.KeyARN, err)
	}
	if _, _, err := w.KMS.Decrypt(ctx, bob, dk.Ciphertext, context, "s3.eu-west-1.amazonaws.com"); err != nil {
		t.Error(err)
	}
	if _, _, err := w.KMS.Decrypt(ctx, bob, dk.Ciphertext, context, "ec2.eu-west-1.amazonaws.com"); err == nil {
		t.Error("taken through another service")
	}
	abroad := w.adminOf(second)
	_, far, err := w.IAM.Key(abroad.creds.AccessKeyID, abroad.creds.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.KMS.Decrypt(ctx, far, dk.Ciphertext, context, "s3.eu-west-1.amazonaws.com"); err == nil {
		t.Error("taken from another account")
	}
}

// TestViaService: a policy can let a key be used through S3 only.
//
//standin:imitates KMS: kms:ViaService and kms:EncryptionContext | KMS developer guide policy-conditions
func TestViaService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	k := w.newKey(w.admin)
	bob := w.user("bob", `{"Effect":"Allow","Action":["kms:GenerateDataKey","kms:Decrypt"],"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"},"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::stage/*"}}}`)
	_, id, err := w.IAM.Key(bob.creds.AccessKeyID, "")
	if err != nil {
		t.Fatal(err)
	}
	// Who calls through S3 calls from no address: a condition on it does not hold, and its negation does.
	_, near, err := w.IAM.Key(w.user("near", `{"Effect":"Allow","Action":"kms:GenerateDataKey","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"127.0.0.1"}}}`).creds.AccessKeyID, "")
	if err != nil {
		t.Fatal(err)
	}
	near.Region, near.SourceIP = region, "127.0.0.1"
	for via, want := range map[string]bool{"": true, "s3.eu-west-1.amazonaws.com": false} {
		if _, err := w.KMS.GenerateDataKey(ctx, near, k, nil, via); (err == nil) != want {
			t.Errorf("from an address, via %q: %v", via, err)
		}
	}
	for name, tt := range map[string]struct {
		object, via string
		want        bool
	}{
		"through S3":        {"arn:aws:s3:::stage/run/1", "s3.eu-west-1.amazonaws.com", true},
		"S3 elsewhere":      {"arn:aws:s3:::stage/run/1", "s3.us-east-1.amazonaws.com", false},
		"another bucket":    {"arn:aws:s3:::other/run/1", "s3.eu-west-1.amazonaws.com", false},
		"the bucket's ARN":  {"arn:aws:s3:::stage", "s3.eu-west-1.amazonaws.com", false}, // as with a Bucket Key
		"not through S3":    {"arn:aws:s3:::stage/run/1", "", false},
		"some other system": {"arn:aws:s3:::stage/run/1", "redshift.eu-west-1.amazonaws.com", false},
	} {
		id.Region = region
		_, err := w.KMS.GenerateDataKey(ctx, id, k, map[string]string{"aws:s3:arn": tt.object}, tt.via)
		if (err == nil) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

//standin:imitates KMS: tags | API model kms
//standin:differs KMS: rotation | kept and shown; material is not replaced | KMS developer guide rotate-keys
func TestTagsAndRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	out, err := w.admin.kms.CreateKey(ctx, &sdkkms.CreateKeyInput{Tags: []types.Tag{{TagKey: awssdk.String("team"), TagValue: awssdk.String("data")}}})
	if err != nil {
		t.Fatal(err)
	}
	k := out.KeyMetadata.Arn
	bob := w.user("bob", `{"Effect":"Allow","Action":"kms:DescribeKey","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"data"}}}`)
	describe := func() error {
		_, err := bob.kms.DescribeKey(ctx, &sdkkms.DescribeKeyInput{KeyId: k})
		return err
	}
	wantCode(t, describe(), "")
	if _, err := w.admin.kms.TagResource(ctx, &sdkkms.TagResourceInput{KeyId: k, Tags: []types.Tag{{TagKey: awssdk.String("team"), TagValue: awssdk.String("other")}, {TagKey: awssdk.String("more"), TagValue: awssdk.String("")}}}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, describe(), "AccessDeniedException")
	if _, err := w.admin.kms.UntagResource(ctx, &sdkkms.UntagResourceInput{KeyId: k, TagKeys: []string{"more"}}); err != nil {
		t.Fatal(err)
	}
	tags, err := w.admin.kms.ListResourceTags(ctx, &sdkkms.ListResourceTagsInput{KeyId: k})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].TagValue != "other" {
		t.Errorf("tags %+v, %v", tags, err)
	}
	_, err = w.admin.kms.TagResource(ctx, &sdkkms.TagResourceInput{KeyId: k, Tags: []types.Tag{{TagKey: awssdk.String("aws:x"), TagValue: awssdk.String("y")}}})
	wantAs[*types.TagException](t, err)

	if _, err := w.admin.kms.EnableKeyRotation(ctx, &sdkkms.EnableKeyRotationInput{KeyId: k}); err != nil {
		t.Fatal(err)
	}
	status, err := w.admin.kms.GetKeyRotationStatus(ctx, &sdkkms.GetKeyRotationStatusInput{KeyId: k})
	if err != nil || !status.KeyRotationEnabled || *status.RotationPeriodInDays != 365 {
		t.Errorf("rotation %+v, %v", status, err)
	}
	if _, err := w.admin.kms.UpdateKeyDescription(ctx, &sdkkms.UpdateKeyDescriptionInput{KeyId: k, Description: awssdk.String("new")}); err != nil {
		t.Fatal(err)
	}
	described, err := w.admin.kms.DescribeKey(ctx, &sdkkms.DescribeKeyInput{KeyId: k})
	if err != nil || *described.KeyMetadata.Description != "new" || time.Since(*described.KeyMetadata.CreationDate) > time.Minute {
		t.Errorf("described %+v, %v", described, err)
	}
}

//standin:refuses KMS: asymmetric, imported and multi-Region keys, custom key stores | API model kms
func TestKMSRefusesByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	for name, in := range map[string]*sdkkms.CreateKeyInput{
		"multi-Region key":   {MultiRegion: awssdk.Bool(true)},
		"key spec RSA_2048":  {KeySpec: types.KeySpecRsa2048, KeyUsage: types.KeyUsageTypeEncryptDecrypt},
		"key usage":          {KeyUsage: types.KeyUsageTypeSignVerify},
		"key origin":         {Origin: types.OriginTypeExternal},
		"a custom key store": {CustomKeyStoreId: awssdk.String("cks-1234567890123456789")},
	} {
		_, err := w.admin.kms.CreateKey(ctx, in)
		t.Run(name, func(t *testing.T) {
			wantAs[*types.UnsupportedOperationException](t, err)
			if !strings.Contains(fmt.Sprint(err), name) {
				t.Errorf("does not name it: %v", err)
			}
		})
	}
	k := w.newKey(w.admin)
	_, err := w.admin.kms.Sign(ctx, &sdkkms.SignInput{KeyId: &k, Message: []byte("x"), SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256})
	wantAs[*types.UnsupportedOperationException](t, err)
	_, err = w.admin.kms.Decrypt(ctx, &sdkkms.DecryptInput{CiphertextBlob: []byte("x"), Recipient: &types.RecipientInfo{AttestationDocument: []byte("x")}})
	wantAs[*types.UnsupportedOperationException](t, err)
}

// TestKeysSurviveRestart: a second cloud in the same folder decrypts what the first encrypted, and the folder's files are
// for their owner only.
func TestKeysSurviveRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	inDir := func(o *aws.Options) { o.Dir = dir }
	w := newWorld(t, inDir)
	k := w.newKey(w.admin)
	enc, err := w.admin.kms.Encrypt(t.Context(), &sdkkms.EncryptInput{KeyId: &k, Plaintext: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	session := w.adminOf(second)
	again := newWorld(t, inDir)
	if again.admin.creds.AccessKeyID != w.admin.creds.AccessKeyID {
		t.Error("another administrator")
	}
	if dec, err := again.admin.kms.Decrypt(t.Context(), &sdkkms.DecryptInput{CiphertextBlob: enc.CiphertextBlob}); err != nil || string(dec.Plaintext) != "x" {
		t.Errorf("after a restart: %v", err)
	}
	if got := *identity(t, again.as(session.creds)).Account; got != second {
		t.Errorf("session of %s", got)
	}
	for _, name := range []string{"iam.json", "kms.json"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// TestDeletedKey: when the window is over the key is gone, and what it encrypted with it.
func TestDeletedKey(t *testing.T) {
	t.Parallel()
	time0 := &clock{now: time.Now()}
	w := newWorld(t, func(o *aws.Options) { o.Now = time0.time })
	ctx := t.Context()
	_, admin, err := w.IAM.Key(w.admin.creds.AccessKeyID, "")
	if err != nil {
		t.Fatal(err)
	}
	k := w.newKey(w.admin)
	dk, err := w.KMS.GenerateDataKey(ctx, admin, k, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.admin.kms.CreateAlias(ctx, &sdkkms.CreateAliasInput{AliasName: awssdk.String("alias/old"), TargetKeyId: &k}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.admin.kms.ScheduleKeyDeletion(ctx, &sdkkms.ScheduleKeyDeletionInput{KeyId: &k, PendingWindowInDays: awssdk.Int32(7)}); err != nil {
		t.Fatal(err)
	}
	time0.advance(7 * 24 * time.Hour)
	for _, name := range []string{k, idOf(k), "alias/old"} {
		if arn, err := w.KMS.Resolve(home, region, name); err == nil {
			t.Errorf("%s is still %s", name, arn)
		}
	}
	if _, _, err := w.KMS.Decrypt(ctx, admin, dk.Ciphertext, nil, ""); err == nil || !strings.Contains(err.Error(), "InvalidCiphertext") {
		t.Errorf("decrypted under a deleted key: %v", err)
	}
	if _, err := w.KMS.Call(ctx, admin, "CreateAlias", fmt.Appendf(nil, `{"AliasName":"alias/old","TargetKeyId":%q}`, w.callCreateKey(admin))); err != nil {
		t.Errorf("the alias is not free again: %v", err)
	}
}

// callCreateKey makes a key without HTTP, whose signatures the moved clock would refuse.
func (w *world) callCreateKey(id *iam.Identity) string {
	w.Helper()
	out, err := w.KMS.Call(w.Context(), id, "CreateKey", nil)
	if err != nil {
		w.Fatal(err)
	}
	var made struct{ KeyMetadata struct{ Arn string } }
	if err := json.Unmarshal(out, &made); err != nil {
		w.Fatal(err)
	}
	return made.KeyMetadata.Arn
}
