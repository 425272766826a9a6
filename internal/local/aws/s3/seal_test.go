package s3

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"testing"
)

func sealed(tb testing.TB, key, plain []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := newSealWriter(&out, key)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		tb.Fatal(err)
	}
	if err := w.finish(); err != nil {
		tb.Fatal(err)
	}
	if got, want := int64(out.Len()), sealedSize(int64(len(plain))); got != want {
		tb.Fatalf("%d bytes make %d sealed, want %d", len(plain), got, want)
	}
	return out.Bytes()
}

func unsealed(key, data []byte, size, offset, length int64) ([]byte, error) {
	r, err := newSealReader(bytes.NewReader(data), key, size, offset, length)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func randomBytes(n int) []byte {
	data := make([]byte, n)
	rand.Read(data)
	return data
}

func TestSealRanges(t *testing.T) {
	t.Parallel()
	key := randomKey()
	edges := []int{0, 1, 15, 16, 17, segmentSize - 1, segmentSize, segmentSize + 1, 2*segmentSize - 1, 2 * segmentSize, 3*segmentSize + 7}
	for _, size := range edges {
		plain := randomBytes(size)
		data := sealed(t, key, plain)
		for _, from := range edges {
			for _, to := range edges {
				if from > to || to > size {
					continue
				}
				got, err := unsealed(key, data, int64(size), int64(from), int64(to-from))
				if err != nil || !bytes.Equal(got, plain[from:to]) {
					t.Fatalf("size %d, bytes %d to %d: %v", size, from, to, err)
				}
			}
		}
	}
}

// Nothing can be changed, cut, swapped or added without the reader's noticing.
func TestSealDamage(t *testing.T) {
	t.Parallel()
	key := randomKey()
	plain := randomBytes(2*segmentSize + 100)
	data := sealed(t, key, plain)
	size := int64(len(plain))
	const whole = segmentSize + tagSize
	swapped := bytes.Clone(data)
	copy(swapped[saltSize:], data[saltSize+whole:saltSize+2*whole])
	copy(swapped[saltSize+whole:], data[saltSize:saltSize+whole])
	short := sealed(t, key, plain[:2*segmentSize])
	cases := map[string]struct {
		data []byte
		size int64
	}{
		"cut":                      {data[:len(data)-1], size},
		"cut at a segment":         {data[:saltSize+2*whole], 2 * segmentSize},
		"cut to nothing":           {data[:saltSize], 0},
		"no salt":                  {data[:saltSize-1], size},
		"swapped segments":         {swapped, size},
		"another file's segments":  {append(bytes.Clone(data[:saltSize]), short[saltSize:]...), 2 * segmentSize},
		"a size that is too small": {data, size - 1},
		"a size that is too large": {data, size + 1},
	}
	for name, c := range cases {
		if got, err := unsealed(key, c.data, c.size, 0, c.size); !errors.Is(err, errDamaged) {
			t.Errorf("%s: %d bytes and %v", name, len(got), err)
		}
	}
	for i := range 200 {
		at := i * len(data) / 200
		changed := bytes.Clone(data)
		changed[at] ^= 1
		if _, err := unsealed(key, changed, size, 0, size); !errors.Is(err, errDamaged) {
			t.Errorf("bit %d changed: %v", at*8, err)
		}
	}
	if _, err := unsealed(randomKey(), data, size, 0, size); !errors.Is(err, errDamaged) {
		t.Errorf("another key: %v", err)
	}
}

func FuzzSealReader(f *testing.F) {
	key := bytes.Repeat([]byte{7}, 32)
	f.Add([]byte("short"), int64(5), int64(0), int64(5))
	f.Add(bytes.Repeat([]byte{1}, saltSize+tagSize), int64(0), int64(0), int64(0))
	f.Add(bytes.Repeat([]byte{1}, saltSize+tagSize+9), int64(9), int64(3), int64(6))
	f.Fuzz(func(t *testing.T, data []byte, size, offset, length int64) {
		if size < 0 || offset < 0 || length <= 0 || offset > size || length > size-offset {
			return
		}
		// Nobody has sealed this, so nothing of it may come out.
		if got, err := unsealed(key, data, size, offset, length); err == nil {
			t.Errorf("%d bytes out of nothing", len(got))
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	key, plain := randomKey(), randomBytes(1<<20)
	w, err := newSealWriter(io.Discard, key)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(plain)))
	for b.Loop() {
		if _, err := w.Write(plain); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnseal(b *testing.B) {
	key, plain := randomKey(), randomBytes(1<<20)
	data := sealed(b, key, plain)
	b.SetBytes(int64(len(plain)))
	for b.Loop() {
		r, err := newSealReader(bytes.NewReader(data), key, int64(len(plain)), 0, int64(len(plain)))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}
