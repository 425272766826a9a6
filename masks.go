package sealift

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/secret"
	"github.com/sealift/sealift/internal/stage"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// addMasking completes what a plan depends on with policies and the id of the keys, which it answers.
func addMasking(ctx context.Context, in *planner.Input) (keys mask.Keys, err error) {
	m := in.Job.Masking
	if m == nil {
		return keys, nil
	}
	in.Dictionaries = mask.BuiltIn()
	for _, file := range m.Policy {
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(in.Job.File), file)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return keys, fmt.Errorf("masking.policy: %w", err)
		}
		y, err := job.ParsePolicy(file, text)
		if err != nil {
			return keys, err
		}
		for table := range y.Tables {
			for _, earlier := range in.Policies {
				if _, twice := earlier.Tables[table]; twice {
					return keys, fmt.Errorf("masking.policy: table %s is in %s and in %s", table, earlier.File, y.File)
				}
			}
		}
		in.Policies = append(in.Policies, y)
	}
	keys, err = maskKeys(ctx, plan.Masking{Key: m.Key, Environment: planner.Environment(in.Job), Epoch: m.Epoch}, cmp.Or(in.Job.Source.Region, in.Job.Target.Region))
	if m.Key != plan.Ephemeral && err == nil {
		in.KeyID = keys.ID()
	}
	return keys, err
}

// maskKeys derives the keys that masks work under. Those of an ephemeral key are others each time.
func maskKeys(ctx context.Context, m plan.Masking, region string) (mask.Keys, error) {
	master, err := masterKey(ctx, m.Key, region)
	if err != nil {
		return mask.Keys{}, fmt.Errorf("the master key of masks (masking.key): %w", err)
	}
	return mask.Derive(master, m.Environment, m.Epoch)
}

// masterKey reads a master key from where it lives.
func masterKey(ctx context.Context, from, region string) (master secret.Value, err error) {
	if from == plan.Ephemeral {
		b := make([]byte, mask.MasterKeyBytes)
		_, _ = rand.Read(b) // never fails
		return secret.New(string(b)), nil
	}
	if master, err = ReadSecret(ctx, from, region); err != nil {
		return master, err
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(master.Reveal()))
	if err != nil || len(raw) != mask.MasterKeyBytes {
		return secret.Value{}, hint.With(errors.New("it is not 32 bytes in base64"), "make one: openssl rand -base64 32")
	}
	return secret.New(string(raw)), nil
}

// keyWriter writes the keys where a session of the source reads them.
type keyWriter struct {
	stage *stage.Stage
	keys  mask.Keys
}

// Put implements runner.Keys.
func (k keyWriter) Put(ctx context.Context, key string) error {
	return k.stage.Put(ctx, key, secret.New(k.keys.K1.Reveal()+"|"+k.keys.K2.Reveal()+"\n"))
}

// tally has the source count how many different values there are, where that tells something of a mask.
func (both sides) tally(ctx context.Context, in *planner.Input, o Options) error {
	ask := planner.AskTallies(in)
	if len(ask) == 0 {
		return nil
	}
	return both.through(ctx, o, func(ctx context.Context) error {
		return inSession(ctx, both.source, func(s *connect.Session) error {
			for _, t := range ask {
				err := s.Query(ctx, t.SQL(), t.Read)
				if err == nil {
					continue
				}
				if ctx.Err() != nil || s.Broken() {
					return fmt.Errorf("count values of %s: %w", t.Source, err)
				}
				t.Failed(err) // whoever plans need not be who may read
			}
			return nil
		})
	})
}

// readyMasks makes sure, before any data moves, that the masks of a plan can be trusted: the keys are those of the plan, and a warehouse
// computes what this program does.
func (both sides) readyMasks(ctx context.Context, p *plan.Plan, resumed bool, o Options) (mask.Keys, error) {
	if p.Masking.Key == plan.Ephemeral && resumed {
		return mask.Keys{}, hint.With(errors.New("the key of its masks was made for the process that died, and is gone with it: what is still to be moved could not be joined with what was"),
			"remove what is left with sealift clean, and run the job anew")
	}
	keys, err := maskKeys(ctx, *p.Masking, cmp.Or(p.Source.Region, p.Target.Region))
	if err != nil {
		return keys, err
	}
	if p.Masking.Key != plan.Ephemeral && keys.ID() != p.Masking.KeyID {
		return keys, hint.With(errors.New("the master key of masks is another than when the plan was made: values could not be joined with those that were masked before"),
			"name the key that was, or plan again; with another key, move all tables anew, under another epoch")
	}
	if both.source == nil { // a PostgreSQL server, which computes no masks
		return keys, nil
	}
	return keys, both.through(ctx, o, func(ctx context.Context) error {
		return inSession(ctx, both.source, func(s *connect.Session) error { return probe(ctx, s, p) })
	})
}

// probe has the source compute every kind of mask of a plan over rows that are made up, and compares with this program.
func probe(ctx context.Context, s *connect.Session, p *plan.Plan) (err error) {
	known, want := mask.KnownAnswers()
	var got []string
	err = s.Query(ctx, known, func(row []*string) error {
		for _, v := range row {
			if v == nil {
				return errors.New("it answers NULL")
			}
			got = append(got, strings.TrimSpace(*v))
		}
		return nil
	})
	if err == nil && !slices.Equal(got, want) {
		err = fmt.Errorf("it answers %v, not %v", got, want)
	}
	if err != nil {
		return fmt.Errorf("the source computes SHA2, STRTOL or FNV_HASH otherwise than documented, so that masks cannot be part of its queries: %w", err)
	}
	if err := tryExpressions(ctx, s, p); err != nil {
		return err
	}
	seen := make(map[string]bool)
	for i := range p.Tables {
		t, isNew, err := probed(&p.Tables[i], seen)
		if err != nil || !isNew {
			if err != nil {
				return err
			}
			continue
		}
		if err := probeTable(ctx, s, t); err != nil {
			return fmt.Errorf("check the masks of %s on the source: %w", p.Tables[i].Source, err)
		}
	}
	return nil
}

// tryExpressions asks the source whether it takes the expressions that the masks of a plan are made of in part. Nothing is computed: what
// an expression makes of a value that is made up tells nothing, and may be an error.
func tryExpressions(ctx context.Context, s *connect.Session, p *plan.Plan) error {
	var errs []error
	for i := range p.Tables {
		t := &p.Tables[i]
		if !t.Expressed() {
			continue
		}
		made, err := masked(t, t.Digest.Columns[:len(t.Masks)])
		if err != nil {
			return err
		}
		for _, trial := range made.Trials() {
			if _, err := s.Describe(ctx, trial.Query); err != nil {
				err = fmt.Errorf("mask %s of %s: the source does not take its expression: %w", trial.Column, t.Source, err)
				if ctx.Err() != nil || s.Broken() {
					return err
				}
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// probed makes a table of a planned one where a kind of mask of it was not seen yet.
func probed(t *plan.Table, seen map[string]bool) (*mask.Table, bool, error) {
	if !t.Masked() {
		return nil, false, nil
	}
	isNew := false
	for i, m := range t.Masks {
		kind, err := json.Marshal(struct {
			Type, Use, Collate string
			Options            map[string]any
			Paths              map[string]plan.Mask
			In                 string
		}{t.Digest.Columns[i].Type.String(), m.Use, m.Collate, m.Options, m.Paths, within(t, m)})
		if err != nil {
			return nil, false, err
		}
		isNew = isNew || !seen[string(kind)]
		seen[string(kind)] = true
	}
	if !isNew {
		return nil, false, nil
	}
	made, err := masked(t, t.Digest.Columns[:len(t.Masks)])
	return made, true, err
}

// masked makes the masks of a planned table anew, for columns that begin with those that have one. Others are passed through: they are of
// our own making, or copies of columns that may be seen.
func masked(t *plan.Table, columns []redshift.DigestColumn) (*mask.Table, error) {
	def := &redshift.TableDef{Table: redshift.Ledger} // its name stands in messages only
	if table, err := redshift.ParseTable(t.Target); err == nil {
		def.Table = table
	}
	uses := planner.Uses(t.Masks)
	for i, c := range columns {
		name, err := redshift.NewIdent(c.Name)
		if err != nil {
			return nil, err
		}
		column := redshift.Column{Name: name, Type: c.Type}
		if i < len(t.Masks) {
			column.Collate = t.Masks[i].Collate
		} else {
			uses[c.Name] = mask.Use{Transformer: "passthrough"}
		}
		if t.Extract != nil && slices.Contains(t.Extract.Counted, c.Name) {
			// Of which the digest says only whether there is a value. Masks that take such a type at all take it for this one.
			column.Type = redshift.Type{Name: redshift.Super}
		}
		def.Columns = append(def.Columns, column)
	}
	return mask.New(def, uses, mask.BuiltIn())
}

// within names the table of a mask that depends on other columns of it.
func within(t *plan.Table, m plan.Mask) string {
	if dependent(m) {
		return t.Target + "." + m.Column
	}
	return ""
}

func dependent(m plan.Mask) bool {
	return m.Entity != "" || m.When != "" || m.Else != nil || slices.ContainsFunc(slices.Collect(maps.Values(m.Paths)), dependent)
}

// probeTable runs one probe in a transaction of which nothing is left.
func probeTable(ctx context.Context, s *connect.Session, t *mask.Table) error {
	var statements []redshift.SQL
	if t.NeedsKey() {
		statements = append(statements, mask.CreateKeyTable(), mask.FillForProbe())
	}
	statements = append(statements, t.Prepare()...)
	p := t.Probe()
	var answer [][][]byte
	err := inPassing(ctx, s, func() error {
		for _, sql := range statements {
			if _, err := s.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return s.Query(ctx, p.Query, func(row []*string) error {
			values := make([][]byte, len(row))
			for i, v := range row {
				if v != nil {
					values[i] = []byte(*v)
				}
			}
			answer = append(answer, values)
			return nil
		})
	})
	if err != nil {
		return err
	}
	return p.Check(mask.ForProbe(), answer)
}
