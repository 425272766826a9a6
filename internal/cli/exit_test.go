package cli

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("anything"), 1},
		{hint.Usage(errors.New("flag")), 2},
		{job.Errors{{Msg: "mistake"}}, 2},
		{hint.With(fmt.Errorf("in a job: %w", job.Errors{{Msg: "mistake"}}), "hint"), 2},
		{told{errTablesFailed}, 3},
		{told{errDifferent}, 6},
		{told{errUncovered}, 6},
		{hint.With(fmt.Errorf("%w: t changed", plan.ErrStale), "plan again"), 4},
		{fmt.Errorf("%w: %w", errInterrupted, errors.New("context canceled")), 130},
		// Closing a log can fail beside anything else; what was wrong first decides.
		{errors.Join(told{errTablesFailed}, errors.New("close")), 3},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
	}
}

func TestOutcomeOfAReceipt(t *testing.T) {
	t.Parallel()
	tables := func(outcomes ...receipt.Outcome) []receipt.Table {
		var all []receipt.Table
		for _, o := range outcomes {
			all = append(all, receipt.Table{Outcome: o})
		}
		return all
	}
	for _, c := range []struct {
		r    *receipt.Receipt
		want int
	}{
		{&receipt.Receipt{Outcome: receipt.Verified, Tables: tables(receipt.Verified)}, 0},
		{&receipt.Receipt{Outcome: receipt.Failed, Tables: tables(receipt.Verified, receipt.Failed)}, 3},
		{&receipt.Receipt{Outcome: receipt.Failed, Tables: tables(receipt.Failed)}, 3},
		{&receipt.Receipt{Outcome: receipt.Failed, Tables: tables(receipt.Verified, receipt.Unknown)}, 3},
		// Every table is verified, but something else is not as it should be.
		{&receipt.Receipt{Outcome: receipt.Failed, Tables: tables(receipt.Verified), Left: []string{"objects"}}, 1},
		{&receipt.Receipt{Outcome: receipt.Interrupted, Tables: tables(receipt.Verified, receipt.Interrupted)}, 130},
	} {
		if got := exitCode(outcome(c.r)); got != c.want {
			t.Errorf("%+v: exit code %d, want %d", c.r, got, c.want)
		}
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	p := fixedPlan()
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	targets := func(patterns ...string) []string {
		part, err := only(p, patterns)
		if err != nil {
			return []string{err.Error()}
		}
		var all []string
		for _, table := range part.Tables {
			all = append(all, table.Target)
		}
		return all
	}
	got := [][]string{targets(), targets("sales.*"), targets("SALES.Orders", "crm.*"), targets("nothing.*"), targets("sales.*", "hr.*"), targets("sales")}
	want := [][]string{
		{"crm.customers", "sales.orders"},
		{"sales.orders"},
		{"crm.customers", "sales.orders"},
		{"--only nothing.* selects no table of the plan"},
		{"--only hr.* selects no table of the plan"},
		{`--only: "sales" names no schema; write schema.table`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestIsPlan(t *testing.T) {
	t.Parallel()
	p := fixedPlan()
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.Encode(&b); err != nil {
		t.Fatal(err)
	}
	text := b.Bytes()
	if !isPlan(text) || !isPlan(append([]byte("\n"), text...)) {
		t.Error("a plan is not recognised")
	}
	for _, job := range []string{"", "version: 1\n", `{"version": 1, "tables": ["a.b"]}`, "{version: 1}", "[]", "{"} {
		if isPlan([]byte(job)) {
			t.Errorf("%s: taken for a plan", job)
		}
	}
}
