package kms

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/query"
)

// open makes a service, its administrator and a user without any right.
func open(t testing.TB) (s *Service, admin, weak *iam.Identity) {
	t.Helper()
	dir := t.TempDir()
	accounts, err := iam.New(iam.Options{Dir: dir, Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	if s, err = New(Options{Dir: dir, IAM: accounts}); err != nil {
		t.Fatal(err)
	}
	id, _, err := accounts.AdminKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, admin, err = accounts.Key(id, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := accounts.Call(t.Context(), admin, "CreateUser", query.Of(map[string][]string{"UserName": {"weak"}})); err != nil {
		t.Fatal(err)
	}
	return s, admin, &iam.Identity{Account: admin.Account, ARN: "arn:aws:iam::111111111111:user/weak", UserID: "AIDA", UserName: "weak", Region: "eu-west-1"}
}

// madeKey is what CreateKey answers, as far as the tests need it.
type madeKey struct {
	KeyMetadata struct {
		KeyID string `json:"KeyId"`
		Arn   string
	}
}

// call calls an operation, and decodes its answer into out if that is not nil.
func call(t testing.TB, s *Service, id *iam.Identity, op, body string, out any) error {
	t.Helper()
	answer, err := s.Call(t.Context(), id, op, []byte(body))
	if err == nil && out != nil {
		err = json.Unmarshal(answer, out)
	}
	return err
}

// TestEveryOperationIsAsked calls each operation of the API, well formed, in the name of somebody without rights: all
// are refused, and nothing changes.
func TestEveryOperationIsAsked(t *testing.T) {
	t.Parallel()
	s, admin, weak := open(t)
	var made madeKey
	var enc encryptOutput
	var granted createGrantOutput
	must := func(op, body string, out any) {
		t.Helper()
		if err := call(t, s, admin, op, body, out); err != nil {
			t.Fatal(err)
		}
	}
	must("CreateKey", `{}`, &made)
	key := made.KeyMetadata.Arn
	must("Encrypt", fmt.Sprintf(`{"KeyId":%q,"Plaintext":"eA=="}`, key), &enc)
	must("CreateAlias", fmt.Sprintf(`{"AliasName":"alias/a","TargetKeyId":%q}`, key), nil)
	must("CreateGrant", fmt.Sprintf(`{"KeyId":%q,"GranteePrincipal":%q,"Operations":["Encrypt"]}`, key, admin.ARN), &granted)
	blob, err := json.Marshal(enc.CiphertextBlob)
	if err != nil {
		t.Fatal(err)
	}
	bodies := map[string]string{
		"CreateKey":                       `{}`,
		"ListKeys":                        `{}`,
		"ListAliases":                     `{}`,
		"GenerateRandom":                  `{"NumberOfBytes":1}`,
		"UpdateKeyDescription":            `{"KeyId":KEY,"Description":"x"}`,
		"PutKeyPolicy":                    `{"KeyId":KEY,"Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\"}]}"}`,
		"TagResource":                     `{"KeyId":KEY,"Tags":[{"TagKey":"a","TagValue":"b"}]}`,
		"UntagResource":                   `{"KeyId":KEY,"TagKeys":["a"]}`,
		"CreateAlias":                     `{"AliasName":"alias/b","TargetKeyId":KEY}`,
		"UpdateAlias":                     `{"AliasName":"alias/a","TargetKeyId":KEY}`,
		"DeleteAlias":                     `{"AliasName":"alias/a"}`,
		"Encrypt":                         `{"KeyId":KEY,"Plaintext":"eA=="}`,
		"Decrypt":                         `{"CiphertextBlob":BLOB}`,
		"ReEncrypt":                       `{"CiphertextBlob":BLOB,"DestinationKeyId":KEY}`,
		"GenerateDataKey":                 `{"KeyId":KEY,"KeySpec":"AES_256"}`,
		"GenerateDataKeyWithoutPlaintext": `{"KeyId":KEY,"KeySpec":"AES_256"}`,
		"CreateGrant":                     `{"KeyId":KEY,"GranteePrincipal":"arn:aws:iam::111111111111:user/weak","Operations":["Decrypt"]}`,
		"RetireGrant":                     `{"KeyId":KEY,"GrantId":GRANT}`,
		"RevokeGrant":                     `{"KeyId":KEY,"GrantId":GRANT}`,
		"ListRetirableGrants":             `{"RetiringPrincipal":"arn:aws:iam::111111111111:user/weak"}`,
	}
	before, err := json.Marshal(s.state)
	if err != nil {
		t.Fatal(err)
	}
	for op := range operations.Operations {
		body, ok := bodies[op]
		if !ok {
			body = `{"KeyId":KEY}`
		}
		body = strings.NewReplacer("KEY", fmt.Sprintf("%q", key), "BLOB", string(blob), "GRANT", fmt.Sprintf("%q", granted.GrantID)).Replace(body)
		err := call(t, s, weak, op, body, nil)
		var e *awserr.Error
		if !errors.As(err, &e) || e.Code != "AccessDeniedException" || e.Status != 400 {
			t.Errorf("%s: %v", op, err)
			continue
		}
		want := "kms:" + op
		if op == "ReEncrypt" {
			want = "kms:ReEncryptFrom"
		}
		if !strings.Contains(e.Message, "is not authorized to perform: "+want+" on resource: ") {
			t.Errorf("%s asks for something else: %s", op, e.Message)
		}
	}
	if after, err := json.Marshal(s.state); err != nil || string(after) != string(before) {
		t.Errorf("the state changed: %v", err)
	}
}

// TestMaterialStaysInside: no answer of the API, and no ciphertext, holds key material.
func TestMaterialStaysInside(t *testing.T) {
	t.Parallel()
	s, admin, _ := open(t)
	var made madeKey
	if err := call(t, s, admin, "CreateKey", `{}`, &made); err != nil {
		t.Fatal(err)
	}
	k := s.find(made.KeyMetadata.KeyID)
	material, err := json.Marshal(k.Material)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Trim(string(material), `"`)
	for _, op := range []string{"DescribeKey", "GetKeyPolicy", "ListGrants", "ListResourceTags", "GetKeyRotationStatus"} {
		answer, err := s.Call(t.Context(), admin, op, fmt.Appendf(nil, `{"KeyId":%q}`, k.ID))
		if err != nil || strings.Contains(string(answer), text) {
			t.Errorf("%s: %s, %v", op, answer, err)
		}
	}
}

// FuzzDecrypt: no ciphertext that was not made here opens, and none panics.
func FuzzDecrypt(f *testing.F) {
	s, admin, _ := open(f)
	var made madeKey
	if err := call(f, s, admin, "CreateKey", `{}`, &made); err != nil {
		f.Fatal(err)
	}
	good, err := s.find(made.KeyMetadata.KeyID).seal([]byte("x"), map[string]string{"a": "b"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, "a", "b")
	f.Add([]byte{1, 2, 2, 0}, "", "")
	f.Fuzz(func(t *testing.T, blob []byte, name, value string) {
		_, _, err := s.Decrypt(t.Context(), admin, blob, map[string]string{name: value}, "")
		if err == nil && (string(blob) != string(good) || name != "a" || value != "b") {
			t.Errorf("opened %x with %q=%q", blob, name, value)
		}
		var e *awserr.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("not an *awserr.Error: %v", err)
		}
	})
}

// FuzzCall: no body panics, whatever the operation.
func FuzzCall(f *testing.F) {
	s, admin, _ := open(f)
	f.Add("CreateKey", `{"Tags":[{"TagKey":"a"}]}`)
	f.Add("CreateGrant", `{"KeyId":"alias/aws/s3","Operations":null,"Constraints":{}}`)
	f.Add("ListKeys", `{"Marker":"-1","Limit":5}`)
	f.Add("Decrypt", `{"CiphertextBlob":"AQICAA=="}`)
	f.Fuzz(func(t *testing.T, op, body string) {
		if op == "CreateKey" { // the only one that makes the state grow
			return
		}
		err := call(t, s, admin, op, body, nil)
		var e *awserr.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("not an *awserr.Error: %v", err)
		}
	})
}

func BenchmarkGenerateDataKey(b *testing.B) {
	s, admin, _ := open(b)
	var made madeKey
	if err := call(b, s, admin, "CreateKey", `{}`, &made); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.GenerateDataKey(b.Context(), admin, made.KeyMetadata.Arn, map[string]string{"aws:s3:arn": "arn:aws:s3:::stage/k"}, "s3.eu-west-1.amazonaws.com"); err != nil {
			b.Fatal(err)
		}
	}
}
