package journal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Writer appends entries to a journal. It is safe for concurrent use; entries are numbered and chained in the order in
// which Append was entered, and concurrent Appends share one sync.
type Writer struct {
	sink Sink
	now  func() time.Time

	mu   sync.Mutex // orders entries: Seq, Prev and the bytes in the sink agree
	seq  int64
	prev string
	err  error // the first write or sync that failed; nothing is written after it

	syncMu  sync.Mutex // held by the one Append that syncs
	written int64      // entries in the sink, under mu
	synced  int64      // entries that last, under syncMu
}

// Sink keeps a journal's bytes. What was written lasts once Sync has returned, whatever happens to this process or
// machine; Write and Sync can be called at the same time. An *os.File is one.
type Sink interface {
	io.Writer
	Sync() error
	Close() error
}

// New begins a journal in an empty sink.
func New(s Sink, now func() time.Time) *Writer { return Continue(s, now, new(Log)) }

// Continue goes on with a journal that was read: s holds its whole lines, and nothing after them.
func Continue(s Sink, now func() time.Time, log *Log) *Writer {
	n := int64(len(log.Entries))
	return &Writer{sink: s, now: now, seq: n, prev: log.Head, written: n, synced: n}
}

// Create begins a journal at path, which must not exist, and syncs its folder, so that the name survives a crash too.
func Create(path string, now func() time.Time) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	if err := SyncFolder(filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return New(f, now), nil
}

// SyncFolder makes the names in a folder last.
func SyncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync folder %s: %w", path, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync folder %s: %w", path, err)
	}
	return nil
}

// Append writes e, with its number, time and chain filled in, and returns when it is on disk. After an error the
// journal is closed to writing: what cannot be written down must not be done.
func (w *Writer) Append(e Entry) (Entry, error) {
	w.mu.Lock()
	if w.err != nil {
		w.mu.Unlock()
		return Entry{}, w.err
	}
	e.Seq, e.Prev, e.Time = w.seq+1, w.prev, w.now().UTC()
	line, err := json.Marshal(&e)
	if err != nil {
		w.mu.Unlock()
		return Entry{}, fmt.Errorf("encode journal entry: %w", err)
	}
	if _, err := w.sink.Write(append(line, '\n')); err != nil {
		w.err = fmt.Errorf("write journal: %w", err)
		w.mu.Unlock()
		return Entry{}, w.err
	}
	sum := sha256.Sum256(line)
	w.seq, w.prev = e.Seq, hex.EncodeToString(sum[:])
	w.written = e.Seq
	w.mu.Unlock()
	return e, w.sync(e.Seq)
}

// sync returns when entry seq is on disk. Whoever gets the lock first syncs for all that were written by then; the
// others find their entry synced already. That is what keeps many small tables fast.
func (w *Writer) sync(seq int64) error {
	w.syncMu.Lock()
	defer w.syncMu.Unlock()
	if w.synced >= seq {
		return nil
	}
	w.mu.Lock()
	written, err := w.written, w.err
	w.mu.Unlock()
	if err != nil {
		return err
	}
	if err := w.sink.Sync(); err != nil {
		err = fmt.Errorf("sync journal: %w", err)
		w.mu.Lock()
		w.err = err
		w.mu.Unlock()
		return err
	}
	w.synced = written
	return nil
}

// Head is the SHA-256 of the last line, which closes the chain.
func (w *Writer) Head() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.prev
}

// Close closes the sink. What was appended is on disk already.
func (w *Writer) Close() error {
	if err := w.sink.Close(); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}

// Log is a journal that was read.
type Log struct {
	Entries []Entry
	Head    string // SHA-256 of the last whole line
	// Torn says that the last line was cut short, as a crash while writing leaves it; the entry was never on disk
	// whole, so nothing was done because of it.
	Torn bool
	Size int64 // bytes of the whole lines
}

// maxLine bounds one entry. Entries are small; anything longer is damage.
const maxLine = 1 << 20

// Read reads a journal. It accepts and reports a torn last line; anything else that is not as it was written is refused
// with its position.
func Read(r io.Reader) (*Log, error) {
	log := new(Log)
	br := bufio.NewReaderSize(r, 64<<10)
	for n := int64(1); ; n++ {
		line, err := readLine(br)
		if errors.Is(err, io.EOF) {
			log.Torn = len(line) > 0
			return log, nil
		}
		if err != nil {
			return nil, fmt.Errorf("journal line %d: %w", n, err)
		}
		e, err := decode(line)
		if err != nil {
			return nil, fmt.Errorf("journal line %d is damaged: %w", n, err)
		}
		if err := log.check(e, n); err != nil {
			return nil, fmt.Errorf("journal line %d: %w", n, err)
		}
		sum := sha256.Sum256(line)
		log.Head = hex.EncodeToString(sum[:])
		log.Size += int64(len(line)) + 1
		log.Entries = append(log.Entries, e)
	}
}

// readLine returns a line without its end; io.EOF comes with whatever stood after the last end of line.
func readLine(br *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case errors.Is(err, bufio.ErrBufferFull) && len(line) <= maxLine:
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("longer than %d bytes", maxLine)
		default:
			return line, err
		}
	}
}

func decode(line []byte) (Entry, error) {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return Entry{}, err
	}
	if head.Version > Version {
		return Entry{}, fmt.Errorf("its version is %d, this sealift reads version %d", head.Version, Version)
	}
	var e Entry
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return Entry{}, err
	}
	if dec.More() {
		return Entry{}, errors.New("more after the entry")
	}
	return e, nil
}

// check holds e against what was read before it.
func (l *Log) check(e Entry, n int64) error {
	switch {
	case e.Seq != n:
		return fmt.Errorf("entry has number %d", e.Seq)
	case e.Prev != l.Head:
		return errors.New("the chain is broken: the line before it is not the one it was written after")
	case n == 1 && (e.Type != Begin || e.Version != Version):
		return fmt.Errorf("a journal begins with a %q entry of version %d", Begin, Version)
	case n > 1 && e.Type == Begin:
		return errors.New("a second beginning")
	}
	switch e.Type {
	case Begin, Resume, Intent, Done, Failed, Unknown, Stopped, End:
		return nil
	default:
		return fmt.Errorf("unknown type %q", e.Type)
	}
}

// ReadFile reads the journal at path.
func ReadFile(path string) (*Log, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	log, err := Read(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return log, f.Close()
}
