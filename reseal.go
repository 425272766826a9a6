package sealift

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/load/source"
	"github.com/sealift/sealift/internal/objects"
	"github.com/sealift/sealift/internal/reseal"
	"github.com/sealift/sealift/internal/secret"
	"github.com/sealift/sealift/internal/stage"
	"github.com/sealift/sealift/plan"
)

// ResealRequest says which archive is brought under which KMS key.
type ResealRequest struct {
	From   string       // s3:// URL that the keys of its objects begin with, as UNLOAD's TO
	Key    secret.Value // the master symmetric key, in base64
	To     string       // s3:// URL of the prefix for the new objects, with ?owner=ACCOUNT or ?region=REGION where that must be said
	KMSKey string
	Region string // of To; "" is that of the environment
	// Count the records, for a load: the archive is then one table's, with one manifest at most.
	Count bool
	// Done is called for each object, by one goroutine at a time. Optional.
	Done func(ResealedObject)
}

// Resealed is what came of an archive.
type Resealed struct {
	Version   int              `json:"version"`
	Objects   []ResealedObject `json:"objects"`
	Manifests []string         `json:"manifests"`
	KMSKey    string           `json:"kms_key_arn"`

	unload []ResealedObject // that one manifest names, or all
}

// ResealedObject is one object of an archive.
type ResealedObject struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Bytes   int64  `json:"bytes"`             // of the new object, which is what was encrypted
	Already bool   `json:"already,omitempty"` // an earlier attempt made it
	Error   string `json:"error,omitempty"`

	part    stage.Part
	records int64 // -1 where they cannot be counted, because of how they are packed, or were not
}

// Files are the objects of an archive that was wholly resealed, for a load: those that its manifest names. Their records are
// counted, if the request wanted that.
func (r *Resealed) Files(ctx context.Context, region string) (*Files, error) {
	urls := make([]string, len(r.unload))
	records := make(map[string]int64, len(r.unload))
	counted := true
	for i, o := range r.unload {
		urls[i], records[o.To] = o.To, o.records
		counted = counted && o.records >= 0
	}
	f, err := OpenFiles(ctx, urls, nil, region)
	if err != nil || !counted {
		return f, err
	}
	f.counted = true
	for i := range f.files {
		f.files[i].Rows = records[f.files[i].Path]
	}
	return f, nil
}

// sourceETag is the user metadata by which a resealed object tells what it was made of.
const sourceETag = "sealift-source-etag"

// instructionFile is where the envelope of an object may be, in place of its metadata.
const instructionFile = ".instruction"

// ErrNotAll says that some objects of an archive could not be resealed; the answer tells which.
var ErrNotAll = errors.New("some objects could not be resealed")

// Check refuses a request that names no places in S3.
func (q ResealRequest) Check() error {
	if _, err := objects.ParseURL(q.From); err != nil {
		return err
	}
	if _, err := objects.ParseURL(q.To); err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	return nil
}

// Reseal decrypts the objects of an archive on their way through this machine's memory, and writes them under a KMS key. What is
// there from an earlier attempt is not made again. An object that is damaged, or encrypted under another key, is told, the others
// are resealed; the manifests are written when all are.
func Reseal(ctx context.Context, q ResealRequest, o Options) (*Resealed, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	master, err := reseal.ParseKey(q.Key)
	if err != nil {
		return nil, err
	}
	to, err := objects.ParseURL(q.To)
	if err != nil {
		return nil, err
	}
	cfg, err := connect.Config(ctx, cmp.Or(to.Region, q.Region), connect.Role{})
	if err != nil {
		return nil, err
	}
	place, err := placeOf(ctx, cfg, to, q.KMSKey)
	if err != nil {
		// What a job calls stage.url, here is a flag.
		return nil, hint.Instead(err, strings.NewReplacer("stage.kms_key", "--kms-key", "stage.url", "--to", "stage.region", "--region", "(stage.owner)", "(--to s3://...?owner=ACCOUNT names another)").Replace(hint.Of(err)))
	}
	found, err := objects.FindPrefix(ctx, cfg, q.From)
	if err != nil {
		return nil, err
	}
	r := &resealing{
		request: q, master: master, to: stage.New(cfg, place.Bucket, place.Owner, place.KMSKeyARN), bucket: place.Bucket, prefix: strings.TrimPrefix(place.Prefix+"/", "/"),
		instructions: make(map[string]objects.Object), out: &Resealed{Version: 1, KMSKey: place.KMSKeyARN, Manifests: []string{}},
	}
	var data, manifests []objects.Object
	for _, f := range found {
		switch {
		case strings.HasSuffix(f.Key, instructionFile):
			r.instructions[strings.TrimSuffix(f.Key, instructionFile)] = f
		case strings.HasSuffix(f.Key, "manifest"):
			manifests = append(manifests, f)
		default:
			data = append(data, f)
		}
	}
	switch {
	case len(data) == 0:
		return nil, fmt.Errorf("there is no object but manifests in %s", q.From)
	case q.Count && len(manifests) > 1:
		return nil, hint.With(fmt.Errorf("%s holds %d unloads, %s and %s among them; one table takes one of them", q.From, len(manifests), path.Base(manifests[0].Key), path.Base(manifests[1].Key)),
			"name one of them by a longer URL: what its keys begin with")
	}
	if err := r.free(ctx, data, manifests); err != nil {
		return nil, err
	}
	return r.out, r.run(effect.With(ctx, "reseal", nil), data, manifests)
}

// placeOf looks up where the new objects go, as a job's stage is looked up. The URL is taken as it stands: a key may hold what has a meaning
// in other URLs.
func placeOf(ctx context.Context, cfg aws.Config, to objects.Place, key string) (plan.Stage, error) {
	place := plan.Stage{Bucket: to.Bucket, Prefix: strings.Trim(to.Key, "/"), Region: cfg.Region, KMSKey: key, Owner: to.Owner}
	if place.Owner == "" {
		caller, err := connect.Caller(ctx, cfg)
		if err != nil {
			return place, err
		}
		place.Owner = caller.Account
	}
	return stage.Resolve(ctx, cfg, place)
}

// free refuses a place for the new objects that is not theirs: one whose objects would be part of the archive the next time, and one
// with a manifest of other objects, which would be written over.
func (r *resealing) free(ctx context.Context, data, manifests []objects.Object) error {
	from, err := objects.ParseURL(r.request.From)
	if err != nil {
		return err
	}
	if from.Bucket == r.bucket && (r.key(data[0]) == data[0].Key || strings.HasPrefix(r.prefix, from.Key)) {
		return hint.With(hint.Usage(fmt.Errorf("%s is where the archive is: new objects would lie among those that they are made of", r.request.To)), "name another prefix: --to")
	}
	ours := make(map[string]bool, len(data))
	for _, f := range data {
		ours[r.url(f)] = true
	}
	keys := []string{r.prefix + stage.DeliveredManifest}
	if len(manifests) > 0 {
		keys = keys[:0]
		for _, m := range manifests {
			keys = append(keys, r.key(m))
		}
	}
	for _, key := range keys {
		named, err := r.to.Named(ctx, key)
		if err == nil && slices.ContainsFunc(named, func(url string) bool { return !ours[url] }) {
			err = fmt.Errorf("%s%s/%s is there already, and names objects that are not of this archive", objects.Scheme, r.bucket, key)
		}
		if err != nil {
			return hint.With(err, "nothing was written; name another prefix: --to")
		}
	}
	return nil
}

// url is the new object's.
func (r *resealing) url(from objects.Object) string {
	return objects.Scheme + r.bucket + "/" + r.key(from)
}

type resealing struct {
	request        ResealRequest
	master         reseal.MasterKey
	to             *stage.Stage
	bucket, prefix string
	instructions   map[string]objects.Object // by the key of the object they are about

	mu  sync.Mutex // guards out, and the order of calls of Done
	out *Resealed
}

func (r *resealing) run(ctx context.Context, data, manifests []objects.Object) error {
	done := make([]ResealedObject, len(data))
	g := new(errgroup.Group)
	g.SetLimit(filesAtOnce)
	for i, from := range data {
		g.Go(func() error {
			done[i] = r.object(ctx, from)
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.request.Done != nil {
				r.request.Done(done[i])
			}
			return nil
		})
	}
	_ = g.Wait() // each object has its own error
	r.out.Objects = done
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if slices.ContainsFunc(done, func(o ResealedObject) bool { return o.Error != "" }) {
		return ErrNotAll
	}
	if len(manifests) == 0 {
		r.out.unload = done
		return r.manifest(ctx, r.prefix+stage.DeliveredManifest, done)
	}
	for _, m := range manifests {
		named, err := r.named(ctx, m, done)
		if err != nil {
			return fmt.Errorf("%s: %w", m.URL(), err)
		}
		r.out.unload = named
		if err := r.manifest(ctx, r.key(m), named); err != nil {
			return err
		}
	}
	return nil
}

// key is the new object's: what follows the last slash of the request's prefix stays.
func (r *resealing) key(from objects.Object) string {
	place, _ := objects.ParseURL(r.request.From) // it was parsed before
	return r.prefix + strings.TrimPrefix(from.Key, place.Key[:strings.LastIndexByte(place.Key, '/')+1])
}

func (r *resealing) object(ctx context.Context, from objects.Object) ResealedObject {
	out := ResealedObject{From: from.URL(), To: r.url(from), records: -1}
	if ctx.Err() != nil {
		out.Error = context.Cause(ctx).Error()
		return out
	}
	part, meta, err := r.to.Existing(ctx, r.key(from))
	switch {
	case err != nil:
	case part.Key == "":
		part, out.records, err = r.seal(ctx, from)
	case meta[sourceETag] != from.ETag:
		err = errors.New("there is an object of that name already, which was not made of this one")
	default:
		out.Already = true
		if r.request.Count {
			out.records, err = r.count(ctx, from)
		}
	}
	if err != nil {
		out.Error = err.Error()
		return out
	}
	out.part, out.Bytes = part, part.Size
	return out
}

// open reads what an object holds.
func (r *resealing) open(ctx context.Context, from objects.Object) (io.Reader, io.Closer, error) {
	meta, err := from.Meta(ctx)
	if err != nil {
		return nil, nil, err
	}
	envelope, err := r.master.Open(meta)
	if instructions, there := r.instructions[from.Key]; there && errors.Is(err, reseal.ErrNotSealed) {
		text, rerr := readAll(ctx, instructions)
		if rerr != nil {
			return nil, nil, rerr
		}
		if meta, err = reseal.ParseInstructions(text); err == nil {
			envelope, err = r.master.Open(meta)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	body, err := from.Open(ctx)
	if err != nil {
		return nil, nil, err
	}
	plain, err := envelope.Reader(body)
	if err != nil {
		return nil, nil, errors.Join(err, body.Close())
	}
	return plain, body, nil
}

// maxSmall bounds what is read into memory whole: instruction files and manifests.
const maxSmall = 64 << 20

func readAll(ctx context.Context, o objects.Object) ([]byte, error) {
	body, err := o.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", o.URL(), err)
	}
	text, err := io.ReadAll(io.LimitReader(body, maxSmall))
	return text, errors.Join(err, body.Close())
}

// seal writes one object under the KMS key. Nothing is there before all of it was decrypted and found whole.
func (r *resealing) seal(ctx context.Context, from objects.Object) (part stage.Part, records int64, err error) {
	plain, body, err := r.open(ctx, from)
	if err != nil {
		return part, -1, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	up := r.to.Create(r.key(from))
	up.Meta = map[string]string{sourceETag: from.ETag}
	defer func() { err = errors.Join(err, up.Abort(context.WithoutCancel(ctx))) }()
	records, err = read(plain, func(b []byte) error {
		if _, err := up.Write(b); err != nil {
			return err
		}
		return up.Flush(ctx)
	})
	if err != nil {
		return part, -1, err
	}
	size, err := up.Close(ctx)
	return stage.Part{Key: r.key(from), Size: size}, records, err
}

// count reads what an object holds once more: what was made of it does not tell its records.
func (r *resealing) count(ctx context.Context, from objects.Object) (records int64, err error) {
	plain, body, err := r.open(ctx, from)
	if err != nil {
		return -1, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	return read(plain, func([]byte) error { return nil })
}

// read hands on what an object held, block by block, checks it, and counts its records.
func read(plain io.Reader, take func([]byte) error) (records int64, err error) {
	check := new(checksum)
	defer check.stop()
	block := make([]byte, 1<<20)
	for {
		n, rerr := io.ReadFull(plain, block)
		if err := errors.Join(take(block[:n]), check.write(block[:n])); err != nil {
			return -1, err
		}
		if errors.Is(rerr, io.EOF) || errors.Is(rerr, io.ErrUnexpectedEOF) {
			break
		}
		if rerr != nil {
			return -1, rerr
		}
	}
	return check.end()
}

// checksum holds what passes against the checksums that gzip has in it: the encryption has none, and would let damage in the
// middle of an object through. What is not gzip is not looked at. Records are counted on the way.
type checksum struct {
	begun   bool
	text    bool // records is meaningful
	records reseal.Records
	to      *io.PipeWriter // nil: no gzip
	done    chan struct{}  // closed when err is set
	err     error
}

func (c *checksum) write(b []byte) error {
	if !c.begun {
		c.begun = true
		packing := source.Packing(b)
		c.text = packing == "" || packing == "gzip"
		if packing == "gzip" {
			from, to := io.Pipe()
			c.to, c.done = to, make(chan struct{})
			go func() {
				defer close(c.done)
				z, err := gzip.NewReader(from)
				if err == nil {
					_, err = io.Copy(&c.records, z)
				}
				c.err = errors.Join(err, from.CloseWithError(err))
			}()
		}
	}
	if c.to == nil {
		_, err := c.records.Write(b)
		return err
	}
	if len(b) == 0 {
		return nil
	}
	if _, err := c.to.Write(b); err != nil {
		return fmt.Errorf("the object is damaged: what was encrypted is no whole gzip: %w", err)
	}
	return nil
}

// end answers how many records there were, -1 where that cannot be told.
func (c *checksum) end() (records int64, err error) {
	if c.to != nil {
		err := c.to.Close()
		<-c.done
		err = errors.Join(err, c.err)
		c.to = nil
		if err != nil {
			return -1, fmt.Errorf("the object is damaged: what was encrypted is no whole gzip: %w", err)
		}
	}
	if !c.text {
		return -1, nil
	}
	return c.records.N(), nil
}

// stop ends the reading of something that is given up.
func (c *checksum) stop() {
	if c.to != nil {
		_ = c.to.CloseWithError(io.ErrClosedPipe) // never fails
		<-c.done
	}
}

// named are the objects that an old manifest names.
func (r *resealing) named(ctx context.Context, m objects.Object, done []ResealedObject) ([]ResealedObject, error) {
	plain, body, err := r.open(ctx, m)
	var text []byte
	switch {
	case errors.Is(err, reseal.ErrNotSealed):
		text, err = readAll(ctx, m)
	case err == nil:
		text, err = io.ReadAll(io.LimitReader(plain, maxSmall))
		err = errors.Join(err, body.Close())
	}
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Entries []struct {
			URL string `json:"url"`
		} `json:"entries"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, fmt.Errorf("it is no manifest: %w", err)
	}
	named := make([]ResealedObject, 0, len(manifest.Entries))
	for _, e := range manifest.Entries {
		i := slices.IndexFunc(done, func(o ResealedObject) bool { return o.From == e.URL })
		if i < 0 { // the archive may have moved since: its names stay
			i = slices.IndexFunc(done, func(o ResealedObject) bool { return path.Base(o.From) == path.Base(e.URL) })
		}
		if i < 0 {
			return nil, hint.With(fmt.Errorf("it names %s, which is not in the archive", e.URL), "the archive is not whole; its other objects are resealed")
		}
		named = append(named, done[i])
	}
	return named, nil
}

func (r *resealing) manifest(ctx context.Context, key string, of []ResealedObject) error {
	parts := make([]stage.Part, 0, len(of))
	for _, o := range of {
		parts = append(parts, o.part)
	}
	facts, err := r.to.WriteManifest(ctx, key, parts)
	if err == nil {
		r.out.Manifests = append(r.out.Manifests, facts.Manifest)
	}
	return err
}
