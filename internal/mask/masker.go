package mask

import (
	"errors"
	"fmt"
)

// Masker is the Go twin of a table's masks: a function of one row. It keeps memory between rows and is not safe for
// concurrent use; each goroutine makes its own.
type Masker struct {
	table *Table
	prf   *prf
	ff1   *ff1

	row     [][]byte // of the call that is under way, with the texts within its columns
	whole   [][]byte // what row is then
	objects []object // by Table.columns; nil for those that are not taken apart
	hashes  []slot   // by Table.hashes
	holding []slot   // by Table.conditions; only the state is used
	message []byte
	buffer  []byte
	out     [][]byte
	ends    []int
	digest  digest // of a round
	blind   bool   // it is for a preview
	block   []byte // what scrambling takes its digits from
}

// slot is a hash or a condition of the row at hand, once somebody has asked for it.
type slot struct {
	state slotState
	digest
}

type slotState uint8

const (
	slotEmpty slotState = iota
	slotNull            // of a condition: it does not hold
	slotFull
)

// Masker makes the Go twin under keys. It is an error if a mask has none.
func (t *Table) Masker(keys Keys) (*Masker, error) {
	if err := t.InGo(); err != nil {
		return nil, err
	}
	return t.masker(keys)
}

// Preview is a Masker for looking at rows: columns that have no Go twin come out as NULL, and why is told by their names.
func (t *Table) Preview(keys Keys) (*Masker, map[string]string, error) {
	m, err := t.masker(keys)
	if err != nil {
		return nil, nil, err
	}
	m.blind = true
	unknown := make(map[string]string)
	for _, c := range t.columns {
		if c.notGo != "" {
			unknown[c.Name.String()] = c.notGo
		}
	}
	return m, unknown, nil
}

// InGo tells which masks have no Go twin, nil if all have one.
func (t *Table) InGo() error {
	var errs []error
	for _, c := range t.columns {
		if c.notGo != "" {
			errs = append(errs, &Error{t.def.Table, c.Name.String(), fmt.Errorf("%s has no twin in Go: %s", c.use.Transformer, c.notGo)})
		}
	}
	return errors.Join(errs...)
}

func (t *Table) masker(keys Keys) (*Masker, error) {
	m := &Masker{
		table: t, hashes: make([]slot, len(t.hashes)), holding: make([]slot, len(t.conditions)),
		objects: make([]object, len(t.columns)), out: make([][]byte, len(t.columns)), ends: make([]int, len(t.columns)), buffer: make([]byte, 0, 1024), message: make([]byte, 0, 256),
	}
	var err error
	if m.prf, err = newPRF(keys); err != nil {
		return nil, err
	}
	if m.ff1, err = newFF1([]byte(keys.ff1.Reveal())); err != nil {
		return nil, err
	}
	return m, nil
}

// Row masks a row. row has the text of each column of the table, in its order, as the server writes it with datestyle ISO
// and timezone UTC; nil is NULL. So is the result, which is good until the next call. An error names the column, never its
// value.
func (m *Masker) Row(row [][]byte) ([][]byte, error) {
	if len(row) != len(m.table.columns) {
		return nil, fmt.Errorf("mask %s: a row with %d fields for %d columns", m.table.def.Table, len(row), len(m.table.columns))
	}
	m.row = row
	if len(m.table.attributes) > 0 {
		if err := m.takeApart(row); err != nil {
			return nil, err
		}
	}
	for i := range m.hashes {
		m.hashes[i].state = slotEmpty
	}
	for i := range m.holding {
		m.holding[i].state = slotEmpty
	}
	// Texts are written one after the other; where the buffer grows, slices into it would be left behind, so they are made
	// at the end.
	const asIs, null = -1, -2
	m.buffer = m.buffer[:0]
	for i := range m.table.columns {
		c := &m.table.columns[i]
		switch {
		case row[i] == nil && !c.fillsNull, m.blind && c.notGo != "":
			m.ends[i] = null
			continue
		case c.raw || c.run == nil: // of those without a twin, the check of both takes the others
			m.ends[i] = asIs
			continue
		}
		masked, err := c.run(m, m.buffer, row[i])
		if err != nil {
			return nil, &Error{m.table.def.Table, c.Name.String(), err}
		}
		if masked == nil {
			m.ends[i] = null
			continue
		}
		m.buffer = masked
		m.ends[i] = len(masked)
	}
	at := 0
	for i, end := range m.ends {
		switch end {
		case asIs:
			m.out[i] = row[i]
		case null:
			m.out[i] = nil
		default:
			m.out[i] = m.buffer[at:end:end]
			at = end
		}
	}
	return m.out, nil
}

// hash is H in a slot of the row at hand, nil for NULL.
func (m *Masker) hash(i int) (*digest, error) {
	s := &m.hashes[i]
	if s.state == slotEmpty {
		h := &m.table.hashes[i]
		in := m.row[h.column]
		if in == nil {
			s.state = slotNull
			return nil, nil
		}
		m.message = append(append(m.message[:0], h.domain...), ':')
		var err error
		if m.message, err = h.canon.append(m.message, in); err != nil {
			return nil, err
		}
		m.prf.sum(&s.digest, m.message)
		s.state = slotFull
	}
	if s.state == slotNull {
		return nil, nil
	}
	return &s.digest, nil
}

// holds tells whether a condition is true of the row at hand.
func (m *Masker) holds(i int) (bool, error) {
	s := &m.holding[i]
	if s.state == slotEmpty {
		t, err := m.table.conditions[i].eval(m.row)
		if err != nil {
			return false, err
		}
		s.state = slotNull
		if t == isTrue {
			s.state = slotFull
		}
	}
	return s.state == slotFull, nil
}
