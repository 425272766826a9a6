package plan

import "slices"

// Masking is under which key the masks of a plan work. It holds a reference to a secret, never a secret.
type Masking struct {
	Key         string `json:"key"` // where the master key lives; ephemeral for a key of one process's own
	Environment string `json:"environment"`
	Epoch       string `json:"epoch"`
	// KeyID tells keys apart without telling anything of them: a run does not go on under another key than it was planned with.
	KeyID string `json:"key_id,omitempty"`
	// Policies are the files whose masks were used.
	Policies []PolicyRef `json:"policies,omitempty"`
}

// Ephemeral is a key that is made for one process, and gone with it.
const Ephemeral = "ephemeral"

// PolicyRef names a policy file.
type PolicyRef struct {
	File   string `json:"file"`
	Digest string `json:"digest"` // SHA-256 of its text, hex
}

// Mask is what becomes of a column.
type Mask struct {
	Column string `json:"column"`
	// Collate is the column's own collation, where it has one: texts that are equal there mask alike.
	Collate string `json:"collate,omitempty"`
	// Use is the transformer, with its options, as the job or a policy says; Domain what columns share that
	// join, none where it is the column's own.
	Use     string         `json:"use"`
	Options map[string]any `json:"options,omitempty"`
	// Paths are masks of what is within an object, by their paths, of which Column is empty.
	Paths  map[string]Mask `json:"paths,omitempty"`
	Domain string          `json:"domain,omitempty"`
	Entity string          `json:"entity,omitempty"`
	When   string          `json:"when,omitempty"`
	Else   *Mask           `json:"else,omitempty"`
	// From says who wrote it: job, a policy's file, or on_unlisted.
	From string `json:"from"`
	// Class is unique, chance or lossy; Privacy ranks what can be learned of a value, from 1, nothing, to 6, all of it.
	Class   string `json:"class"`
	Privacy int    `json:"privacy"`
	// Dictionaries that values are chosen from, by their names, with the SHA-256 of their entries.
	Dictionaries map[string]string `json:"dictionaries,omitempty"`
}

// Masked tells whether any column is more than copied.
func (t *Table) Masked() bool {
	for _, m := range t.Masks {
		if m.Use != "passthrough" || m.Else != nil {
			return true
		}
	}
	return false
}

// Expressed tells whether an expression that somebody wrote is part of a mask.
func (t Table) Expressed() bool { return slices.ContainsFunc(t.Masks, Mask.expressed) }

func (m Mask) expressed() bool { return m.Use == "expr" || m.Else != nil && m.Else.expressed() }
