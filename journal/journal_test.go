package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func fixed() time.Time { return time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC) }

// write makes a journal of three entries and returns its text.
func write(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	w, err := Create(path, fixed)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []Entry{
		{Type: Begin, Version: Version, Run: "20261121T101500Z-7f3a", Plan: "9f41c2"},
		{Type: Intent, Table: "sales.orders", Step: "sales.orders/unload", Attempt: 1, Facts: &Facts{Prefix: "p/1/"}},
		{Type: Done, Table: "sales.orders", Step: "sales.orders/unload", Attempt: 1, Facts: &Facts{Rows: 3, Identity: map[string]int64{"id": 7}}},
	} {
		if _, err := w.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestReadGivesBackWhatWasAppended(t *testing.T) {
	t.Parallel()
	log, err := Read(bytes.NewReader(write(t)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range log.Entries {
		got = append(got, string(e.Type)+" "+e.Step)
	}
	if diff := cmp.Diff([]string{"begin ", "intent sales.orders/unload", "done sales.orders/unload"}, got); diff != "" {
		t.Error(diff)
	}
	if log.Torn || log.Entries[2].Facts.Identity["id"] != 7 || !log.Entries[0].Time.Equal(fixed()) {
		t.Errorf("read %+v", log)
	}
}

// A crash while writing leaves the beginning of a line. Cut at every byte: what is whole is read, the rest is said.
func TestTornLastLineIsAcceptedAndSaid(t *testing.T) {
	t.Parallel()
	text := write(t)
	last := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
	for cut := last; cut < len(text); cut++ {
		log, err := Read(bytes.NewReader(text[:cut]))
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if len(log.Entries) != 2 || log.Torn != (cut > last) {
			t.Fatalf("cut at %d: %d entries, torn %v", cut, len(log.Entries), log.Torn)
		}
	}
}

// Hazard I1, M6: no single flipped bit goes unnoticed. A flip in the last line is found as well, unless it only changes
// the line's end, which is a torn line.
func TestEveryFlippedBitIsFound(t *testing.T) {
	t.Parallel()
	text := write(t)
	whole, err := Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		for bit := range 8 {
			damaged := bytes.Clone(text)
			damaged[i] ^= 1 << bit
			log, err := Read(bytes.NewReader(damaged))
			if err == nil && !log.Torn && log.Head == whole.Head {
				t.Fatalf("byte %d (%q), bit %d: not found", i, text[i], bit)
			}
		}
	}
}

func TestDamageIsRefusedWithItsPosition(t *testing.T) {
	t.Parallel()
	text := string(write(t))
	lines := strings.SplitAfter(text, "\n")
	for name, c := range map[string]struct{ text, want string }{
		"changed in the middle": {strings.Replace(text, `"p/1/"`, `"p/2/"`, 1), "line 3: the chain is broken"},
		"line left out":         {lines[0] + lines[2], "line 2: entry has number 3"},
		"lines exchanged":       {lines[0] + lines[2] + lines[1], "line 2: entry has number 3"},
		"line twice":            {lines[0] + lines[1] + lines[1], "line 3: entry has number 2"},
		"not JSON":              {lines[0] + "what\n", "line 2 is damaged"},
		"unknown field":         {strings.Replace(text, `"seq":1`, `"sequence":1,"seq":1`, 1), "line 1 is damaged"},
		"newer version":         {strings.Replace(text, `"version":1`, `"version":2`, 1), "version is 2"},
		"no beginning":          {strings.Replace(text, `"begin"`, `"done"`, 1), `begins with a "begin" entry`},
		"too long":              {strings.Repeat("x", maxLine+70<<10), "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(strings.NewReader(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

// A journal that was read is gone on with as if nothing had happened in between.
func TestAJournalIsContinued(t *testing.T) {
	t.Parallel()
	text := write(t)
	log, err := Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if log.Size != int64(len(text)) {
		t.Errorf("size %d of %d", log.Size, len(text))
	}
	d := &disk{room: 1 << 20}
	d.Buffer.Write(text)
	w := Continue(d, fixed, log)
	for _, e := range []Entry{{Type: Resume}, {Type: End}} {
		if _, err := w.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Read(&d.Buffer)
	if err != nil || len(again.Entries) != 5 || again.Entries[3].Seq != 4 || again.Entries[3].Prev != log.Head || again.Head != w.Head() {
		t.Errorf("%+v, %v", again, err)
	}
}

// disk is a file on a disk that fills up or fails to sync.
type disk struct {
	bytes.Buffer
	room    int
	syncErr error
	syncs   int
}

func (d *disk) Write(b []byte) (int, error) {
	if d.Len()+len(b) > d.room {
		n, _ := d.Buffer.Write(b[:max(0, d.room-d.Len())])
		return n, errors.New("no space left on device")
	}
	return d.Buffer.Write(b)
}
func (d *disk) Sync() error  { d.syncs++; return d.syncErr }
func (d *disk) Close() error { return nil }

// Hazard I2: what cannot be written must not be done, now or later, and what was written stays readable.
func TestFullDiskEndsTheJournal(t *testing.T) {
	t.Parallel()
	for room := range 700 {
		d := &disk{room: room}
		w := New(d, fixed)
		var good int
		var failed bool
		for i := range 5 {
			e := Entry{Type: Intent, Step: "s", Attempt: i}
			if i == 0 {
				e = Entry{Type: Begin, Version: Version, Run: "r"}
			}
			_, err := w.Append(e)
			if err == nil && failed {
				t.Fatalf("room %d: an entry was accepted after one was lost", room)
			}
			if err != nil {
				failed = true
				d.room = 1 << 20 // room again: still refused
				continue
			}
			good++
		}
		log, err := Read(bytes.NewReader(d.Bytes()))
		if err != nil || len(log.Entries) != good {
			t.Fatalf("room %d: %d accepted, read %v, %v", room, good, log, err)
		}
	}
}

func TestFailedSyncIsNotADone(t *testing.T) {
	t.Parallel()
	w := New(&disk{room: 1 << 20, syncErr: errors.New("i/o error")}, fixed)
	if _, err := w.Append(Entry{Type: Begin, Version: Version}); err == nil {
		t.Fatal("accepted without being on disk")
	}
	if _, err := w.Append(Entry{Type: Intent}); err == nil {
		t.Fatal("accepted after a failed sync")
	}
}

func TestConcurrentAppendsChain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "j")
	w, err := Create(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Append(Entry{Type: Begin, Version: Version}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 20 {
				if _, err := w.Append(Entry{Type: Intent, Step: "s"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	log, err := ReadFile(path)
	if err != nil || len(log.Entries) != 321 || log.Head != w.Head() {
		t.Fatalf("read %d entries, %v", len(log.Entries), err)
	}
}

func TestCreateRefusesAJournalThatIsThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "j")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, time.Now); !errors.Is(err, os.ErrExist) {
		t.Errorf("error %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"seq":1,"time":"2026-11-21T10:15:00Z","prev":"","type":"begin","version":1}` + "\n"))
	f.Add([]byte(`{"seq":1`))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		log, err := Read(bytes.NewReader(text))
		if err == nil && len(log.Entries) > bytes.Count(text, []byte("\n")) {
			t.Error("more entries than lines")
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	w, err := Create(filepath.Join(b.TempDir(), "j"), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := w.Append(Entry{Type: Intent, Table: "sales.orders", Step: "sales.orders/unload"}); err != nil {
				b.Error(err)
			}
		}
	})
}
