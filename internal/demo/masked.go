package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// copyMasked copies a table with personal data through masks, shows that it still joins, and that nothing of it as it was is in the target
// or in any file that the run made.
func copyMasked(ctx context.Context, s *show, run program, env environment, c *cloud, source, target warehouse) error {
	if err := os.WriteFile(filepath.Join(run.dir, "pii.yaml"), []byte(policy), 0o600); err != nil {
		return fmt.Errorf("write the policy: %w", err)
	}
	job := filepath.Join(run.dir, "masked.yaml")
	if err := writeJob(job, maskedTemplate, env, c); err != nil {
		return err
	}
	if err := s.file(filepath.Join(run.dir, "pii.yaml")); err != nil {
		return err
	}
	if err := run.show(ctx, s, "mask", "preview", "masked.yaml", "--rows", "1"); err != nil {
		return err
	}
	if err := run.show(ctx, s, "copy", "masked.yaml"); err != nil {
		return err
	}
	const question = "SELECT u.firstname || ' ' || u.lastname, SUM(s.pricepaid) FROM %s u JOIN tickit.sales s ON s.buyerid = u.userid " +
		"GROUP BY u.userid, u.firstname, u.lastname ORDER BY 2 DESC, u.userid LIMIT 5"
	left, err := source.query(ctx, strings.Replace(question, "%s", "tickit.users", 1))
	if err != nil {
		return err
	}
	right, err := target.query(ctx, strings.Replace(question, "%s", "safe.users", 1))
	if err != nil {
		return err
	}
	s.line("\nThe five best customers, as both warehouses see them:")
	if len(left) != len(right) || len(left) == 0 {
		return fmt.Errorf("source answers %d customers, target %d", len(left), len(right))
	}
	for i := range left {
		s.line("   %-28s %-28s %s", left[i][0], right[i][0], right[i][1])
		if left[i][1] != right[i][1] {
			return errors.New("the sums are not the same: the masked table does not join as the other does")
		}
	}
	return nothingRaw(ctx, s, run.dir, source, target)
}

// nothingRaw looks for e-mail addresses as they were, in the masked table and in every file of the demo's state.
func nothingRaw(ctx context.Context, s *show, dir string, source, target warehouse) error {
	rows, err := source.query(ctx, "SELECT email FROM tickit.users WHERE email IS NOT NULL")
	if err != nil {
		return err
	}
	found, err := target.query(ctx, "SELECT COUNT(*) FROM safe.users WHERE email IN (SELECT email FROM tickit.users)")
	if err != nil {
		return err
	}
	if len(found) != 1 || found[0][0] != "0" {
		return fmt.Errorf("%v e-mail addresses came through as they were", found)
	}
	files := 0
	err = filepath.WalkDir(filepath.Join(dir, "state"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // the demo's own folder
		if err != nil {
			return err
		}
		files++
		for _, r := range rows {
			if bytes.Contains(text, []byte(r[0])) {
				return fmt.Errorf("%s holds an e-mail address of a customer", filepath.Base(path))
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for raw values: %w", err)
	}
	s.line("   None of %s e-mail addresses is in the copy, or in any of the %d files that the runs have kept.", thousands(int64(len(rows))), files)
	return nil
}
