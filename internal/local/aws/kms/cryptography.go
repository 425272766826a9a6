package kms

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

// maxPlaintext is the longest text Encrypt takes; longer data needs a data key.
const maxPlaintext = 4096

const symmetric = "SYMMETRIC_DEFAULT"

func checkAlgorithm(name string) error {
	if name != "" && name != symmetric {
		return invalid(http.StatusBadRequest, "InvalidKeyUsageException", "Algorithm %s is incompatible with key spec SYMMETRIC_DEFAULT.", name)
	}
	return nil
}

type encryptInput struct {
	KeyID               string `json:"KeyId"`
	Plaintext           []byte
	EncryptionContext   map[string]string
	GrantTokens         []string
	EncryptionAlgorithm string
	DryRun              bool
}

type encryptOutput struct {
	CiphertextBlob      []byte
	KeyID               string `json:"KeyId"`
	EncryptionAlgorithm string
}

func (c *caller) encrypt(in encryptInput) (*encryptOutput, error) {
	if len(in.Plaintext) == 0 || len(in.Plaintext) > maxPlaintext {
		return nil, validation("1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length between 1 and %d", maxPlaintext)
	}
	if err := checkAlgorithm(in.EncryptionAlgorithm); err != nil {
		return nil, err
	}
	k, err := c.use(in.KeyID, question{operation: "Encrypt", encryptionContext: in.EncryptionContext, algorithm: true, tokens: in.GrantTokens}, in.DryRun)
	if err != nil {
		return nil, err
	}
	blob, err := k.seal(in.Plaintext, in.EncryptionContext)
	if err != nil {
		return nil, fmt.Errorf("encrypt under %s: %w", k.ARN, err)
	}
	return &encryptOutput{blob, k.ARN, symmetric}, nil
}

// use resolves a key, asks for the operation, and looks at the key's state.
func (c *caller) use(keyID string, q question, dry bool) (*key, error) {
	ref, err := c.resolve(c.id.Account, c.region, keyID)
	if err != nil {
		return nil, err
	}
	return c.useOf(ref, q, dry)
}

func (c *caller) useOf(ref reference, q question, dry bool) (*key, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if err := c.authorize(ref, q); err != nil {
		return nil, err
	}
	if err := c.usable(ref.key); err != nil {
		return nil, err
	}
	if err := dryRun(dry); err != nil {
		return nil, err
	}
	snapshot := *ref.key // the material never changes; the rest may, once the lock is gone
	return &snapshot, nil
}

// useBlob finds the key that a ciphertext names; keyID, when given, must be that key.
func (c *caller) useBlob(blob []byte, keyID string, q question, dry bool) (*key, error) {
	id, ok := blobKeyID(blob)
	if !ok {
		return nil, badCiphertext()
	}
	c.mu.RLock()
	k := c.find(id)
	c.mu.RUnlock()
	if keyID != "" {
		ref, err := c.resolve(c.id.Account, c.region, keyID)
		if err != nil {
			return nil, err
		}
		if k == nil || ref.key.ID != k.ID {
			return nil, invalid(http.StatusBadRequest, "IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
		}
		return c.useOf(ref, q, dry)
	}
	if k == nil || k.Region != c.region {
		return nil, badCiphertext()
	}
	return c.useOf(reference{key: k}, q, dry)
}

func badCiphertext() error {
	return invalid(http.StatusBadRequest, "InvalidCiphertextException", "The ciphertext is not valid, or its encryption context is not the one it was made with.")
}

type decryptInput struct {
	CiphertextBlob      []byte
	EncryptionContext   map[string]string
	GrantTokens         []string
	KeyID               string `json:"KeyId"`
	EncryptionAlgorithm string
	DryRun              bool
}

type decryptOutput struct {
	KeyID               string `json:"KeyId"`
	Plaintext           []byte
	EncryptionAlgorithm string
	KeyMaterialID       string `json:"KeyMaterialId"`
}

func (c *caller) decrypt(in decryptInput) (*decryptOutput, error) {
	if err := checkAlgorithm(in.EncryptionAlgorithm); err != nil {
		return nil, err
	}
	q := question{operation: "Decrypt", encryptionContext: in.EncryptionContext, algorithm: true, tokens: in.GrantTokens}
	k, err := c.useBlob(in.CiphertextBlob, in.KeyID, q, in.DryRun)
	if err != nil {
		return nil, err
	}
	plaintext, err := k.open(in.CiphertextBlob, in.EncryptionContext)
	if err != nil {
		return nil, badCiphertext()
	}
	return &decryptOutput{k.ARN, plaintext, symmetric, k.MaterialID}, nil
}

type reEncryptInput struct {
	CiphertextBlob                 []byte
	SourceEncryptionContext        map[string]string
	SourceKeyID                    string `json:"SourceKeyId"`
	DestinationKeyID               string `json:"DestinationKeyId"`
	DestinationEncryptionContext   map[string]string
	SourceEncryptionAlgorithm      string
	DestinationEncryptionAlgorithm string
	GrantTokens                    []string
	DryRun                         bool
}

type reEncryptOutput struct {
	CiphertextBlob                 []byte
	SourceKeyID                    string `json:"SourceKeyId"`
	KeyID                          string `json:"KeyId"`
	SourceEncryptionAlgorithm      string
	DestinationEncryptionAlgorithm string
	SourceKeyMaterialID            string `json:"SourceKeyMaterialId"`
	DestinationKeyMaterialID       string `json:"DestinationKeyMaterialId"`
}

func (c *caller) reEncrypt(in reEncryptInput) (*reEncryptOutput, error) {
	for _, name := range []string{in.SourceEncryptionAlgorithm, in.DestinationEncryptionAlgorithm} {
		if err := checkAlgorithm(name); err != nil {
			return nil, err
		}
	}
	destination, err := c.resolve(c.id.Account, c.region, in.DestinationKeyID)
	if err != nil {
		return nil, err
	}
	sourceID, _ := blobKeyID(in.CiphertextBlob)
	same := policy.Context{"kms:reencryptonsamekey": {strconv.FormatBool(sourceID == destination.key.ID)}}
	from, err := c.useBlob(in.CiphertextBlob, in.SourceKeyID, question{
		operation: "ReEncryptFrom", encryptionContext: in.SourceEncryptionContext, algorithm: true, tokens: in.GrantTokens, context: same,
	}, false)
	if err != nil {
		return nil, err
	}
	to, err := c.useOf(destination, question{
		operation: "ReEncryptTo", encryptionContext: in.DestinationEncryptionContext, algorithm: true, tokens: in.GrantTokens, context: same,
	}, in.DryRun)
	if err != nil {
		return nil, err
	}
	plaintext, err := from.open(in.CiphertextBlob, in.SourceEncryptionContext)
	if err != nil {
		return nil, badCiphertext()
	}
	blob, err := to.seal(plaintext, in.DestinationEncryptionContext)
	if err != nil {
		return nil, fmt.Errorf("re-encrypt under %s: %w", to.ARN, err)
	}
	return &reEncryptOutput{blob, from.ARN, to.ARN, symmetric, symmetric, from.MaterialID, to.MaterialID}, nil
}

type generateDataKeyInput struct {
	KeyID             string `json:"KeyId"`
	EncryptionContext map[string]string
	NumberOfBytes     *int
	KeySpec           string
	GrantTokens       []string
	DryRun            bool
}

type generateDataKeyOutput struct {
	CiphertextBlob []byte
	Plaintext      []byte `json:",omitempty"`
	KeyID          string `json:"KeyId"`
	KeyMaterialID  string `json:"KeyMaterialId"`
}

func (c *caller) generateDataKey(in generateDataKeyInput) (*generateDataKeyOutput, error) {
	return c.dataKey("GenerateDataKey", in)
}

func (c *caller) generateDataKeyWithoutPlaintext(in generateDataKeyInput) (*generateDataKeyOutput, error) {
	out, err := c.dataKey("GenerateDataKeyWithoutPlaintext", in)
	if err != nil {
		return nil, err
	}
	out.Plaintext = nil
	return out, nil
}

func (c *caller) dataKey(operation string, in generateDataKeyInput) (*generateDataKeyOutput, error) {
	var size int
	switch {
	case (in.NumberOfBytes == nil) == (in.KeySpec == ""):
		return nil, validation("Please specify either number of bytes or key spec.")
	case in.NumberOfBytes != nil:
		size = *in.NumberOfBytes
	case in.KeySpec == "AES_256":
		size = 32
	case in.KeySpec == "AES_128":
		size = 16
	}
	if size < 1 || size > 1024 {
		return nil, validation("1 validation error detected: Value at 'numberOfBytes' or 'keySpec' failed to satisfy constraint: 1 to 1024 bytes, AES_256 or AES_128")
	}
	k, err := c.use(in.KeyID, question{operation: operation, encryptionContext: in.EncryptionContext, algorithm: true, tokens: in.GrantTokens}, in.DryRun)
	if err != nil {
		return nil, err
	}
	plaintext := make([]byte, size)
	rand.Read(plaintext)
	blob, err := k.seal(plaintext, in.EncryptionContext)
	if err != nil {
		return nil, fmt.Errorf("data key under %s: %w", k.ARN, err)
	}
	return &generateDataKeyOutput{blob, plaintext, k.ARN, k.MaterialID}, nil
}

type generateRandomInput struct {
	NumberOfBytes int
}

type generateRandomOutput struct {
	Plaintext []byte
}

func (c *caller) generateRandom(in generateRandomInput) (*generateRandomOutput, error) {
	if in.NumberOfBytes < 1 || in.NumberOfBytes > 1024 {
		return nil, validation("1 validation error detected: Value '%d' at 'numberOfBytes' failed to satisfy constraint: Member must have value between 1 and 1024", in.NumberOfBytes)
	}
	if err := c.allow("kms:GenerateRandom", "*"); err != nil {
		return nil, err
	}
	out := &generateRandomOutput{make([]byte, in.NumberOfBytes)}
	rand.Read(out.Plaintext)
	return out, nil
}
