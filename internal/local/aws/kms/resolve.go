package kms

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// s3Alias is the one AWS managed key that is imitated.
const s3Alias = "alias/aws/s3"

var (
	keyID     = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	aliasName = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]+$`)
)

// reference is a key together with how a request named it.
type reference struct {
	key   *key
	alias string // kms:RequestAlias, "" if the request named the key itself
}

func invalid(status int, code, format string, args ...any) error {
	return awserr.New(status, code, format, args...)
}

// unsupported refuses by name what is not imitated, in KMS's own word.
func unsupported(what string) *awserr.Error {
	return awserr.New(http.StatusBadRequest, "UnsupportedOperationException", "%s is not imitated, see docs/standin.md", what)
}

func notFound(format string, args ...any) error {
	return invalid(http.StatusBadRequest, "NotFoundException", format, args...)
}

func validation(format string, args ...any) error {
	return invalid(http.StatusBadRequest, "ValidationException", format, args...)
}

// resolve finds the key that name means to a caller of account in region: an id or alias is looked up in the caller's
// own account, and only an ARN reaches into another one. It locks the service by itself.
func (s *Service) resolve(account, region, name string) (reference, error) {
	s.mu.RLock()
	ref, err := s.lookUp(account, region, name)
	s.mu.RUnlock()
	if err != nil || ref.key != nil {
		return ref, err
	}
	// Only AWS's own key for S3, on its first use, is neither found nor an error.
	s.mu.Lock()
	defer s.mu.Unlock()
	if ref, err = s.lookUp(account, region, name); err != nil || ref.key != nil {
		return ref, err
	}
	k, err := s.makeS3Key(account, region)
	if err != nil {
		return reference{}, err
	}
	return reference{key: k, alias: s3Alias}, nil
}

func (s *Service) lookUp(account, region, name string) (reference, error) {
	if name == "" {
		return reference{}, validation("1 validation error detected: Value at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	kind := name
	if rest, ok := strings.CutPrefix(name, "arn:"); ok {
		fields := strings.SplitN(rest, ":", 5)
		if len(fields) != 5 || fields[0] != "aws" || fields[1] != "kms" || !strings.HasPrefix(fields[4], "key/") && !strings.HasPrefix(fields[4], "alias/") {
			return reference{}, invalid(http.StatusBadRequest, "NotFoundException", "Invalid arn %s", name)
		}
		if fields[2] != region {
			return reference{}, notFound("Invalid arn %s", fields[2])
		}
		account, kind = fields[3], strings.TrimPrefix(fields[4], "key/")
	}
	if strings.HasPrefix(kind, "alias/") {
		a := s.state.Aliases[aliasARN(account, region, kind)]
		if a != nil {
			if k := s.find(a.Target); k != nil {
				return reference{key: k, alias: kind}, nil
			}
		}
		if kind == s3Alias && s.iam.HasAccount(account) {
			return reference{}, nil
		}
		return reference{}, notFound("Alias %s is not found.", aliasARN(account, region, kind))
	}
	if !keyID.MatchString(kind) {
		return reference{}, notFound("Invalid keyId '%s'", kind)
	}
	if k := s.find(kind); k != nil && k.Account == account && k.Region == region {
		return reference{key: k}, nil
	}
	return reference{}, notFound("Key '%s' does not exist", keyARN(account, region, kind))
}

func keyARN(account, region, id string) string {
	return "arn:aws:kms:" + region + ":" + account + ":key/" + id
}

func aliasARN(account, region, name string) string {
	return "arn:aws:kms:" + region + ":" + account + ":" + name
}

// newKey makes a key with fresh material. It is not yet part of the state.
func (s *Service) newKey(account, region string) *key {
	raw := make([]byte, 16)
	rand.Read(raw)
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80 // a version 4 UUID
	k := &key{
		ID:       fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:]),
		Account:  account,
		Region:   region,
		Created:  s.now().UTC(),
		Tags:     map[string]string{},
		Material: make([]byte, 32),
	}
	k.ARN = keyARN(account, region, k.ID)
	rand.Read(k.Material)
	id := make([]byte, 32)
	rand.Read(id)
	k.MaterialID = hex.EncodeToString(id)
	return k
}

// makeS3Key makes the AWS managed key of S3. Its policy is the one AWS publishes for such keys: every principal of the
// account, but only through S3; nobody of another account; and nobody can change it, the account's root included.
func (s *Service) makeS3Key(account, region string) (*key, error) {
	k := s.newKey(account, region)
	k.AWSManaged = true
	k.Description = "Default key that protects my S3 objects when no other key is defined"
	text := fmt.Sprintf(`{"Version":"2012-10-17","Id":"auto-s3-2","Statement":[`+
		`{"Sid":"Allow access through S3 for all principals in the account that are authorized to use S3","Effect":"Allow",`+
		`"Principal":{"AWS":"*"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],`+
		`"Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":%q,"kms:ViaService":%q}}},`+
		`{"Sid":"Allow direct access to key metadata to the account","Effect":"Allow","Principal":{"AWS":%q},`+
		`"Action":["kms:Describe*","kms:Get*","kms:List*"],"Resource":"*"}]}`,
		account, "s3."+region+".amazonaws.com", policy.RootARN(account))
	doc, err := policy.Parse([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("policy of %s: %w", s3Alias, err)
	}
	k.Policy = doc
	s.state.Keys[k.ID] = k
	arn := aliasARN(account, region, s3Alias)
	s.state.Aliases[arn] = &alias{Name: s3Alias, ARN: arn, Target: k.ID, Created: k.Created, Updated: k.Created}
	return k, s.save()
}

// defaultPolicy is what a key gets that is made without one: it hands the decision to the account's IAM policies.
func defaultPolicy(account string) (*policy.Document, error) {
	return policy.Parse(fmt.Appendf(nil, `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : %q
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`, policy.RootARN(account)))
}
