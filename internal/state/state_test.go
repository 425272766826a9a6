package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

const keyARN = "arn:aws:kms:eu-west-1:111111111111:key/1c5e2f60"

// memory is a bucket that polices its callers.
type memory struct {
	t       *testing.T
	mu      sync.Mutex
	objects map[string][]byte
	lose    bool // the answer to the next write is lost, and the SDK tries again
	full    bool // nothing can be written any more
}

func answer(status int, code string) error {
	return &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: &smithy.GenericAPIError{Code: code, Message: code},
	}
}

func (m *memory) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if aws.ToString(in.ExpectedBucketOwner) != "111111111111" || in.ServerSideEncryption != types.ServerSideEncryptionAwsKms || aws.ToString(in.SSEKMSKeyId) != keyARN {
		m.t.Errorf("write of %s: owner %q, encryption %q under %q", *in.Key, aws.ToString(in.ExpectedBucketOwner), in.ServerSideEncryption, aws.ToString(in.SSEKMSKeyId))
	}
	if m.full {
		return nil, answer(http.StatusServiceUnavailable, "SlowDown")
	}
	if _, there := m.objects[*in.Key]; there && aws.ToString(in.IfNoneMatch) == "*" {
		return nil, answer(http.StatusPreconditionFailed, "PreconditionFailed")
	}
	text, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	m.objects[*in.Key] = text
	if m.lose {
		m.lose = false
		return nil, answer(http.StatusPreconditionFailed, "PreconditionFailed")
	}
	return &s3.PutObjectOutput{}, nil
}

func (m *memory) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, ok := m.objects[*in.Key]
	if !ok {
		return nil, &types.NoSuchKey{}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(text))}, nil
}

func (m *memory) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := &s3.ListObjectsV2Output{}
	var keys []string
	for k := range m.objects {
		if strings.HasPrefix(k, *in.Prefix) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	seen := map[string]bool{}
	for _, k := range keys {
		folder, _, deeper := strings.Cut(strings.TrimPrefix(k, *in.Prefix), "/")
		if in.Delimiter != nil && deeper {
			if !seen[folder] {
				out.CommonPrefixes = append(out.CommonPrefixes, types.CommonPrefix{Prefix: aws.String(*in.Prefix + folder + "/")})
			}
			seen[folder] = true
			continue
		}
		out.Contents = append(out.Contents, types.Object{Key: aws.String(k)})
	}
	return out, nil
}

// kept is a store of a test, and ways to damage it.
type kept struct {
	*Store
	// edit changes the text of a run's journal from outside.
	edit func(t *testing.T, run string, change func([]byte) []byte)
	// putPlan replaces the plan beside a journal.
	putPlan func(t *testing.T, run string, text []byte)
}

// each runs a test on every kind of store.
func each(t *testing.T, test func(t *testing.T, s kept)) {
	t.Helper()
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		write := func(t *testing.T, name string, text []byte) {
			t.Helper()
			if err := os.WriteFile(name, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		test(t, kept{
			Store: Folder(dir),
			edit: func(t *testing.T, run string, change func([]byte) []byte) {
				t.Helper()
				name := filepath.Join(dir, "runs", run, journalFile)
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				write(t, name, change(text))
			},
			putPlan: func(t *testing.T, run string, text []byte) {
				t.Helper()
				write(t, filepath.Join(dir, "runs", run, planFile), text)
			},
		})
	})
	t.Run("bucket", func(t *testing.T) {
		t.Parallel()
		m := &memory{t: t, objects: map[string][]byte{}}
		test(t, kept{
			Store: Bucket(m, "b", "pre", "111111111111"),
			edit: func(t *testing.T, run string, change func([]byte) []byte) {
				t.Helper()
				prefix := "pre/runs/" + run + "/journal/"
				var text []byte
				n := 0
				for ; m.objects[prefix+partName(n+1)] != nil; n++ {
					text = append(text, m.objects[prefix+partName(n+1)]...)
					delete(m.objects, prefix+partName(n+1))
				}
				m.objects[prefix+partName(1)] = change(text)
			},
			putPlan: func(_ *testing.T, run string, text []byte) { m.objects["pre/runs/"+run+"/"+planFile] = text },
		})
	})
}

func aPlan(t *testing.T, job string) *plan.Plan {
	t.Helper()
	p := &plan.Plan{Job: plan.JobRef{File: job}, Stage: plan.Stage{Bucket: "b", KMSKeyARN: keyARN}, Tables: []plan.Table{{Target: "s.a"}}}
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	return p
}

const id = "20261121T101500Z-7f3a"

// begin makes a run with a journal of two entries.
func begin(t *testing.T, s kept, id string, p *plan.Plan) {
	t.Helper()
	r, err := s.Create(t.Context(), id, p)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []journal.Entry{{Type: journal.Begin, Version: journal.Version, Run: id, Plan: p.ID}, {Type: journal.Intent, Step: "lease"}} {
		if _, err := r.Journal.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestARunIsKeptAndGoneOnWith(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kept) {
		begin(t, s, id, aPlan(t, "a.yaml"))
		r, err := s.Resume(t.Context(), "20261121")
		if err != nil {
			t.Fatal(err)
		}
		if r.ID != id || r.Plan.Job.File != "a.yaml" || len(r.Log.Entries) != 2 || !strings.Contains(r.Where(), id) {
			t.Errorf("%+v", r)
		}
		if _, err := r.Journal.Append(journal.Entry{Type: journal.Resume}); err != nil {
			t.Fatal(err)
		}
		log, err := r.ReadLog(t.Context())
		if err != nil || len(log.Entries) != 3 || log.Entries[2].Seq != 3 {
			t.Errorf("log %+v, %v", log, err)
		}
		if err := errors.Join(r.WriteReceipt(t.Context(), []byte("{}")), r.Close()); err != nil {
			t.Fatal(err)
		}
		if read, err := s.Read(t.Context(), "last"); err != nil || len(read.Log.Entries) != 3 || read.Journal != nil {
			t.Errorf("%+v, %v", read, err)
		}
		if _, err := s.Create(t.Context(), id, aPlan(t, "a.yaml")); err == nil {
			t.Error("a run of the same name was made a second time")
		}
	})
}

func TestRunsAreFoundByTheirBeginnings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kept) {
		if ids, err := s.IDs(t.Context()); err != nil || len(ids) > 0 {
			t.Fatalf("in an empty place: %v, %v", ids, err)
		}
		for _, id := range []string{"20261121T101500Z-7f3a", "20261121T101500Z-7f3b", "20261122T000000Z-0000"} {
			begin(t, s, id, aPlan(t, "a.yaml"))
		}
		for short, want := range map[string]string{
			"20261122": "20261122T000000Z-0000", "last": "20261122T000000Z-0000", "20261121T101500Z-7f3b": "20261121T101500Z-7f3b",
			"20261121": "is the beginning of 2 runs", "2025": "there is no run 2025", "": "there is no run",
		} {
			r, err := s.Read(t.Context(), short)
			if err != nil && !strings.Contains(err.Error(), want) || err == nil && r.ID != want {
				t.Errorf("%q: %v, %v", short, r, err)
			}
		}
	})
}

// A run that is being made, or was killed before its plan was written, has done nothing: it is none yet, and keeps nobody from the others.
func TestARunWithoutAnythingIsNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := Folder(dir)
	const run = "20261121T101500Z-7f3a"
	for _, file := range []string{"", ".new-1"} {
		empty := filepath.Join(dir, "runs", "20261122T000000Z-0000"+file)
		if err := os.MkdirAll(empty, 0o700); err != nil {
			t.Fatal(err)
		}
		if file != "" {
			if err := os.WriteFile(filepath.Join(empty, file), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if ids, err := s.IDs(t.Context()); err != nil || len(ids) != 0 {
		t.Errorf("%q, %v", ids, err)
	}
	damaged := filepath.Join(dir, "runs", run)
	if err := os.MkdirAll(damaged, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(damaged, journalFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context(), "last"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), run) {
		t.Errorf("one that has lost its plan: %v", err)
	}
}

func TestTheLastOfRunsThatBeganWithinOneSecond(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kept) {
		for _, id := range []string{"20261122T000000Z-3000", "20261122T000000Z-1000", "20261122T000000Z-2000"} {
			begin(t, s, id, aPlan(t, "a.yaml"))
			if r, err := s.Read(t.Context(), "last"); err != nil || r.ID != id {
				t.Errorf("last is %v, %v, not %s", r, err, id)
			}
		}
	})
}

// A last line that was cut short is said, and cut off when the run is gone on with. Hazard I1.
func TestATornLineIsCutOff(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kept) {
		begin(t, s, id, aPlan(t, "a.yaml"))
		s.edit(t, id, func(text []byte) []byte { return append(text, `{"seq":3,"ti`...) })
		r, err := s.Resume(t.Context(), id)
		if err != nil || !r.Log.Torn {
			t.Fatalf("%+v, %v", r, err)
		}
		if _, err := r.Journal.Append(journal.Entry{Type: journal.Resume}); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if r, err = s.Read(t.Context(), id); err != nil || r.Log.Torn || len(r.Log.Entries) != 3 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestDamageAndMixedUpFilesAreRefused(t *testing.T) {
	t.Parallel()
	other := aPlan(t, "other.yaml")
	var text bytes.Buffer
	if err := other.Encode(&text); err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) func(*testing.T, kept) {
		return func(t *testing.T, s kept) {
			s.edit(t, id, func(text []byte) []byte { return bytes.Replace(text, []byte(old), []byte(new), 1) })
		}
	}
	for name, c := range map[string]struct {
		damage func(t *testing.T, s kept)
		want   string
	}{
		"changed":         {replace(`"seq":1,`, `"seq":1,"error":"x",`), "journal line 2: the chain is broken"},
		"unknown version": {replace(`"version":1`, `"version":9`), "its version is 9"},
		"unknown type":    {replace(`"intent"`, `"intend"`), `line 2: unknown type "intend"`},
		"another run's":   {replace(id, "20261121T101500Z-0000"), ""},
		"another plan":    {func(t *testing.T, s kept) { s.putPlan(t, id, text.Bytes()) }, "files of two runs were mixed up"},
		"a plan changed": {func(t *testing.T, s kept) {
			s.putPlan(t, id, bytes.Replace(text.Bytes(), []byte("s.a"), []byte("s.b"), 1))
		}, "was changed after it was made"},
		"a plan of no kind": {func(t *testing.T, s kept) { s.putPlan(t, id, []byte(`{"version":99}`)) }, "its version is 99"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, s kept) {
				begin(t, s, id, aPlan(t, "a.yaml"))
				c.damage(t, s)
				_, err := s.Resume(t.Context(), id)
				if err == nil || !strings.Contains(err.Error()+hint.Of(err), c.want) {
					t.Fatalf("error %v, hint %q", err, hint.Of(err))
				}
				if _, rerr := s.Read(t.Context(), id); rerr == nil {
					t.Error("it was read all the same")
				}
			})
		})
	}
}

// Hazard I3: what another process wrote after a journal was read is that process's, and not a torn line to be cut off.
func TestWhatAnotherWroteMeanwhileIsKept(t *testing.T) {
	t.Parallel()
	m := &memory{t: t, objects: map[string][]byte{}}
	s := kept{Store: Bucket(m, "b", "pre", "111111111111")}
	begin(t, s, id, aPlan(t, "a.yaml"))
	before, err := s.Read(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.Resume(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Journal.Append(journal.Entry{Type: journal.Resume}); err != nil {
		t.Fatal(err)
	}
	l, err := s.place.lock(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.append(t.Context(), before.Log.Size); !errors.Is(err, plan.ErrHeld) {
		t.Errorf("error %v", err)
	}
	if now, err := s.Read(t.Context(), id); err != nil || len(now.Log.Entries) != len(before.Log.Entries)+1 {
		t.Errorf("%+v, %v", now, err)
	}
}

// Hazard I3: of several that go on with a run, one can: in a folder the others are refused at once, in S3 when they write
// after another has.
func TestOnlyOneGoesOnWithARun(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s kept) {
		begin(t, s, id, aPlan(t, "a.yaml"))
		var all sync.WaitGroup
		var mu sync.Mutex
		won := 0
		closing := make(chan struct{})
		var open sync.WaitGroup
		for i := range 8 {
			open.Add(1)
			all.Go(func() {
				r, err := s.Resume(t.Context(), id)
				if err == nil {
					_, err = r.Journal.Append(journal.Entry{Type: journal.Resume, Details: []string{fmt.Sprint(i)}})
				}
				open.Done()
				<-closing // nobody lets go before everybody has tried
				if err == nil {
					_, err = r.Journal.Append(journal.Entry{Type: journal.Intent, Details: []string{fmt.Sprint(i)}})
				}
				switch {
				case err == nil:
					mu.Lock()
					won++
					mu.Unlock()
				case !errors.Is(err, plan.ErrHeld):
					t.Error(err)
				}
				if r != nil {
					if err := r.Close(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		open.Wait()
		close(closing)
		all.Wait()
		if won != 1 {
			t.Errorf("%d processes go on with one run", won)
		}
		r, err := s.Read(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if last := r.Log.Entries[len(r.Log.Entries)-1]; last.Type != journal.Intent {
			t.Errorf("the last entry is %+v", last)
		}
	})
}

// A write of which the answer was lost is found to have been ours.
func TestALostAnswerOfS3(t *testing.T) {
	t.Parallel()
	m := &memory{t: t, objects: map[string][]byte{}}
	s := Bucket(m, "b", "", "111111111111")
	m.lose = true
	r, err := s.Create(t.Context(), id, aPlan(t, "a.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	m.lose = true
	if _, err := r.Journal.Append(journal.Entry{Type: journal.Begin, Version: journal.Version, Run: id, Plan: r.Plan.ID}); err != nil {
		t.Fatal(err)
	}
	m.full = true
	if _, err := r.Journal.Append(journal.Entry{Type: journal.Intent}); err == nil {
		t.Error("an entry that could not be written was taken")
	}
	m.full = false
	if _, err := r.Journal.Append(journal.Entry{Type: journal.Intent}); err == nil {
		t.Error("the journal goes on after an entry was lost")
	}
}

// An object that is missing in the middle is damage, and not the end.
func TestAMissingPartIsDamage(t *testing.T) {
	t.Parallel()
	m := &memory{t: t, objects: map[string][]byte{}}
	s := kept{Store: Bucket(m, "b", "pre", "111111111111")}
	begin(t, s, id, aPlan(t, "a.yaml"))
	delete(m.objects, "pre/runs/"+id+"/journal/"+partName(1))
	if _, err := s.Resume(t.Context(), id); err == nil || !strings.Contains(err.Error(), "00000002.jsonl comes where 00000001.jsonl should be") {
		t.Errorf("error %v", err)
	}
}
