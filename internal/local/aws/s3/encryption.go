package s3

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" //nolint:gosec // S3's ETag and Content-MD5; no secret rests on it
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// The manual: S3 user guide, "Protecting data with server-side encryption", with its pages UsingKMSEncryption, bucket-key
// and ServerSideEncryptionCustomerKeys.
const (
	sseS3     = "AES256"
	sseKMS    = "aws:kms"
	sseDSSE   = "aws:kms:dsse"
	managed   = "alias/aws/s3" // the AWS managed key, one for each account
	sseHeader = "x-amz-server-side-encryption"
)

// defaultEncryption is what a bucket does for requests that ask for nothing.
type defaultEncryption struct {
	Algorithm string `json:",omitempty"` // "" is AES256
	KMSKey    string `json:",omitempty"` // as it was put
	BucketKey bool   `json:",omitempty"`
	BlockSSEC bool   `json:",omitempty"` // BlockedEncryptionTypes names SSE-C
}

// sealing says how an object's content is encrypted. Without the service's, KMS's or the customer's key nobody gets from
// Wrapped to the data key.
type sealing struct {
	Algorithm   string            `json:",omitempty"` // "" with CustomerMD5
	KMSKeyARN   string            `json:",omitempty"`
	Context     map[string]string `json:",omitempty"` // the whole KMS encryption context
	BucketKey   bool              `json:",omitempty"`
	CustomerMD5 string            `json:",omitempty"`
	Wrapped     []byte            `json:",omitempty"` // the data key
}

// choice is what an object's encryption will be, before anything was asked of KMS.
type choice struct {
	algorithm string
	kmsKey    string // as it was given
	bucketKey bool
	context   map[string]string
	customer  []byte
	// conditions are the policies' view. They show what the request says, not what the bucket's default makes of it: a
	// policy that demands a header refuses requests without it.
	conditions policy.Context
}

// choose puts together what the request asks for and what the bucket does by default.
func (c *Caller) choose(conf *config, e Encryption) (choice, error) {
	out := choice{algorithm: e.Algorithm, kmsKey: e.KMSKey, context: e.Context, customer: e.Customer, conditions: policy.Context{}}
	switch {
	case e.Customer != nil && e.Algorithm != "":
		return out, invalidArgument(sseHeader, e.Algorithm,
			"Server Side Encryption with Customer provided key is incompatible with the encryption method specified")
	case e.Customer != nil && len(e.Customer) != 32:
		return out, invalidArgument(sseHeader+"-customer-key", "null", "The secret key was invalid for the specified algorithm.")
	case e.Customer != nil && conf.Encryption.BlockSSEC:
		return out, refuse(http.StatusForbidden, "AccessDenied", "SSE-C encryption is blocked by the bucket's encryption configuration.")
	case e.Customer != nil:
		out.conditions[sseConditions+"-customer-algorithm"] = []string{sseS3}
		return out, nil
	case e.Algorithm == sseDSSE:
		return out, awserr.NotImitated("server-side encryption with " + sseDSSE)
	case e.Algorithm != "" && e.Algorithm != sseS3 && e.Algorithm != sseKMS:
		return out, invalidArgument(sseHeader, e.Algorithm, "The encryption method specified is not supported")
	case e.Algorithm != sseKMS && (e.KMSKey != "" || e.Context != nil):
		return out, invalidArgument(sseHeader, e.Algorithm,
			"Server Side Encryption with AWS KMS managed key requires HTTP header "+sseHeader+" : "+sseKMS)
	}
	if e.Algorithm != "" {
		out.conditions[sseConditions] = []string{e.Algorithm}
	}
	if e.KMSKey != "" {
		shown := e.KMSKey
		if c.id != nil { // policies see the key's ARN, whatever name the request used
			if arn, err := c.s.opts.KMS.Resolve(c.id.Account, conf.Region, e.KMSKey); err == nil {
				shown = arn
			}
		}
		out.conditions[sseConditions+"-aws-kms-key-id"] = []string{shown}
	}
	out.bucketKey = conf.Encryption.BucketKey
	if e.BucketKey != nil {
		out.bucketKey = *e.BucketKey
	}
	if out.algorithm == "" {
		out.algorithm, out.kmsKey = conf.Encryption.Algorithm, conf.Encryption.KMSKey
	}
	if out.algorithm == "" {
		out.algorithm = sseS3
	}
	if out.algorithm == sseKMS && out.kmsKey == "" {
		out.kmsKey = managed
	}
	return out, nil
}

const sseConditions = "s3:x-amz-server-side-encryption"

// newDataKey makes the key that content will be encrypted with. For SSE-KMS it comes from KMS, in the caller's name.
func (c *Caller) newDataKey(ctx context.Context, conf *config, key string, ch choice) ([]byte, sealing, error) {
	switch {
	case ch.customer != nil:
		if err := c.demandSecure("Customer provided keys"); err != nil {
			return nil, sealing{}, err
		}
		dataKey := randomKey()
		wrapped, err := wrap(ch.customer, dataKey, objectARN(conf.Name, key))
		return dataKey, sealing{CustomerMD5: keyMD5(ch.customer), Wrapped: wrapped}, err
	case ch.algorithm == sseKMS:
		if err := c.demandSecure("AWS KMS managed keys"); err != nil {
			return nil, sealing{}, err
		}
		encryptionContext := map[string]string{}
		maps.Copy(encryptionContext, ch.context)
		encryptionContext[contextARN] = objectARN(conf.Name, key)
		if ch.bucketKey {
			encryptionContext[contextARN] = bucketARN(conf.Name)
		}
		if region := arnRegion(ch.kmsKey); region != "" && region != conf.Region {
			return nil, sealing{}, awserr.New(http.StatusBadRequest, "KMS.NotFoundException", "Invalid arn %s", region)
		}
		k, err := c.s.opts.KMS.GenerateDataKey(ctx, c.inRegion(conf.Region), ch.kmsKey, encryptionContext, via(conf.Region))
		if err != nil {
			return nil, sealing{}, fromKMS(err)
		}
		return k.Plaintext, sealing{
			Algorithm: sseKMS, KMSKeyARN: k.KeyARN, Context: encryptionContext, BucketKey: ch.bucketKey, Wrapped: k.Ciphertext,
		}, nil
	default:
		dataKey := randomKey()
		wrapped, err := wrap(c.s.serviceKey, dataKey, objectARN(conf.Name, key))
		return dataKey, sealing{Algorithm: sseS3, Wrapped: wrapped}, err
	}
}

// contextARN is the pair that S3 puts into the KMS encryption context: the object's ARN, or with a Bucket Key the bucket's.
const contextARN = "aws:s3:arn"

// openDataKey gets at the key of existing content.
func (c *Caller) openDataKey(ctx context.Context, conf *config, key string, s sealing, customer []byte) ([]byte, error) {
	if err := checkCustomer(s, customer); err != nil {
		return nil, err
	}
	switch {
	case s.CustomerMD5 != "":
		if err := c.demandSecure("Customer provided keys"); err != nil {
			return nil, err
		}
		dataKey, err := unwrap(customer, s.Wrapped, objectARN(conf.Name, key))
		if err != nil {
			return nil, accessDenied()
		}
		return dataKey, nil
	case s.Algorithm == sseKMS:
		if err := c.demandSecure("AWS KMS managed keys"); err != nil {
			return nil, err
		}
		dataKey, _, err := c.s.opts.KMS.Decrypt(ctx, c.inRegion(conf.Region), s.Wrapped, s.Context, via(conf.Region))
		if err != nil {
			return nil, fromKMS(err)
		}
		return dataKey, nil
	default:
		dataKey, err := unwrap(c.s.serviceKey, s.Wrapped, objectARN(conf.Name, key))
		if err != nil {
			return nil, fmt.Errorf("open the data key: %w", err)
		}
		return dataKey, nil
	}
}

// checkCustomer refuses reading an SSE-C object without its key, and any other object with one.
func checkCustomer(s sealing, customer []byte) error {
	switch {
	case s.CustomerMD5 == "" && customer != nil:
		return invalidRequest("The encryption parameters are not applicable to this object.")
	case s.CustomerMD5 != "" && customer == nil:
		return invalidRequest("The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
	case s.CustomerMD5 != "" && keyMD5(customer) != s.CustomerMD5:
		return accessDenied()
	}
	return nil
}

// demandSecure refuses what S3 does only for signed requests over TLS.
func (c *Caller) demandSecure(keys string) error {
	if c.id == nil {
		return invalidArgument("Authorization", "null", "Requests specifying Server Side Encryption with "+keys+" require AWS Signature Version 4.")
	}
	if !c.id.Secure {
		return invalidRequest("Requests specifying Server Side Encryption with " + keys + " must be made over a secure connection.")
	}
	return nil
}

// inRegion is the caller as S3 presents it to the KMS of the bucket's region.
func (c *Caller) inRegion(region string) *iam.Identity {
	id := *c.id
	id.Region = region
	return &id
}

func via(region string) string { return "s3." + region + ".amazonaws.com" }

// arnRegion gives the region of an ARN, "" for anything else.
func arnRegion(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		return parts[3]
	}
	return ""
}

// fromKMS tells an error of KMS as S3 does: refusals become its own, the rest keeps KMS's name behind a prefix.
func fromKMS(err error) error {
	e, ok := errors.AsType[*awserr.Error](err)
	if !ok {
		return fmt.Errorf("ask kms: %w", err)
	}
	switch e.Code {
	case "AccessDeniedException":
		return awserr.New(http.StatusForbidden, "AccessDenied", "%s", e.Message)
	case "ThrottlingException":
		return awserr.New(http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate for operations involving AWS KMS.")
	default:
		return awserr.New(http.StatusBadRequest, "KMS."+e.Code, "%s", e.Message)
	}
}

func randomKey() []byte {
	key := make([]byte, 32)
	rand.Read(key)
	return key
}

func keyMD5(key []byte) string {
	sum := md5.Sum(key) //nolint:gosec // S3's way to name a customer's key
	return base64.StdEncoding.EncodeToString(sum[:])
}

// wrap encrypts a data key under another key. name is authenticated with it, so that what one object's description holds
// opens no other object.
func wrap(key, dataKey []byte, name string) ([]byte, error) {
	aead, err := wrapCipher(key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, dataKey, []byte(name)), nil //nolint:gosec // it puts a random nonce in front itself
}

func unwrap(key, wrapped []byte, name string) ([]byte, error) {
	aead, err := wrapCipher(key)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, nil, wrapped, []byte(name))
}

func wrapCipher(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// loadServiceKey reads the key behind SSE-S3, or makes it at the first start.
func loadServiceKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, "service.key")
	key, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		key = randomKey()
		return key, os.WriteFile(path, key, 0o600)
	case err != nil:
		return nil, err
	case len(key) != 32:
		return nil, fmt.Errorf("%s is damaged", path)
	}
	return slices.Clip(key), nil
}
