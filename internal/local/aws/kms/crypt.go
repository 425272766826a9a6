package kms

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
)

// A ciphertext is the four bytes below (as AWS's own begin, "AQIC" in base64), the sixteen bytes of the key's id, and
// what AES-256-GCM makes of the plaintext under the key's material: nonce, ciphertext, tag. The header and the
// encryption context are authenticated with it.
var blobMagic = []byte{1, 2, 2, 0}

const blobHeader = 4 + 16

// maxBlob is the longest ciphertext the API takes.
const maxBlob = 6144

var errCiphertext = errors.New("not a ciphertext of this key and encryption context")

func (k *key) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.Material)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (k *key) seal(plaintext []byte, encryptionContext map[string]string) ([]byte, error) {
	gcm, err := k.aead()
	if err != nil {
		return nil, err
	}
	id, err := hex.DecodeString(strings.ReplaceAll(k.ID, "-", ""))
	if err != nil {
		return nil, err
	}
	header := slices.Concat(blobMagic, id)
	sealed := gcm.Seal(header, nil, plaintext, authenticated(header, encryptionContext)) //nolint:gosec // this AEAD makes a random nonce
	return sealed, nil
}

func (k *key) open(blob []byte, encryptionContext map[string]string) ([]byte, error) {
	gcm, err := k.aead()
	if err != nil {
		return nil, err
	}
	header := blob[:blobHeader:blobHeader]
	plaintext, err := gcm.Open(nil, nil, blob[blobHeader:], authenticated(header, encryptionContext))
	if err != nil {
		return nil, errCiphertext
	}
	return plaintext, nil
}

// blobKeyID reads which key a ciphertext names.
func blobKeyID(blob []byte) (string, bool) {
	if len(blob) < blobHeader || len(blob) > maxBlob || !bytes.HasPrefix(blob, blobMagic) {
		return "", false
	}
	id := hex.EncodeToString(blob[len(blobMagic):blobHeader])
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:], true
}

// authenticated is the additional data: the header, and the pairs in the order of their keys, with their lengths, so
// that no two contexts give the same bytes.
func authenticated(header []byte, encryptionContext map[string]string) []byte {
	data := slices.Clone(header)
	for _, name := range slices.Sorted(maps.Keys(encryptionContext)) {
		for _, text := range []string{name, encryptionContext[name]} {
			data = binary.AppendUvarint(data, uint64(len(text)))
			data = append(data, text...)
		}
	}
	return data
}
