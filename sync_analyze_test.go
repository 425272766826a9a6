package sealift_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/receipt"
)

// Statistics that cannot be made anew keep no row back: the sync is published, and the receipt warns of them, by name and in the
// warehouse's own words. Not parallel: it looks into every run of this process.
func TestASyncIsPublishedWhoseTargetIsNotAnalysed(t *testing.T) {
	s, file := siteWithJob(t, "syncanalyze", "tables: [{select: s.t, mode: merge, key: [id], since: id}]\n")
	s.must(t, "source", "create schema s; create table s.t (id int not null); insert into s.t values (1), (2)")
	inStep(t, s, file, "s.t")
	s.must(t, "source", "insert into s.t values (3), (4)")
	inStep(t, s, file, "s.t") // by which the statistics are off
	s.must(t, "target", "create user t_syncanalyze_other password disable")
	defer sealift.SetPoint(nil)
	for n, c := range []struct {
		name, point string
		act, undo   func() error
		want        []string
	}{
		{
			"a superuser cancels it", "s.t/analyze: target ANALYZE", s.cancelAnalyze(t), func() error { return nil },
			[]string{"canceling statement due to user request", "the statement was cancelled"},
		},
		{
			"the table was given to somebody else", "intent s.t/analyze",
			func() error { return s.run(t.Context(), "alter table s.t owner to t_syncanalyze_other") },
			func() error { return s.run(t.Context(), "alter table s.t owner to awsuser") },
			[]string{"the table is not the user's own any more"},
		},
	} {
		s.must(t, "source", fmt.Sprintf("insert into s.t values (%d)", 10+n))
		y := planned(t, file)
		acted := 0
		sealift.SetPoint(func(point string, when effect.Phase) {
			if when != effect.Before || !strings.HasSuffix(point, c.point) {
				return
			}
			acted++
			if err := c.act(); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		})
		r := carriedOut(t, y)
		sealift.SetPoint(nil)
		if err := c.undo(); err != nil {
			t.Fatal(err)
		}
		if acted != 1 || r.Outcome != receipt.Verified || r.Tables[0].Outcome != receipt.Verified {
			t.Fatalf("%s: acted %d times, %s, %+v", c.name, acted, r.Outcome, r.Tables)
		}
		if len(r.Tables[0].Warnings) != 1 || r.Tables[0].Warnings[0].Step != "s.t/analyze" {
			t.Fatalf("%s: warnings %+v", c.name, r.Tables[0].Warnings)
		}
		text := r.Text(receipt.TextOptions{Columns: 1000})
		for _, want := range append(c.want, "warning     s.t: the statistics are as they were, ANALYZE failed: ") {
			if !strings.Contains(text, want) {
				t.Errorf("%s: nothing of %q in\n%s", c.name, want, text)
			}
		}
	}
	inStep(t, s, file, "s.t")

	// What failed is tried again by the next sync that moves something, and is said no more when it went through.
	s.must(t, "source", "insert into s.t values (20)")
	r := carriedOut(t, planned(t, file))
	if len(r.Tables[0].Warnings) > 0 || r.Outcome != receipt.Verified {
		t.Errorf("%s, warnings %v", r.Outcome, r.Tables[0].Warnings)
	}
	rows, err := s.query(t.Context(), "target", "select count(*) from svv_table_info where schema = 's' and stats_off >= 10 and stats_off < 100")
	if err != nil || rows[0][0] != "1" {
		t.Errorf("tables whose statistics are those of before the last sync: %v, %v", rows, err)
	}
}

func (s *site) run(ctx context.Context, sql string) error {
	_, err := s.query(ctx, "target", sql)
	return err
}

// cancelAnalyze lets the next ANALYZE in the target wait for a lock, and cancels it when it does.
func (s *site) cancelAnalyze(t *testing.T) func() error {
	t.Helper()
	return func() error {
		u := *s.urls["target"]
		u.Path = "/" + s.database
		holder, err := pgconn.Connect(t.Context(), u.String())
		if err != nil {
			return err
		}
		if _, err := holder.Exec(t.Context(), "begin; lock table s.t").ReadAll(); err != nil {
			return err
		}
		cancelled := make(chan error, 1)
		t.Cleanup(func() {
			if err := <-cancelled; err != nil {
				t.Errorf("cancel what waits: %v", err)
			}
		})
		go func() {
			cancelled <- func() error {
				for t.Context().Err() == nil {
					rows, err := s.query(t.Context(), "target", "select pid from stv_recents where status = 'Running' and db_name = current_database() and query like 'ANALYZE%'")
					if err != nil {
						return err
					}
					if len(rows) == 0 {
						continue // not there yet
					}
					if err := s.run(t.Context(), "cancel "+rows[0][0]); err != nil {
						return err
					}
					break
				}
				return holder.Close(context.WithoutCancel(t.Context()))
			}()
		}()
		return nil
	}
}
