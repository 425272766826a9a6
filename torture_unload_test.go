package sealift_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

// What an unload into S3 brought there before it was killed is found by clean and removed, wherever in its delivery it was killed, with
// and without the run's state; nothing else is that came to lie beside it, and nothing that is whole. The run can be gone on with, before
// cleaning and after, and what it delivers then is whole and nothing more.
func TestAnUnloadIntoS3ThatIsKilledIsCleaned(t *testing.T) {
	t.Parallel()
	u := newUnloadRig(t)
	points := u.discover()
	for _, p := range points {
		for _, variant := range []string{"before", "unread", "answered"} {
			if variant == "unread" && p.local() {
				continue
			}
			for n, then := range []string{"clean, without state", "clean", "resume"} {
				if !*tortureAll && (p.number+len(variant))%3 != n { // each moment, in one way out of three
					continue
				}
				t.Run(strings.ReplaceAll(strconv.Itoa(p.number)+" "+p.name+" "+variant+", "+then, "/", "."), func(t *testing.T) {
					u.tb = t
					u.kill(p, variant, then)
				})
			}
		}
	}
}

// unloadRig is a rig with a table that is unloaded below out/ of its bucket.
type unloadRig struct {
	*rig
	unload []string
	job    string
}

func newUnloadRig(t *testing.T) *unloadRig {
	t.Helper()
	u := &unloadRig{rig: newRig(t, &tortureReport{}, "tortureunload", nil)}
	u.job = filepath.Join(u.folder, "job.yaml")
	if err := os.WriteFile(u.job, []byte(os.Expand(jobHead, u.variable)+"tables: [public.o]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	u.rows(u.source, "create table public.o (id int, region varchar(8)); insert into public.o values (1, 'eu'), (2, 'us'), (3, 'eu')")
	u.unload = []string{"unload", "public.o", "--job", u.job, "--to", "s3://" + u.bucket + "/out", "--format", "csv", "--partition-by", "region", "--null", "NULL"}
	return u
}

// discover unloads without harm, and gives the effects from where delivering begins.
func (u *unloadRig) discover() []point {
	u.tb.Helper()
	k := u.launch(u.newState(), "count", u.unload...).wait()
	if k.code != 0 {
		u.tb.Fatal(k.said())
	}
	u.whole("")
	at := slices.IndexFunc(k.points, func(p point) bool { return strings.HasSuffix(p.name, "/fetch: s3 PutObject") })
	if at < 1 {
		u.tb.Fatalf("nothing was delivered: %v", k.points)
	}
	if copies := slices.IndexFunc(k.points, func(p point) bool { return strings.HasSuffix(p.name, "/fetch: s3 CopyObject") }); copies < at {
		u.tb.Errorf("something is delivered before the stage says where to: %v", k.points)
	}
	return k.points[at-1:]
}

// kill kills an unload at a point, and then cleans or goes on.
func (u *unloadRig) kill(p point, variant, then string) {
	u.tb.Helper()
	u.network.Begin()
	u.emptyBucket()
	state := u.newState()
	if k := u.launch(state, strconv.Itoa(p.number)+" "+variant, u.unload...).wait(); !k.killed {
		u.tb.Fatalf("the point never came: %s", k.said())
	}
	u.network.Next()
	run := u.runID(state)
	if then == "resume" {
		u.goOn(state, run)
		return
	}
	// What lies there by now of others, who know better than to think of it as whole.
	strangers := []string{"out/README", "out/region=eu/20200101T000000Z-aaaa_0000_part_00.zst", "out/region=eu/0000_part_00.zst", "out2/" + run + "_0000_part_00.zst"}
	for _, key := range strangers {
		if err := u.put(u.tb.Context(), key, "a stranger's"); err != nil {
			u.tb.Fatal(err)
		}
	}
	place := state
	args := []string{"clean", "--older-than", "0"}
	if then != "clean" {
		place, args = u.newState(), append(args, u.job)
	}
	wasWhole := u.manifest() != nil
	if c := u.run(nil, place, args...); c.code != 0 {
		u.tb.Fatal(c.said())
	}
	left := u.there()
	if wasWhole {
		u.whole(run)
	} else if diff := cmp.Diff(slices.Sorted(slices.Values(strangers)), left); diff != "" {
		u.tb.Errorf("clean (-theirs +left):\n%s", diff)
	}
	if u.tb.Failed() {
		return
	}
	for _, key := range strangers {
		list, err := u.s3.ListObjectVersions(u.tb.Context(), &s3.ListObjectVersionsInput{Bucket: &u.bucket, Prefix: aws.String(key)})
		if err != nil {
			u.tb.Fatal(err)
		}
		for _, v := range list.Versions {
			if _, err := u.s3.DeleteObject(u.tb.Context(), &s3.DeleteObjectInput{Bucket: &u.bucket, Key: v.Key, VersionId: v.VersionId}); err != nil {
				u.tb.Fatal(err)
			}
		}
	}
	u.goOn(state, run)
}

// goOn resumes a run, after which everything is whole, and nothing else is there. One that had come to its end says so.
func (u *unloadRig) goOn(state, run string) {
	u.tb.Helper()
	if p := u.run(nil, state, "resume", run); p.code != 0 && !strings.Contains(p.out.String(), "nothing to do") {
		u.tb.Fatal(p.said())
	}
	u.whole(run)
}

// there is everything in the bucket, versions, delete markers and uploads.
func (u *unloadRig) there() []string {
	u.tb.Helper()
	found, err := u.inBucket(u.tb.Context())
	if err != nil {
		u.tb.Fatal(err)
	}
	slices.Sort(found)
	return found
}

// manifest gives the keys that the manifest names, nil if there is none.
func (u *unloadRig) manifest() (keys []string) {
	u.tb.Helper()
	out, err := u.s3.GetObject(u.tb.Context(), &s3.GetObjectInput{Bucket: &u.bucket, Key: aws.String("out/_manifest")})
	if err != nil {
		return nil // S3 says it in several ways
	}
	text, err := io.ReadAll(out.Body)
	if err != nil {
		u.tb.Fatal(err)
	}
	var m struct{ Entries []struct{ URL string } }
	if err := json.Unmarshal(text, &m); err != nil {
		u.tb.Fatal(err)
	}
	for _, e := range m.Entries {
		keys = append(keys, strings.TrimPrefix(e.URL, "s3://"+u.bucket+"/"))
	}
	return keys
}

// whole wants what the manifest names, of this run if one is named, with one version of each, and nothing else of a run's in the bucket.
func (u *unloadRig) whole(run string) {
	u.tb.Helper()
	named := u.manifest()
	want := slices.Sorted(slices.Values(append(slices.Clone(named), "out/_manifest")))
	got := slices.DeleteFunc(u.there(), func(key string) bool {
		return run != "" && !strings.Contains(key, run) && key != "out/_manifest" || strings.HasPrefix(key, "out2/")
	})
	stranger := func(key string) bool { return !strings.Contains(key, "/region=") || !strings.Contains(key, run) }
	if diff := cmp.Diff(want, got); diff != "" || len(named) != 3 || slices.ContainsFunc(named, stranger) {
		u.tb.Errorf("delivered: %q (-manifest +there):\n%s", named, diff)
	}
}
