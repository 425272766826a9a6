// Package reseal opens objects that UNLOAD encrypted on the client's side until 2026-04-30, and brings them under a KMS key, by
// way of this machine's memory: nothing in clear touches the disk.
//
// It does not know S3; what it reads and writes is handed to it.
package reseal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/secret"
)

// Envelope is how one object was encrypted, as version 1 of the AWS SDK for Java writes it in its EncryptionOnly mode: the
// body by AES-256 in CBC mode with PKCS #7 padding, under a key of its own, which is wrapped with the master key by AES in ECB
// mode, padded likewise (aws-sdk-java, s3/internal/crypto; DG t_unloading_encrypted_files). Nothing in it is authenticated.
type Envelope struct {
	key, iv []byte
	length  int64 // of what was encrypted; -1 if nobody said
}

const (
	keySize  = 32
	nameKey  = "x-amz-key"
	nameIV   = "x-amz-iv"
	nameSize = "x-amz-unencrypted-content-length"
)

// ErrNotSealed says that an object has no envelope: it was not encrypted on the client's side.
var ErrNotSealed = errors.New("the object is not encrypted on the client's side: it has no x-amz-key")

// MasterKey unwraps the keys of objects.
type MasterKey struct{ block cipher.Block }

// ParseKey reads a master key as SQL had it: 256 bits in base64.
func ParseKey(text secret.Value) (MasterKey, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text.Reveal()))
	if err != nil || len(raw) != keySize {
		return MasterKey{}, errors.New("the key is not 256 bits in base64, which are 44 characters")
	}
	block, err := aes.NewCipher(raw)
	return MasterKey{block}, err
}

// Open reads an object's envelope: its user metadata, or the text of its instruction file, whose names are the same.
func (k MasterKey) Open(meta map[string]string) (Envelope, error) {
	e := Envelope{length: -1}
	if meta[nameKey] == "" {
		if meta["x-amz-key-v2"] != "" {
			return e, errors.New("the object has an envelope of a later kind (x-amz-key-v2), which UNLOAD never wrote")
		}
		return e, ErrNotSealed
	}
	wrapped, err := base64.StdEncoding.DecodeString(meta[nameKey])
	if err != nil || len(wrapped) != keySize+aes.BlockSize {
		return e, fmt.Errorf("%s is not %d bytes in base64", nameKey, keySize+aes.BlockSize)
	}
	if e.iv, err = base64.StdEncoding.DecodeString(meta[nameIV]); err != nil || len(e.iv) != aes.BlockSize {
		return e, fmt.Errorf("%s is not %d bytes in base64", nameIV, aes.BlockSize)
	}
	for b := wrapped; len(b) > 0; b = b[aes.BlockSize:] {
		k.block.Decrypt(b, b)
	}
	key, ok := unpadded(wrapped)
	if !ok || len(key) != keySize {
		return e, errors.New("the key is not the one that the object was encrypted with")
	}
	e.key = key
	if text := meta[nameSize]; text != "" {
		if e.length, err = strconv.ParseInt(text, 10, 64); err != nil || e.length < 0 {
			return e, fmt.Errorf("%s is not a length: %q", nameSize, text)
		}
	}
	return e, nil
}

// ParseInstructions reads an instruction file, which holds the envelope where metadata do not.
func ParseInstructions(text []byte) (map[string]string, error) {
	var meta map[string]string
	if err := json.Unmarshal(text, &meta); err != nil {
		return nil, fmt.Errorf("the instruction file is not JSON of names and texts: %w", err)
	}
	return meta, nil
}

func unpadded(b []byte) ([]byte, bool) {
	if len(b) == 0 {
		return nil, false
	}
	n := int(b[len(b)-1])
	if n == 0 || n > aes.BlockSize || n > len(b) || !bytes.Equal(b[len(b)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, false
	}
	return b[:len(b)-n], true
}

// Reader decrypts the body that r reads. Only io.EOF says that all of it was there, and of the length that it should have.
func (e Envelope) Reader(r io.Reader) (io.Reader, error) {
	block, err := aes.NewCipher(e.key)
	if err != nil {
		return nil, err
	}
	return &reader{from: r, mode: cipher.NewCBCDecrypter(block, e.iv), length: e.length, text: make([]byte, aes.BlockSize+chunk)}, nil
}

// chunk is how much is read and decrypted at once; a multiple of the block size.
const chunk = 256 << 10

// reader holds the last block that it has decrypted back until it knows whether it is the padded one.
type reader struct {
	from   io.Reader
	mode   cipher.BlockMode
	length int64 // that must come out; -1 if nobody said
	out    int64 // that came out
	text   []byte
	held   []byte // one block, or none
	ready  []byte // of text, to be given out
	err    error
}

func (r *reader) Read(b []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.ready, r.err = r.next(); r.err != nil && !errors.Is(r.err, io.EOF) {
			r.ready = nil
		}
	}
	n := copy(b, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

// next decrypts the next chunk. With io.EOF it answers the last bytes.
func (r *reader) next() ([]byte, error) {
	fresh := r.text[aes.BlockSize:]
	n, err := io.ReadFull(r.from, fresh)
	last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !last {
		return nil, err
	}
	if n%aes.BlockSize != 0 {
		return nil, fmt.Errorf("the object is cut short: its last block has %d bytes of %d", n%aes.BlockSize, aes.BlockSize)
	}
	r.mode.CryptBlocks(fresh[:n], fresh[:n])
	begin := aes.BlockSize - copy(r.text[aes.BlockSize-len(r.held):], r.held)
	all := r.text[begin : aes.BlockSize+n]
	if last {
		plain, ok := unpadded(all)
		if !ok {
			return nil, errors.New("the object is damaged: its padding is wrong")
		}
		r.out += int64(len(plain))
		if r.length >= 0 && r.out != r.length {
			return nil, fmt.Errorf("the object is damaged: %d bytes came out of it, %d were encrypted", r.out, r.length)
		}
		return plain, io.EOF
	}
	end := len(all) - aes.BlockSize
	r.held = append(r.held[:0], all[end:]...)
	r.out += int64(end)
	return all[:end], nil
}
