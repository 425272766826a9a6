package sealift

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/plan"
)

// application is what sessions are shown as in the warehouses; those of a run add its id.
const application = "sealift"

// sides are the warehouses of a job or a plan; nil where it has none.
type sides struct{ source, target *connect.Warehouse }

// meet finds out where the warehouses are and as whom we come, on both sides before anything else is done on either: a
// wrong account must be said before anybody is asked for anything. It opens no session.
func meet(ctx context.Context, source, target plan.Warehouse, application string, o Options) (sides, error) {
	var s sides
	g, gctx := errgroup.WithContext(ctx)
	for _, side := range []struct {
		spec plan.Warehouse
		to   **connect.Warehouse
	}{{source, &s.source}, {target, &s.target}} {
		if side.spec == (plan.Warehouse{}) || side.spec.Postgres != "" { // which is no warehouse
			continue
		}
		g.Go(func() (err error) {
			*side.to, err = connect.NewWarehouse(gctx, side.spec, connect.Options{Application: application, Log: o.log()})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return sides{}, err
	}
	return s, nil
}
