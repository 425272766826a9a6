package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/plan"
)

// shelf is a bucket that keeps versions, as S3 does, with a clock of its own and one fault.
type shelf struct {
	mu        sync.Mutex
	clock     time.Time
	objects   map[string][]object // versions, the newest last
	n         int
	lose      int   // the answer to the nth write from now is lost
	refused   error // what the removal of an object answers, although it happened
	unversion bool
}

func newShelf() *shelf {
	return &shelf{clock: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), objects: map[string][]object{}}
}

func (s *shelf) pass(d time.Duration) { s.clock = s.clock.Add(d) }

func (s *shelf) get(_ context.Context, key string) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.objects[key]
	if len(all) == 0 {
		return object{}, errAbsent
	}
	o := all[len(all)-1]
	o.now = s.clock
	return o, nil
}

func (s *shelf) replace(_ context.Context, key string, text []byte, old object) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.objects[key]
	if (old.tag == "") != (len(all) == 0) || (len(all) > 0 && all[len(all)-1].tag != old.tag) {
		return object{}, errOther
	}
	s.n++
	o := object{text: text, tag: fmt.Sprint("tag", s.n), modified: s.clock}
	if s.unversion {
		all = nil
	} else {
		o.version = fmt.Sprint("version", s.n)
	}
	s.objects[key] = append(all, o)
	if s.lose--; s.lose == 0 {
		return object{}, errOther // the SDK tries again, and is told that the object is not what it was
	}
	return o, nil
}

func (s *shelf) remove(_ context.Context, key string, o object) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.objects[key])
	s.objects[key] = slices.DeleteFunc(s.objects[key], func(x object) bool { return x.tag == o.tag })
	if len(s.objects[key]) == before {
		return errAbsent
	}
	return s.refused
}

func (s *shelf) versionsOf(_ context.Context, key string) ([]object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unversion {
		return nil, nil
	}
	all := slices.Clone(s.objects[key])
	slices.Reverse(all)
	return all, nil
}

func (s *shelf) list(_ context.Context, prefix string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for k, v := range s.objects {
		if strings.HasPrefix(k, prefix) && len(v) > 0 {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

var dev = plan.Warehouse{Cluster: "dev", Region: "eu-west-1", Database: "analytics"}

func lease(s *shelf, run string) *Lease {
	l := newLease(s, "pre", dev, run, "token-"+run, time.Minute)
	return l
}

func take(t *testing.T, l *Lease) string {
	t.Helper()
	over, err := l.Take(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	return over
}

func TestALeaseIsHeldByOneRun(t *testing.T) {
	t.Parallel()
	for _, unversioned := range []bool{false, true} {
		s := newShelf()
		s.unversion = unversioned
		a, b := lease(s, "a"), lease(s, "b")
		take(t, a)
		_, err := b.Take(t.Context(), false)
		if !errors.Is(err, plan.ErrHeld) || !strings.Contains(err.Error(), "run a on ") || !strings.Contains(hint.Of(err), "--force") {
			t.Fatalf("error %v, hint %q", err, hint.Of(err))
		}
		s.pass(50 * time.Second)
		if err := a.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.pass(50 * time.Second) // 100 seconds after it was taken, 50 after it was renewed
		if _, err := b.Take(t.Context(), false); !errors.Is(err, plan.ErrHeld) {
			t.Fatalf("a renewed lease was taken: %v", err)
		}
		if err := a.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if over := take(t, b); over != "" {
			t.Errorf("a released lease is said to have been %q", over)
		}
		if err := errors.Join(a.Release(t.Context()), b.Release(t.Context())); err != nil {
			t.Fatal(err)
		}
		if left := s.objects[a.key]; len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	}
}

// A bucket that keeps versions brings up an older one when the newest is removed. What two runs left that were killed
// one after the other must not be there when the third has released the target.
func TestVersionsOfDeadRunsDoNotComeUpAgain(t *testing.T) {
	t.Parallel()
	s := newShelf()
	for _, run := range []string{"a", "b", "c"} {
		take(t, lease(s, run))
		s.pass(2 * time.Minute)
	}
	d := lease(s, "d")
	take(t, d)
	if err := d.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := s.objects[d.key]; len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// Age is told by S3's clock, and only by that.
func TestALeaseThatIsOverIsTakenOver(t *testing.T) {
	t.Parallel()
	s := newShelf()
	a, b := lease(s, "a"), lease(s, "b")
	take(t, a)
	s.pass(59 * time.Second)
	if _, err := b.Take(t.Context(), false); !errors.Is(err, plan.ErrHeld) {
		t.Fatalf("error %v", err)
	}
	s.pass(time.Second)
	if over := take(t, b); !strings.HasPrefix(over, "run a on ") {
		t.Errorf("overridden: %q", over)
	}
	if err := a.Renew(t.Context()); !errors.Is(err, plan.ErrHeld) || !strings.Contains(err.Error(), "taken by run b") {
		t.Errorf("the old holder renewed: %v", err)
	}
	if err := a.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all, err := leases(t.Context(), s, "pre"); err != nil || len(all) != 1 || all[0].Holder.Run != "b" || !all[0].Live {
		t.Errorf("after the old holder's release: %+v, %v", all, err)
	}
}

func TestForceTakesAHeldLeaseAndSaysWhose(t *testing.T) {
	t.Parallel()
	s := newShelf()
	a, b := lease(s, "a"), lease(s, "b")
	take(t, a)
	over, err := b.Take(t.Context(), true)
	if err != nil || !strings.HasPrefix(over, "run a on ") {
		t.Errorf("overridden %q, error %v", over, err)
	}
	if err := b.Release(t.Context()); err != nil || len(s.objects[a.key]) > 0 {
		t.Errorf("left %v, error %v", s.objects[a.key], err)
	}
}

func TestALostAnswerIsFoundToHaveBeenOurs(t *testing.T) {
	t.Parallel()
	s := newShelf()
	dead := lease(s, "dead")
	take(t, dead)
	s.pass(time.Hour)
	a := lease(s, "a")
	s.lose = 1
	take(t, a)
	s.lose = 1
	if err := a.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Release(t.Context()); err != nil || len(s.objects[a.key]) > 0 {
		t.Errorf("left %v, error %v", s.objects[a.key], err)
	}
}

// Hazard M14: many at once, one holder.
func TestOnlyOneOfManyTakesALease(t *testing.T) {
	t.Parallel()
	for range 50 {
		s := newShelf()
		var got sync.Map
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				l := lease(s, fmt.Sprint(i))
				if _, err := l.Take(t.Context(), false); err == nil {
					got.Store(i, true)
				} else if !errors.Is(err, plan.ErrHeld) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		n := 0
		got.Range(func(_, _ any) bool { n++; return true })
		if n != 1 {
			t.Fatalf("%d runs hold one target", n)
		}
	}
}

// A process that is over on this machine is known to be: its lease need not be waited for. One that runs is not, nor is
// one of another machine.
func TestADeadHolderIsKnown(t *testing.T) {
	t.Parallel()
	if processOf(os.Getpid()) == "" {
		t.Log("this system does not tell whether a process is over: every holder is waited for")
		if (Holder{PID: 1 << 30, Process: "x"}).gone() {
			t.Error("known to be gone without being told")
		}
		return
	}
	cmd := exec.CommandContext(t.Context(), "sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := Holder{PID: cmd.Process.Pid, Process: processOf(cmd.Process.Pid)}
	if h.gone() {
		t.Error("a process that runs is taken for gone")
	}
	stranger := h
	stranger.Process = "other-boot pid:[1] 7"
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed, and says so
	if !h.gone() {
		t.Error("a process that was killed is taken for alive")
	}
	if stranger.gone() {
		t.Error("a process of another machine is taken for gone")
	}
	reused := Holder{PID: os.Getppid(), Process: h.Process}
	if !reused.gone() {
		t.Error("another process under the same number is taken for the holder")
	}

	s := newShelf()
	a := lease(s, "a")
	a.holder.PID, a.holder.Process = h.PID, h.Process
	take(t, a)
	if over := take(t, lease(s, "b")); !strings.HasPrefix(over, "run a ") {
		t.Errorf("overridden: %q", over)
	}
}

func TestALeaseOfNobodyIsNotTakenUnasked(t *testing.T) {
	t.Parallel()
	s := newShelf()
	a := lease(s, "a")
	s.objects[a.key] = []object{{text: []byte("{}"), tag: "x", version: "1", modified: s.clock}}
	if _, err := a.Take(t.Context(), false); err == nil || !strings.Contains(err.Error(), "not a lease") {
		t.Errorf("error %v", err)
	}
	if _, err := a.Take(t.Context(), true); err != nil {
		t.Error(err)
	}
	if all, err := leases(t.Context(), s, "pre"); err != nil || len(all) != 1 {
		t.Errorf("leases %v, %v", all, err)
	}
}

func TestEveryTargetHasALeaseOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name, w := range map[string]plan.Warehouse{
		"cluster": dev, "database": {Cluster: "dev", Region: "eu-west-1", Database: "other"}, "region": {Cluster: "dev", Region: "eu-west-2", Database: "analytics"},
		"account": {Cluster: "dev", Region: "eu-west-1", Database: "analytics", Account: "111111111111"}, "host": {Host: "dev", Port: 5439, Region: "eu-west-1", Database: "analytics"},
		"port": {Host: "dev", Port: 5440, Region: "eu-west-1", Database: "analytics"},
	} {
		key := leaseKey("pre", w)
		if other, taken := seen[key]; taken {
			t.Errorf("%s and %s share %s", name, other, key)
		}
		seen[key] = name
		if w.User = "another"; leaseKey("pre", w) != key {
			t.Error("the user is part of the target's name")
		}
	}
}

// Unloads have no target: they do not keep each other waiting, but a second process of one is kept away, and whoever looks sees that it lives.
func TestAnUnloadHoldsALeaseOnItself(t *testing.T) {
	t.Parallel()
	s := newShelf()
	of := func(run, token string) *Lease { return newLease(s, "pre", plan.Warehouse{}, run, token, time.Minute) }
	const a, b = "20261126T101500Z-7f3a", "20261126T101500Z-7f3b"
	first, second := of(a, "1"), of(b, "2")
	take(t, first)
	take(t, second)
	all, err := leases(t.Context(), s, "pre")
	if err != nil || len(all) != 2 || !all[0].Live || all[0].Holder.Run != a || !all[1].Live || all[1].Holder.Run != b {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := of(a, "3").Take(t.Context(), false); !errors.Is(err, plan.ErrHeld) || !errors.Is(err, plan.ErrBusy) || !strings.HasPrefix(err.Error(), "another process is at work on this run: run "+a) {
		t.Errorf("a second process: %v", err)
	}
	for _, l := range []*Lease{first, second} {
		if err := l.Release(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if all, err := leases(t.Context(), s, "pre"); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

// Whatever stands where a lease should be is read or refused, and what is read holds for a while and not for ever.
func FuzzFound(f *testing.F) {
	f.Add([]byte(`{"run":"20261121T101500Z-7f3a","target":"dev/analytics","host":"h","pid":7,"token":"t","taken":"2026-11-21T10:15:00Z","ttl_seconds":120}`))
	f.Add([]byte(`{"run":"r","token":"t","ttl_seconds":9223372036854775807}`))
	f.Add([]byte(`{"run":"r","token":"t","ttl_seconds":-1}`))
	now := time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := found("k", object{text: text, modified: now, now: now.Add(maxTTL)})
		if err == nil && (l.Live || l.Expires.Before(now)) {
			t.Errorf("a lease that was not renewed for %s is live until %s", maxTTL, l.Expires)
		}
	})
}

// A removal whose answer is an error, time and again, may have happened: it is looked at. Hazard D2.
func TestAReleaseWhoseAnswerIsLostIsARelease(t *testing.T) {
	t.Parallel()
	s := newShelf()
	s.unversion = true
	l := newLease(s, "p", plan.Warehouse{Host: "h"}, "run", "token", time.Minute)
	if _, err := l.Take(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	s.refused = errors.New("503")
	if err := l.Release(t.Context()); err != nil {
		t.Error(err)
	}
}
