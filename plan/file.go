package plan

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// ErrStale says that a catalog is no longer what the plan was made from: plan again.
var ErrStale = errors.New("the plan is stale")

// ErrHeld says that another run holds the target.
var ErrHeld = errors.New("another run holds the target")

// ErrBusy says that another process is at work on a run. It is a kind of ErrHeld.
var ErrBusy error = busy{}

type busy struct{}

func (busy) Error() string        { return "another process is at work on this run" }
func (busy) Is(target error) bool { return target == ErrHeld }

// Seal fills in the plan's version and id. The planner calls it last; a sealed plan is not changed any more.
func (p *Plan) Seal() error {
	p.Version = Version
	p.CreatedAt = p.CreatedAt.UTC().Truncate(time.Second) // what survives JSON unchanged
	id, err := p.digest()
	if err != nil {
		return err
	}
	p.ID = id
	return nil
}

// digest is the id that the plan's content has. It is taken table by table: a plan of ten thousand tables is a hundred
// megabytes of text, of which no second copy is wanted in memory.
func (p *Plan) digest() (string, error) {
	bare := *p
	bare.ID, bare.Tables = "", nil
	sum := sha256.New()
	enc := json.NewEncoder(sum)
	if err := enc.Encode(&bare); err != nil {
		return "", fmt.Errorf("encode plan: %w", err)
	}
	for i := range p.Tables {
		if err := enc.Encode(&p.Tables[i]); err != nil {
			return "", fmt.Errorf("encode plan: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:6]), nil
}

// noTables is how the list of tables stands in the text of a plan without any. No text in a plan can look like it:
// JSON writes a line's end in a string as \n.
const noTables = "\n  \"tables\": []"

// Encode writes the plan's JSON form, indented, which Decode reads, table by table.
func (p *Plan) Encode(w io.Writer) error {
	bare := *p
	bare.Tables = []Table{}
	frame, err := indented(&bare, "")
	if err != nil {
		return err
	}
	before, after, ok := strings.Cut(frame, noTables)
	if !ok {
		panic("plan: the frame of a plan has no tables")
	}
	out := bufio.NewWriter(w)
	write := func(texts ...string) {
		for _, t := range texts {
			_, _ = out.WriteString(t) // a bufio.Writer keeps its first error, and Flush answers it
		}
	}
	write(before, strings.TrimSuffix(noTables, "]"))
	for i := range p.Tables {
		text, err := indented(&p.Tables[i], "    ")
		if err != nil {
			return err
		}
		if i > 0 {
			write(",")
		}
		write("\n    ", strings.TrimSuffix(text, "\n"))
	}
	if len(p.Tables) > 0 {
		write("\n  ")
	}
	write("]", after)
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	return nil
}

func indented(v any, prefix string) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // statements are for people: a <> b, not \u003c
	enc.SetIndent(prefix, "  ")
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("encode plan: %w", err)
	}
	return b.String(), nil
}

// Decode reads a plan and refuses what it does not fully understand: another version, unknown fields, and a plan that
// was changed after it was made (its id no longer fits).
func Decode(text []byte) (*Plan, error) {
	var head struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	if head.Version == nil {
		return nil, errors.New("read plan: no version in it: not a plan file")
	}
	if *head.Version != Version {
		return nil, fmt.Errorf("read plan: its version is %d, this sealift reads version %d: plan again", *head.Version, Version)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	p := new(Plan)
	if err := dec.Decode(p); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	if dec.More() {
		return nil, errors.New("read plan: more after its end")
	}
	id, err := p.digest()
	if err != nil {
		return nil, err
	}
	if id != p.ID {
		return nil, fmt.Errorf("read plan %s: it was changed after it was made (its content has id %s): plan again", p.ID, id)
	}
	return p, nil
}
