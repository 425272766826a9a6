package sealift_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/faulty"
)

// A run changes what it wrote down that it would, and nothing else: whatever asks for a change, as proxies between the real
// program and the servers see it, is held against the points that the program told of. A call that goes past effect.Do is
// on the wire and no point. Hazards I2, M1.
func TestEveryChangeOnTheWireIsAPoint(t *testing.T) {
	t.Parallel()
	r := newRig(t, &tortureReport{Counters: tortureCounters{Exits: map[string]int{}}}, "effects", tortureJobs)
	for _, name := range r.order {
		f := r.jobs[name]
		if f.remote {
			continue // its statements are inside of the Data API's calls; they pass the same place in the program as all others
		}
		points := r.discover(f)
		compareChanges(t, name, points, r.network.Seen())

		// One that was killed, and whose servers have not heard of it: sessions are ended, markers looked for.
		r.reset(f)
		state := r.newState()
		last := slices.IndexFunc(points, func(p point) bool { return strings.HasSuffix(p.name, "/publish: target COMMIT") })
		if !r.killOne(f, state, strconv.Itoa(points[last].number), "before"+lingering, f.command()...) {
			t.Fatal("not killed")
		}
		r.network.Next()
		k := r.launch(state, "count", r.goOn(f, state)...).wait()
		if k.code != 0 {
			t.Fatal(k.said())
		}
		compareChanges(t, name+", resumed", k.points, r.network.Seen())
	}
}

func compareChanges(t *testing.T, name string, points []point, seen []faulty.Message) {
	t.Helper()
	told, asked := map[string]int{}, map[string]int{}
	for _, p := range points {
		step, what, _ := strings.Cut(p.name, ": ")
		what, _, _ = strings.Cut(what, " lease") // the same call
		switch {
		case step == "journal" || strings.HasSuffix(what, " open"):
		case strings.HasSuffix(what, " SELECT"):
			if step == "sessions" {
				told["ended or looked"]++
			}
		default:
			told[what]++
		}
	}
	ended := 0
	for _, m := range seen {
		if m.Place.Direction != faulty.Asked {
			continue
		}
		what := changes(m)
		switch {
		case strings.Contains(m.What, "pg_terminate_backend"):
			ended++
		case what != "":
			asked[what]++
		}
	}
	if looked := told["ended or looked"]; ended > looked {
		t.Errorf("%s: %d sessions were ended, in %d effects", name, ended, looked)
	}
	delete(told, "ended or looked")
	if diff := cmp.Diff(told, asked); diff != "" {
		t.Errorf("%s: -told +on the wire\n%s", name, diff)
	}
	if len(asked) < 8 || ended == 0 && strings.HasSuffix(name, "resumed") {
		t.Errorf("%s: only %v, and %d sessions were ended", name, slices.Sorted(maps.Keys(asked)), ended)
	}
}

// changes names what a message asks for, as the program calls it; "" if it changes nothing. What is not known changes
// something.
func changes(m faulty.Message) string {
	words := strings.Fields(m.What)
	if m.Place.Server != "aws" {
		if words[0] != "Q" {
			return "" // the opening and the end of a connection
		}
		switch verb := words[1]; verb {
		case "SELECT", "SET", "SHOW", "WITH":
			return ""
		default:
			return m.Place.Server + " " + verb
		}
	}
	path, query, _ := strings.Cut(words[1], "?")
	switch words[0] {
	case "GET", "HEAD":
		return ""
	case "PUT":
		if strings.HasPrefix(path, "/schedules/") {
			return "scheduler UpdateSchedule"
		}
		return "s3 PutObject"
	case "DELETE":
		if strings.HasPrefix(path, "/schedules/") {
			return "scheduler DeleteSchedule"
		}
		if strings.Contains(query, "uploadId=") {
			return "s3 AbortMultipartUpload"
		}
		return "s3 DeleteObject"
	case "POST":
		if strings.HasPrefix(path, "/schedules/") {
			return "scheduler CreateSchedule"
		}
		if path == "/" && len(words) == 3 {
			switch what := words[2]; {
			case what == "GetCallerIdentity", strings.HasPrefix(what, "Describe"), strings.HasPrefix(what, "TrentService.Describe"):
				return "" // STS, EC2, KMS
			case strings.HasPrefix(what, "Authorize"), strings.HasPrefix(what, "Revoke"), strings.HasSuffix(what, "Tags"):
				return "ec2 " + what
			}
		}
		if strings.HasPrefix(query, "delete") {
			return "s3 DeleteObjects"
		}
	}
	return fmt.Sprintf("unknown %s", m.What)
}
