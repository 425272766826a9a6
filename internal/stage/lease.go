package stage

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/plan"
)

// leaseFolder is where leases are, below the stage's prefix. No run's id looks like it.
const leaseFolder = "leases"

// Holder is who holds a lease, as it says itself.
type Holder struct {
	Run     string    `json:"run"`
	Target  string    `json:"target"` // the warehouse, for people
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Process string    `json:"process,omitempty"` // see processOf; "" where that cannot be told
	Token   string    `json:"token"`             // of this one process
	Taken   time.Time `json:"taken"`             // by the holder's clock: nothing is decided by it
	Seconds int       `json:"ttl_seconds"`
}

// Found is a lease as it stands in the bucket.
type Found struct {
	Key    string
	Holder Holder
	// Live tells that its time has not run out, by S3's own clock, and that its holder is not known to be gone.
	Live    bool
	Renewed time.Time
	Expires time.Time
	object  object
}

// Lease is the claim of one run on one target, or of one process on an unload, which has no target: an object that only one can have. It is
// taken and renewed by
// conditional writes, so S3 decides who is first; and it is the politeness between runs, not their safety, which is the
// fence's matter: a holder that does not know that its time is over can still write, but not publish.
type Lease struct {
	objects objects
	key     string
	holder  Holder
	have    object // as we wrote it last; its tag is "" when we hold nothing
}

// objects is the little that leases need of a bucket.
type objects interface {
	get(ctx context.Context, key string) (object, error)
	// replace writes an object in the place of the one that old describes, or where there is none if old is the zero
	// value, and only then: else it answers errOther.
	replace(ctx context.Context, key string, text []byte, old object) (object, error)
	// remove removes what o describes, and nothing that came after it.
	remove(ctx context.Context, key string, o object) error
	// versionsOf gives what a bucket keeps of an object, the newest first; nothing where it keeps no versions.
	versionsOf(ctx context.Context, key string) ([]object, error)
	list(ctx context.Context, prefix string) ([]string, error)
}

// object is one version of an object.
type object struct {
	text          []byte
	tag           string
	version       string    // "" where the bucket keeps none
	modified, now time.Time // both by S3's clock
}

var (
	errOther  = errors.New("the object is not what it was")
	errAbsent = errors.New("there is no such object")
)

// Lease gives the lease on a target for one process of a run. token is that process's own; nothing is taken yet. Unloads have no target that
// two of them could write, and do not keep each other waiting: the lease of one is on the run itself, so that whoever looks knows that it is alive.
func (s *Stage) Lease(prefix string, target plan.Warehouse, run, token string, ttl time.Duration) *Lease {
	return newLease(s, prefix, target, run, token, ttl)
}

func newLease(o objects, prefix string, target plan.Warehouse, run, token string, ttl time.Duration) *Lease {
	host, pid, process := self()
	key, on := leaseKey(prefix, target), target.Name()
	if target == (plan.Warehouse{}) {
		key, on = path.Join(prefix, leaseFolder, run+".json"), ofRun(run)
	}
	return &Lease{objects: o, key: key, holder: Holder{
		Run: run, Target: on, Host: host, PID: pid, Process: process, Token: token, Seconds: int(ttl.Seconds()),
	}}
}

// ofRun is what stands in a lease on a run where the target's name does in others.
func ofRun(run string) string { return "run " + run }

// leaseKey names a target stably: whatever job or run, the same warehouse and database, the same key.
func leaseKey(prefix string, w plan.Warehouse) string {
	where := cmp.Or(w.Cluster, w.Workgroup, fmt.Sprintf("%s:%d", w.Host, w.Port))
	sum := sha256.Sum256([]byte(strings.Join([]string{where, w.Region, w.Account, w.Database}, "\x00")))
	return path.Join(prefix, leaseFolder, hex.EncodeToString(sum[:12])+".json")
}

// TTL is how long the lease holds without being renewed.
func (l *Lease) TTL() time.Duration { return time.Duration(l.holder.Seconds) * time.Second }

// maxTTL is longer than any lease holds without being renewed: what says otherwise is no lease.
const maxTTL = 24 * time.Hour

// takes bounds how often a lease that others take and release at the same time is tried for.
const takes = 8

// Take claims the target. A lease that is over, or whose holder is gone, is taken over; one that is held is refused with
// plan.ErrHeld, or with force taken all the same. What was there is answered in words.
func (l *Lease) Take(ctx context.Context, force bool) (overridden string, err error) {
	l.holder.Taken = time.Now().UTC()
	for range takes {
		old, err := l.objects.get(ctx, l.key)
		switch {
		case errors.Is(err, errAbsent):
			old = object{}
		case err != nil:
			return "", fmt.Errorf("look at the lease on %s: %w", l.holder.Target, err)
		default:
			there, err := found(l.key, old)
			if err != nil && !force {
				return "", hint.With(err, "if nothing else writes there, take it with --force")
			}
			if there.Holder.Token == l.holder.Token {
				l.have = old // the answer to our own write was lost
				return overridden, nil
			}
			if there.Live && !force {
				return "", there.refusal()
			}
			overridden = there.String()
		}
		err = l.write(ctx, old)
		if errors.Is(err, errOther) {
			continue // somebody else was first: look who it is
		}
		if err != nil {
			return "", fmt.Errorf("take the lease on %s: %w", l.holder.Target, err)
		}
		return overridden, nil
	}
	return "", fmt.Errorf("take the lease on %s: others take and release it all the time", l.holder.Target)
}

// write puts the lease in the place of old.
func (l *Lease) write(ctx context.Context, old object) error {
	text, err := json.Marshal(l.holder)
	if err != nil {
		return fmt.Errorf("write lease: %w", err)
	}
	have, err := l.objects.replace(ctx, l.key, text, old)
	if err != nil {
		return err
	}
	l.have = have
	return nil
}

// tidy removes the versions that ours has replaced: they would come up again when ours is removed. They are looked for
// and not remembered, because there are also those that runs have left which were killed before they could tidy up.
func (l *Lease) tidy(ctx context.Context) error {
	all, err := l.objects.versionsOf(ctx, l.key)
	if err != nil {
		return err
	}
	if len(all) == 0 || all[0].version != l.have.version {
		return nil // somebody else's is the newest: theirs to tidy
	}
	for _, old := range all[1:] {
		if err := l.objects.remove(ctx, l.key, old); err != nil && !errors.Is(err, errAbsent) {
			return fmt.Errorf("remove an old version of the lease on %s: %w", l.holder.Target, err)
		}
	}
	return nil
}

// Renew makes the lease hold for another TTL from now. It answers plan.ErrHeld when somebody else has it.
func (l *Lease) Renew(ctx context.Context) error {
	err := l.write(ctx, l.have)
	if err == nil {
		// Versions that could not be removed now are tried again with the next renewal, and Release says so.
		_ = l.tidy(ctx)
		return nil
	}
	if !errors.Is(err, errOther) {
		return err
	}
	now, err := l.objects.get(ctx, l.key)
	if errors.Is(err, errAbsent) {
		return fmt.Errorf("%w: the lease on %s was removed", plan.ErrHeld, l.holder.Target)
	}
	if err != nil {
		return err
	}
	there, err := found(l.key, now)
	if err == nil && there.Holder.Token == l.holder.Token {
		l.have = now // the answer to our own write was lost
		return nil
	}
	return fmt.Errorf("%w: the lease on %s was taken by run %s on %s", plan.ErrHeld, l.holder.Target, there.Holder.Run, there.Holder.Host)
}

// Release gives the target up. A lease that is somebody else's by now is left alone.
func (l *Lease) Release(ctx context.Context) error {
	if l.have.tag == "" {
		return nil
	}
	if err := l.tidy(ctx); err != nil {
		return err // before ours: what is older must not come up again
	}
	err := l.objects.remove(ctx, l.key, l.have)
	if err != nil && !errors.Is(err, errOther) && !errors.Is(err, errAbsent) && !l.gone(ctx) {
		return fmt.Errorf("release the lease on %s: %w", l.holder.Target, err)
	}
	l.have = object{}
	return nil
}

// gone tells that the lease is not ours any more, although the answer to its removal was lost or an error.
func (l *Lease) gone(ctx context.Context) bool {
	now, err := l.objects.get(ctx, l.key)
	if errors.Is(err, errAbsent) {
		return true
	}
	if err != nil {
		return false
	}
	there, err := found(l.key, now)
	return err == nil && there.Holder.Token != l.holder.Token
}

// found reads a lease that is there.
func found(key string, o object) (Found, error) {
	f := Found{Key: key, Renewed: o.modified, object: o}
	dec := json.NewDecoder(bytes.NewReader(o.text))
	if err := dec.Decode(&f.Holder); err != nil || f.Holder.Run == "" || f.Holder.Token == "" || f.Holder.Seconds <= 0 || f.Holder.Seconds > int(maxTTL.Seconds()) {
		return f, fmt.Errorf("%s is not a lease that this sealift can read", key)
	}
	f.Expires = o.modified.Add(time.Duration(f.Holder.Seconds) * time.Second)
	f.Live = o.now.Before(f.Expires) && !f.Holder.gone()
	return f, nil
}

// gone tells that the holder's process is known to be over. Where that cannot be known, it is not.
func (h Holder) gone() bool {
	_, pid, process := self()
	if h.Process == "" || !sameMachine(h.Process, process) {
		return false
	}
	return h.PID != pid && processOf(h.PID) != h.Process
}

func (f Found) String() string {
	return fmt.Sprintf("run %s on %s (process %d), since %s, until %s", f.Holder.Run, f.Holder.Host, f.Holder.PID, clock(f.Holder.Taken), clock(f.Expires))
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func (f Found) refusal() error {
	if f.Holder.Target == ofRun(f.Holder.Run) {
		return hint.With(fmt.Errorf("%w: %s, unless renewed", plan.ErrBusy, f), "wait for it to end; if it is dead, wait until then, or go on with --force")
	}
	return hint.With(fmt.Errorf("%w: %s is held by %s, unless renewed", plan.ErrHeld, f.Holder.Target, f),
		"wait for it to end; if it is dead, wait until then, or take the target with --force: it cannot publish any more after that")
}

// Leases lists the leases below a stage's prefix, those that are over included. What is there and no lease is left out.
func (s *Stage) Leases(ctx context.Context, prefix string) ([]Found, error) {
	return leases(ctx, s, prefix)
}

func leases(ctx context.Context, o objects, prefix string) ([]Found, error) {
	keys, err := o.list(ctx, path.Join(prefix, leaseFolder)+"/")
	if err != nil {
		return nil, err
	}
	var all []Found
	for _, key := range keys {
		now, err := o.get(ctx, key)
		if errors.Is(err, errAbsent) {
			continue // released meanwhile
		}
		if err != nil {
			return nil, err
		}
		if f, err := found(key, now); err == nil {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b Found) int { return strings.Compare(a.Key, b.Key) })
	return all, nil
}

// RemoveLease removes a lease as it was found, and nothing that somebody took in its place meanwhile.
func (s *Stage) RemoveLease(ctx context.Context, f Found) error {
	err := s.remove(ctx, f.Key, f.object)
	if errors.Is(err, errOther) || errors.Is(err, errAbsent) {
		return nil
	}
	return err
}

// do carries out one changing call on a lease.
func do(ctx context.Context, what string, call func(ctx context.Context) error) error {
	return effect.Do(ctx, "s3 "+what+" lease", call)
}
