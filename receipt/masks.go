package receipt

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/plan"
)

// Masking is under which keys a run masked.
type Masking struct {
	Environment string           `json:"environment"`
	Epoch       string           `json:"epoch"`
	KeyID       string           `json:"key_id,omitempty"`    // which tells keys apart, and nothing of them
	Ephemeral   bool             `json:"ephemeral,omitempty"` // the key was made for the run, and is gone
	Policies    []plan.PolicyRef `json:"policies,omitempty"`
}

// Masked is the account of one column of a table that was masked.
type Masked struct {
	plan.Mask
	// Of the rows that were moved, in the source and as they came out: how many have a value, and how many different ones there are.
	// Missing where the column was copied, or nothing was unloaded; different values also where the source is a PostgreSQL server.
	Values      *int64 `json:"values,omitempty"`
	Distinct    *int64 `json:"distinct,omitempty"`
	ValuesOut   *int64 `json:"values_out,omitempty"`
	DistinctOut *int64 `json:"distinct_out,omitempty"`
}

// copied tells that the column's values are as they were.
func (m Masked) copied() bool { return m.Use == "passthrough" && m.Else == nil }

// masks are the accounts of a planned table's columns.
func masks(t plan.Table) []Masked {
	var all []Masked
	for _, m := range t.Masks {
		all = append(all, Masked{Mask: m})
	}
	return all
}

// profile puts in what the source counted: first the columns as they were, then as they came out.
func (t *Table) profile(counts []int64) {
	var masked []*Masked
	for i := range t.Masks {
		if !t.Masks[i].copied() {
			masked = append(masked, &t.Masks[i])
		}
	}
	if n := len(masked); n == 0 || len(counts) != 4*n {
		return
	}
	for i, m := range masked {
		out := counts[2*len(masked):]
		m.Values, m.Distinct, m.ValuesOut, m.DistinctOut = counted(counts[2*i]), counted(counts[2*i+1]), counted(out[2*i]), counted(out[2*i+1])
	}
}

// counted is a count that is missing below zero: different values of rows that only pass are not counted.
func counted(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

// masked says what was masked, "" where nothing was to be.
func (r *Receipt) masked() string {
	if r.Masking == nil {
		return ""
	}
	columns, all, tables, plain := 0, 0, 0, 0
	for _, t := range r.Tables {
		if len(t.Masks) == 0 {
			plain++
			continue
		}
		tables++
		for _, m := range t.Masks {
			all++
			if !m.copied() {
				columns++
			}
		}
	}
	how := fmt.Sprintf("environment %s, epoch %s, key %s", r.Masking.Environment, r.Masking.Epoch, r.Masking.KeyID)
	if r.Masking.Ephemeral {
		how = "a key of this run only, which is gone"
	}
	text := fmt.Sprintf("%d of %s in %s; %s", columns, show.Plural(int64(all), "column"), show.Plural(int64(tables), "table"), how)
	if plain > 0 {
		text += fmt.Sprintf("; %s copied as they are", show.Plural(int64(plain), "table"))
	}
	return text
}

// PrivacyReport says of every column what became of it, as CSV with a line of names.
func (r *Receipt) PrivacyReport() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{
		"source", "target", "column", "transformer", "options", "domain", "entity", "condition", "said by", "class", "privacy", "dictionaries", "values in", "distinct in", "values out", "distinct out",
		"run", "environment", "epoch", "key",
	}}
	for _, t := range r.Tables {
		for _, m := range t.Masks {
			rows = append(rows, []string{
				t.Source, t.Target, m.Column, m.uses(), strings.Join(slices.DeleteFunc([]string{options(m.Options), paths(m.Paths)}, func(s string) bool { return s == "" }), " "), m.Domain, m.Entity, m.When, m.From, m.Class, strconv.Itoa(m.Privacy), sums(m.Dictionaries),
				number(m.Values), number(m.Distinct), number(m.ValuesOut), number(m.DistinctOut), r.Run, r.Masking.Environment, r.Masking.Epoch, r.Masking.KeyID,
			})
		}
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("write the privacy report: %w", err)
	}
	return b.Bytes(), nil
}

// uses names the transformers, those of other rows too.
func (m Masked) uses() string {
	all := []string{m.Use}
	for e := m.Else; e != nil; e = e.Else {
		all = append(all, e.Use)
	}
	return strings.Join(all, ", else ")
}

func options(o map[string]any) string {
	all := make([]string, 0, len(o))
	for name, value := range o {
		all = append(all, fmt.Sprintf("%s=%v", name, value))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// paths says what became of what is within objects.
func paths(within map[string]plan.Mask) string {
	all := make([]string, 0, len(within))
	for path, m := range within {
		all = append(all, strings.Join(strings.Fields(path+"="+Masked{Mask: m}.uses()+" "+options(m.Options)), " "))
	}
	slices.Sort(all)
	if len(all) == 0 {
		return ""
	}
	return "paths=[" + strings.Join(all, "; ") + "]"
}

func sums(dictionaries map[string]string) string {
	all := make([]string, 0, len(dictionaries))
	for name, sum := range dictionaries {
		all = append(all, name+"="+sum)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func number(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}
