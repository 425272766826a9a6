package runner

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/journal"
)

// keysObject is what the object with keys is called, and keysAt the prefix that it has to itself, beside that of an attempt. It is
// below the table's own: whoever empties that removes it.
const keysObject = "keys"

func keysAt(prefix string) string { return strings.TrimSuffix(prefix, "/") + "-keys/" }

// takeKeys lets the session read the keys of masks from an object that is there for that only: written before, and gone, with all its
// versions, before anything else is done.
func (r *run) takeKeys(ctx context.Context, sess Session, sql redshift.SQL, f *journal.Facts) (err error) {
	if r.Keys == nil {
		return errors.New("the plan has masks, and there are no keys for them")
	}
	at := keysAt(f.Prefix)
	defer func() {
		end, cancel := afterwards(ctx)
		defer cancel()
		if _, rerr := r.Stage.Empty(end, at); rerr != nil {
			err = errors.Join(err, fmt.Errorf("remove the object with keys of masks: %w", rerr))
		}
	}()
	if err := r.Keys.Put(ctx, at+keysObject); err != nil {
		return err
	}
	_, err = sess.Exec(ctx, sql)
	return err
}

// profile keeps the numbers of one row.
func profile(ctx context.Context, sess Session, sql redshift.SQL, f *journal.Facts) error {
	return sess.Query(ctx, sql, func(row []*string) error {
		for _, v := range row {
			if v == nil {
				return errors.New("a count of masked values is NULL")
			}
			n, err := strconv.ParseInt(strings.TrimSpace(*v), 10, 64)
			if err != nil {
				return fmt.Errorf("a count of masked values: %w", err)
			}
			f.Profile = append(f.Profile, n)
		}
		return nil
	})
}
