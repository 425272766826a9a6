// Package envelope is the client-side encryption that COPY and UNLOAD had until 2026-04-30: each object under a key of its
// own, and that key, wrapped with the master key of the statement, in the object's metadata.
//
// The format is what version 1 of the AWS SDK for Java writes in its EncryptionOnly mode with a symmetric master key
// (aws-sdk-java, s3/internal/crypto; Redshift manual, t_unloading_encrypted_files names x-amz-key and x-amz-iv): the body
// is AES-256 in CBC mode with PKCS #7 padding, the key is wrapped by AES in ECB mode with the same padding. Nothing is
// authenticated: what comes out is as trustworthy as the store that it lay in.
package envelope

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Names of the user metadata, as they follow "x-amz-meta-".
const (
	metaKey    = "x-amz-key"
	metaIV     = "x-amz-iv"
	metaDesc   = "x-amz-matdesc"
	metaLength = "x-amz-unencrypted-content-length"
)

// keySize is the size of master keys and of the objects' own keys.
const keySize = 32

// MasterKey wraps the keys of objects.
type MasterKey struct{ block cipher.Block }

// ParseMasterKey reads a master key as SQL has it: 32 bytes in base64.
func ParseMasterKey(text string) (*MasterKey, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) != keySize {
		return nil, errors.New("the master symmetric key must be 256 bits in base64, 44 characters")
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("use the master symmetric key: %w", err)
	}
	return &MasterKey{block}, nil
}

// wrap encrypts an object's key by itself, block by block.
func (k *MasterKey) wrap(key []byte) []byte {
	padded := pad(bytes.Clone(key))
	for b := padded; len(b) > 0; b = b[aes.BlockSize:] {
		k.block.Encrypt(b, b)
	}
	return padded
}

// errWrongKey is what a master key that does not fit looks like: nothing else can be told apart.
var errWrongKey = errors.New("the object's key cannot be unwrapped: it was wrapped with another master symmetric key")

func (k *MasterKey) unwrap(wrapped []byte) ([]byte, error) {
	if len(wrapped) != keySize+aes.BlockSize {
		return nil, fmt.Errorf("%s holds %d bytes, want %d", metaKey, len(wrapped), keySize+aes.BlockSize)
	}
	key := bytes.Clone(wrapped)
	for b := key; len(b) > 0; b = b[aes.BlockSize:] {
		k.block.Decrypt(b, b)
	}
	key, ok := unpad(key)
	if !ok || len(key) != keySize {
		return nil, errWrongKey
	}
	return key, nil
}

// pad completes the last block of b, and adds one if it is complete.
func pad(b []byte) []byte {
	n := aes.BlockSize - len(b)%aes.BlockSize
	return append(b, bytes.Repeat([]byte{byte(n)}, n)...)
}

func unpad(b []byte) ([]byte, bool) {
	if len(b) == 0 {
		return nil, false
	}
	n := int(b[len(b)-1])
	if n == 0 || n > aes.BlockSize || n > len(b) {
		return nil, false
	}
	for _, c := range b[len(b)-n:] {
		if int(c) != n {
			return nil, false
		}
	}
	return b[:len(b)-n], true
}

// Writer encrypts one object. Close writes the padding; it does not close the writer below.
type Writer struct {
	to   io.Writer
	mode cipher.BlockMode
	meta map[string]string
	rest []byte // of a block
	buf  []byte
	n    int64
}

// NewWriter encrypts to w under a fresh key.
func (k *MasterKey) NewWriter(w io.Writer) (*Writer, error) {
	key, iv := make([]byte, keySize), make([]byte, aes.BlockSize)
	_, _ = rand.Read(key) // never fails
	_, _ = rand.Read(iv)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("encrypt an object: %w", err)
	}
	return &Writer{
		to: w, mode: cipher.NewCBCEncrypter(block, iv),
		meta: map[string]string{
			metaKey:  base64.StdEncoding.EncodeToString(k.wrap(key)),
			metaIV:   base64.StdEncoding.EncodeToString(iv),
			metaDesc: "{}",
		},
	}, nil
}

// Meta is the user metadata of the object. With known, everything has been written to w, and its length is told too.
func (w *Writer) Meta(known bool) map[string]string {
	if known {
		w.meta[metaLength] = strconv.FormatInt(w.n, 10)
	}
	return w.meta
}

func (w *Writer) Write(p []byte) (int, error) {
	w.n += int64(len(p))
	w.buf = append(append(w.buf[:0], w.rest...), p...)
	whole := len(w.buf) - len(w.buf)%aes.BlockSize
	w.rest = append(w.rest[:0], w.buf[whole:]...)
	if whole == 0 {
		return len(p), nil
	}
	w.mode.CryptBlocks(w.buf[:whole], w.buf[:whole])
	if _, err := w.to.Write(w.buf[:whole]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close writes the last block, which is never missing.
func (w *Writer) Close() error {
	last := pad(w.rest)
	w.mode.CryptBlocks(last, last)
	_, err := w.to.Write(last)
	return err
}

// Sealed tells whether an object's metadata are those of an encrypted one.
func Sealed(meta map[string]string) bool { return meta[metaKey] != "" }

// NewReader decrypts the object with this metadata that r reads.
func (k *MasterKey) NewReader(r io.Reader, meta map[string]string) (io.Reader, error) {
	if !Sealed(meta) {
		return nil, fmt.Errorf("the object is not client-side encrypted: it has no %s", metaKey)
	}
	wrapped, err := base64.StdEncoding.DecodeString(meta[metaKey])
	if err != nil {
		return nil, fmt.Errorf("%s is not base64: %w", metaKey, err)
	}
	iv, err := base64.StdEncoding.DecodeString(meta[metaIV])
	if err != nil || len(iv) != aes.BlockSize {
		return nil, fmt.Errorf("%s is not %d bytes in base64", metaIV, aes.BlockSize)
	}
	key, err := k.unwrap(wrapped)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("decrypt an object: %w", err)
	}
	return &reader{from: r, mode: cipher.NewCBCDecrypter(block, iv), buf: make([]byte, chunk+aes.BlockSize)}, nil
}

// chunk is how much is decrypted at once.
const chunk = 64 << 10

// reader decrypts. It holds the last block back until it knows whether another follows, because only the last of all is
// padded.
type reader struct {
	from  io.Reader
	mode  cipher.BlockMode
	buf   []byte
	held  [aes.BlockSize]byte // the last block that was read, not decrypted yet
	begun bool                // held is filled
	plain []byte              // of buf, not given out yet
	err   error
}

func (r *reader) Read(p []byte) (int, error) {
	for len(r.plain) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}

func (r *reader) fill() {
	before := 0
	if r.begun {
		before = copy(r.buf, r.held[:])
	}
	n, err := io.ReadFull(r.from, r.buf[before:])
	n += before
	switch {
	case err == nil:
		n -= aes.BlockSize
		copy(r.held[:], r.buf[n:])
		r.begun = true
		r.open(n)
		return
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
	default:
		r.err = err
		return
	}
	r.err = io.EOF
	if n == 0 || n%aes.BlockSize != 0 {
		r.err = fmt.Errorf("the encrypted object is cut off: %d bytes are missing from its last block", aes.BlockSize-n%aes.BlockSize)
		return
	}
	r.open(n)
	plain, ok := unpad(r.plain)
	if !ok {
		r.plain, r.err = nil, errors.New("the encrypted object is damaged: its padding is not valid")
		return
	}
	r.plain = plain
}

func (r *reader) open(n int) {
	r.mode.CryptBlocks(r.buf[:n], r.buf[:n])
	r.plain = r.buf[:n]
}
