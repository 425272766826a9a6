package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrStale says that a catalog is no longer what the plan was made from: plan again.
var ErrStale = errors.New("the plan is stale")

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

// digest is the id that the plan's content has.
func (p *Plan) digest() (string, error) {
	bare := *p
	bare.ID = ""
	text, err := json.Marshal(&bare)
	if err != nil {
		return "", fmt.Errorf("encode plan: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6]), nil
}

// Encode is the plan's JSON form, indented, which Decode reads.
func (p *Plan) Encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // statements are for people: a <> b, not \u003c
	enc.SetIndent("", "  ")
	if err := enc.Encode(p); err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	return b.Bytes(), nil
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
