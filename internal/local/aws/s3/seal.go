package s3

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A content file is a random salt and then segments: 64 KiB of plaintext each (the last one shorter, possibly empty),
// sealed with AES-256-GCM under a key derived from the object's data key and the salt. The nonce is the segment's number
// and a flag on the last one, so segments cannot be swapped, dropped or added unnoticed, and any of them can be read
// alone. It is age's STREAM, made for random access.
const (
	saltSize    = 32
	segmentSize = 64 << 10
	tagSize     = 16
)

// errDamaged says that a content file is not what was written.
var errDamaged = errors.New("the object's content on disk is damaged")

func contentCipher(dataKey, salt []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, dataKey, salt, "sealift stand-in s3 content 1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func segmentNonce(nonce *[12]byte, segment int64, last bool) []byte {
	binary.BigEndian.PutUint64(nonce[3:11], uint64(segment))
	nonce[11] = 0
	if last {
		nonce[11] = 1
	}
	return nonce[:]
}

// sealedSize gives the size of the content file for a plaintext.
func sealedSize(size int64) int64 {
	return saltSize + size + segments(size)*tagSize
}

// segments counts the segments of a plaintext. Even an empty one has one, which is the last.
func segments(size int64) int64 { return max(1, (size+segmentSize-1)/segmentSize) }

// sealWriter encrypts what is written to it. It does not close dst.
type sealWriter struct {
	dst     io.Writer
	aead    cipher.AEAD
	nonce   [12]byte
	segment int64
	plain   []byte // what is not sealed yet: at most one segment
	sealed  []byte
}

func newSealWriter(dst io.Writer, dataKey []byte) (*sealWriter, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	aead, err := contentCipher(dataKey, salt)
	if err != nil {
		return nil, err
	}
	if _, err := dst.Write(salt); err != nil {
		return nil, err
	}
	return &sealWriter{
		dst: dst, aead: aead,
		plain:  make([]byte, 0, segmentSize),
		sealed: make([]byte, 0, segmentSize+tagSize),
	}, nil
}

func (w *sealWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		if len(w.plain) == segmentSize { // more follows, so this is not the last segment
			if err := w.flush(false); err != nil {
				return written, err
			}
		}
		n := min(len(p), segmentSize-len(w.plain))
		w.plain = append(w.plain, p[:n]...)
		p = p[n:]
		written += n
	}
	return written, nil
}

// finish seals the last segment.
func (w *sealWriter) finish() error { return w.flush(true) }

func (w *sealWriter) flush(last bool) error {
	w.sealed = w.aead.Seal(w.sealed[:0], segmentNonce(&w.nonce, w.segment, last), w.plain, nil)
	w.plain = w.plain[:0]
	w.segment++
	_, err := w.dst.Write(w.sealed)
	return err
}

// sealReader decrypts length bytes from offset of a content file whose plaintext has size bytes.
type sealReader struct {
	src    io.ReaderAt
	aead   cipher.AEAD
	nonce  [12]byte
	size   int64
	offset int64 // of the next byte to answer
	end    int64
	sealed []byte
	plain  []byte // decrypted and not answered yet
}

func newSealReader(src io.ReaderAt, dataKey []byte, size, offset, length int64) (*sealReader, error) {
	salt := make([]byte, saltSize)
	if _, err := src.ReadAt(salt, 0); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	aead, err := contentCipher(dataKey, salt)
	if err != nil {
		return nil, err
	}
	r := &sealReader{src: src, aead: aead, size: size, offset: offset, end: offset + length, sealed: make([]byte, segmentSize+tagSize)}
	if size == 0 { // the one segment that no Read asks for
		return r, r.next()
	}
	return r, nil
}

func (r *sealReader) Read(p []byte) (int, error) {
	if len(r.plain) == 0 {
		if r.offset >= r.end {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	r.offset += int64(n)
	return n, nil
}

// next decrypts the segment that offset is in.
func (r *sealReader) next() error {
	segment := r.offset / segmentSize
	start := segment * segmentSize
	length := min(segmentSize, r.size-start)
	sealed := r.sealed[:length+tagSize]
	if _, err := r.src.ReadAt(sealed, saltSize+segment*(segmentSize+tagSize)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	last := segment == segments(r.size)-1
	plain, err := r.aead.Open(sealed[:0], segmentNonce(&r.nonce, segment, last), sealed, nil)
	if err != nil {
		return fmt.Errorf("%w: segment %d", errDamaged, segment)
	}
	r.plain = plain[r.offset-start : min(length, r.end-start)]
	return nil
}
