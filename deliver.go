package sealift

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/objects"
	"github.com/sealift/sealift/internal/stage"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// setFolder says where the files of an unload go: a folder of this machine, made absolute, or a prefix in S3.
func setFolder(ctx context.Context, q UnloadRequest, out *plan.Output) (err error) {
	if !strings.HasPrefix(q.Folder, objects.Scheme) {
		if len(q.PartitionBy) > 0 {
			return hint.With(hint.Usage(errors.New("--partition-by is for objects in S3")), "unload with --to s3://BUCKET/PREFIX")
		}
		if out.Folder, err = filepath.Abs(q.Folder); err != nil {
			return fmt.Errorf("folder %s: %w", q.Folder, err)
		}
		return nil
	}
	p, err := objects.ParseURL(q.Folder)
	if err != nil {
		return err
	}
	cfg, err := connect.Config(ctx, q.Stage.Region, connect.Role{})
	if err != nil {
		return err
	}
	if out.Region, err = objects.Region(ctx, cfg, p); err != nil {
		return err
	}
	if out.Region != "" && out.Region != q.Stage.Region {
		return hint.With(fmt.Errorf("%s is in %s, and the stage and its key in %s", q.Folder, out.Region, q.Stage.Region),
			"unload into a bucket of the stage's region, or use a stage in that one")
	}
	if out.Owner = p.Owner; out.Owner == "" {
		caller, err := connect.Caller(ctx, cfg)
		if err != nil {
			return err
		}
		out.Owner = caller.Account
	}
	prefix := strings.Trim(p.Key, "/")
	if prefix == "" {
		return hint.Usage(fmt.Errorf("%s names a whole bucket: unload below a prefix of it", q.Folder))
	}
	out.Folder, out.Compressed = objects.Scheme+p.Bucket+"/"+prefix+"/", out.Format != "parquet"
	return nil
}

// place is where the objects of an unload go.
type place struct {
	bucket *stage.Stage
	prefix string // ends in /
	url    string
}

func destination(ctx context.Context, s plan.Stage, out *plan.Output) (place, error) {
	p, err := objects.ParseURL(out.Folder)
	if err != nil {
		return place{}, err
	}
	cfg, err := connect.Config(ctx, out.Region, connect.Role{})
	if err != nil {
		return place{}, err
	}
	return place{bucket: stage.New(cfg, p.Bucket, out.Owner, s.KMSKeyARN), prefix: p.Key, url: out.Folder}, nil
}

// nothing refuses to write where something is.
func (p place) nothing(ctx context.Context) error {
	key, err := p.bucket.Any(ctx, p.prefix)
	if err == nil && key != "" {
		err = hint.With(fmt.Errorf("there is something in %s already: %s", p.url, key), "unload below another prefix, or remove what is below this one")
	}
	return err
}

// deliver copies what was unloaded to where it goes. Its manifest is written last: what has none is not whole. When it
// fails, what was copied is removed; the stage says where to look for that of a process that was killed.
func (f fetcher) deliver(ctx context.Context, t *plan.Table, prefix string, attempt int) (facts journal.Facts, err error) {
	out := t.Output
	to, err := destination(ctx, f.place, out)
	if err != nil {
		return facts, err
	}
	if attempt > 1 { // UNLOAD may have written other objects since
		if err := to.bucket.Withdraw(ctx, to.prefix, f.run); err != nil {
			return facts, err
		}
	}
	if err := to.nothing(ctx); err != nil {
		return facts, err
	}
	unloaded, err := f.stage.Unloaded(ctx, prefix)
	if err != nil {
		return facts, err
	}
	if err := f.stage.NoteDelivery(ctx, f.place.Below(f.run, t.Folder), out); err != nil {
		return facts, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, to.bucket.Withdraw(context.WithoutCancel(ctx), to.prefix, f.run))
		}
	}()
	parts := make([]stage.Part, len(unloaded))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(filesAtOnce)
	for i, from := range unloaded {
		g.Go(func() (err error) {
			parts[i], err = to.bucket.Copy(gctx, from.Origin, stage.DeliveredKey(to.prefix, f.run, strings.TrimPrefix(from.Origin.Key, prefix)))
			parts[i].Rows = from.Rows
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return facts, err
	}
	for i, p := range parts {
		facts.Rows += unloaded[i].Rows
		facts.Files = append(facts.Files, to.url+strings.TrimPrefix(p.Key, to.prefix))
	}
	facts.Rows -= out.HeadLines(len(parts))
	counted, err := to.bucket.DeliverManifest(ctx, to.prefix, f.run, parts)
	if err != nil {
		return facts, err
	}
	facts.Objects, facts.Bytes, facts.Manifest, facts.ManifestSum = counted.Objects, counted.Bytes, counted.Manifest, counted.ManifestSum
	return facts, nil
}
