package transfer

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// sieve is S3 that keeps nothing: what is written is counted, what is read is made up, and the memory in use is looked
// at on the way.
type sieve struct {
	*memStore
	rows int // that each object holds when it is read

	mu   sync.Mutex
	seen int
	peak uint64
}

// look notes the heap once in a while.
func (s *sieve) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen++; s.seen%16 != 1 {
		return
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.peak = max(s.peak, m.HeapInuse)
}

func (s *sieve) Create(context.Context, string, string, Encryption, map[string]string) (ObjectWriter, error) {
	return sieveWriter{s}, nil
}

type sieveWriter struct{ *sieve }

func (w sieveWriter) Write(p []byte) (int, error) { w.look(); return len(p), nil }

func (w sieveWriter) Commit(context.Context) error { return nil }
func (w sieveWriter) Abort(context.Context) error  { return nil }

// sieveRow is about as wide as the rows that are unloaded.
var sieveRow = "12345|" + strings.Repeat("a text that nobody has ever read from a disk, it is made up here ", 15) + "\n"

func (s *sieve) Open(context.Context, string, string) (io.ReadCloser, ObjectInfo, error) {
	block := strings.Repeat(sieveRow, 1000)
	left := s.rows / 1000
	rest := ""
	return io.NopCloser(readerFunc(func(p []byte) (int, error) {
		if rest == "" {
			if left == 0 {
				return 0, io.EOF
			}
			left--
			rest = block
			s.look()
		}
		n := copy(p, rest)
		rest = rest[n:]
		return n, nil
	})), ObjectInfo{}, nil
}

// The memory of UNLOAD and COPY does not grow with what they move.
func TestFlatMemory(t *testing.T) {
	const small, large = 2_000, 80_000
	s := newSession(t)
	s.store.put("s3://b/x1", "")
	s.store.put("s3://b/x2", "")
	s.sql("CREATE UNLOGGED TABLE t (a int, b varchar(2000))")
	peak := func(rows int, sql string) uint64 {
		t.Helper()
		runtime.GC()
		store := &sieve{memStore: s.store, rows: rows}
		s.access.store = store
		s.must(sql)
		return store.peak
	}
	for _, sql := range []string{
		"UNLOAD ('select i, repeat(md5(i::text), 30) from (select generate_series(1, %d) as i) x') TO 's3://b/'" + role + " ALLOWOVERWRITE ZSTD",
		"UNLOAD ('select i, repeat(md5(i::text), 30) from (select generate_series(1, %d) as i) x') TO 's3://b/'" + role + " ALLOWOVERWRITE CSV GZIP",
		"UNLOAD ('select i, repeat(md5(i::text), 30) as t from (select generate_series(1, %d) as i) x') TO 's3://b/'" + role + " ALLOWOVERWRITE FORMAT PARQUET MAXFILESIZE 32 MB",
		"COPY t FROM 's3://b/x'" + role + " STATUPDATE OFF",
	} {
		text := func(rows int) string {
			if strings.Contains(sql, "%d") {
				return fmt.Sprintf(sql, rows)
			}
			return sql
		}
		few := peak(small, text(small))
		many := peak(large, text(large))
		allowed := few + 24<<20
		if strings.Contains(sql, "PARQUET") {
			allowed += 4 * 40 << 20 // each slice holds a row group
		}
		t.Logf("%.60s: %d MB for %d rows, %d MB for %d", sql, few>>20, small, many>>20, large)
		if many > allowed {
			t.Errorf("%s: %d MB for %d rows, %d MB for %d", sql, few>>20, small, many>>20, large)
		}
	}
}
