package sealift_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// A process that was taken over while it publishes cannot commit, on real snapshots: its transaction began before its
// claim went, so the database refuses it, and the next try touches no row. Not parallel: it looks into every run of this
// process. Hazard D3.
func TestATakenOverProcessCannotCommit(t *testing.T) {
	s := newSite(t, "fence")
	for k, v := range s.env() {
		t.Setenv(k, v)
	}
	run := func(side string, statements ...string) {
		t.Helper()
		for _, sql := range statements {
			if _, err := s.query(t.Context(), side, sql); err != nil {
				t.Fatal(err)
			}
		}
	}
	run("source", "create schema s", "create table s.a (id int)", "insert into s.a values (1), (2)")
	run("target", "create schema s", "create table s.a (id int)", "insert into s.a values (99)")
	file := filepath.Join(t.TempDir(), "job.yaml")
	text := os.Expand(jobHead, os.Getenv) + "defaults: {mode: replace}\ntables: [s.a]\n"
	j, err := job.Parse(file, []byte(text), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	o := sealift.Options{StateDir: t.TempDir(), Fresh: true}
	p, err := sealift.Plan(t.Context(), j, o)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	sealift.SetPoint(func(point string, when effect.Phase) {
		if strings.HasPrefix(point, "s.a/publish: target UPDATE") && when == effect.Before {
			once.Do(func() { run("target", "update sealift.fence set holder = 'another'") })
		}
	})
	defer sealift.SetPoint(nil)
	if _, err := sealift.Copy(t.Context(), p, o); !errors.Is(err, plan.ErrHeld) {
		t.Errorf("error %v", err)
	}
	rows, err := s.query(t.Context(), "target", "select id from s.a")
	if err != nil || len(rows) != 1 || rows[0][0] != "99" {
		t.Errorf("the target holds %v, %v", rows, err)
	}
	if rows, err := s.query(t.Context(), "target", "select * from sealift.ledger"); err != nil || len(rows) > 0 {
		t.Errorf("the ledger holds %v, %v", rows, err)
	}
}
