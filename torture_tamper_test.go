package sealift_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sealift/sealift/internal/cli"
	"github.com/sealift/sealift/internal/faulty"
)

// What is done to bytes that somebody else is going to read.
var mutations = []string{"flip", "truncate", "extend", "swap", "replay", "delete", "duplicate", "reorder"}

// mutate changes text in one way, drawn. other is what stands elsewhere in the same run, earlier what stood in the same
// place in an earlier one. It answers nil for deleted, and false where the way does not fit the text.
func mutate(draw *rand.Rand, how string, text, other, earlier []byte) ([]byte, bool) {
	out := bytes.Clone(text)
	switch how {
	case "flip":
		if len(out) == 0 {
			return nil, false
		}
		out[draw.IntN(len(out))] ^= 1 << draw.IntN(8)
	case "truncate":
		if len(out) == 0 {
			return nil, false
		}
		out = out[:draw.IntN(len(out))]
	case "extend":
		for range 1 + draw.IntN(40) {
			out = append(out, byte(draw.IntN(256)))
		}
	case "swap":
		out = bytes.Clone(other)
	case "replay":
		out = bytes.Clone(earlier)
	case "delete":
		return nil, true
	case "duplicate", "reorder":
		parts := entries(out)
		if len(parts) < 2 {
			return nil, false
		}
		i, j := draw.IntN(len(parts)-1), 0
		j = i + 1 + draw.IntN(len(parts)-1-i)
		if how == "duplicate" {
			parts = slices.Insert(parts, j, parts[i])
		} else {
			parts[i], parts[j] = parts[j], parts[i]
		}
		out = bytes.Join(parts, nil)
	default:
		panic("no such mutation: " + how)
	}
	return out, !bytes.Equal(out, text) && out != nil
}

// entries splits text into what can be put into another order: the entries of a manifest, or lines.
func entries(text []byte) [][]byte {
	if bytes.Contains(text, []byte(`"entries":[`)) {
		return slices.Collect(bytes.SplitAfterSeq(text, []byte("},")))
	}
	return slices.Collect(bytes.SplitAfterSeq(text, []byte("\n")))
}

const (
	tamperTables = 12 // that something is done to
	tamperCalm   = 4  // that nothing is done to, beside them
)

// tampered is a job of many like tables, each with rows of its own and of the same length.
type tampered struct {
	format  string
	plan    string
	mu      sync.Mutex
	earlier map[string][]byte // objects of an earlier run, when the rows were others, by what follows the run in the key
}

func (t *tampered) table(i int) string { return fmt.Sprintf("tamper_%s.t%02d", t.format, i) }

// prepareTamper makes the tables, copies them once, keeps what was staged, and gives the source other rows.
func (r *rig) prepareTamper(format string) *tampered {
	r.tb.Helper()
	t := &tampered{format: format, earlier: map[string][]byte{}}
	kind := "timestamp"
	if format == "text" {
		kind = "timestamptz" // does not go through Parquet
	}
	schema := "tamper_" + format
	r.rows(r.source, "create schema "+schema)
	r.rows(r.target, "create schema "+schema)
	for i := range tamperTables + tamperCalm {
		columns := fmt.Sprintf(" (id int, note varchar(40), at %s)", kind)
		r.rows(r.source, fmt.Sprintf("create table %[1]s%[2]s; insert into %[1]s select %[3]d000 + g, 'old' || '-%[3]d-' || g, '2026-01-02 03:04:05' from generate_series(10, 40) g",
			t.table(i), columns, 10+i))
		r.rows(r.target, fmt.Sprintf("create table %[1]s%[2]s; insert into %[1]s values (%[3]d, 'before', null)", t.table(i), columns, i))
	}
	file := filepath.Join(r.folder, schema+".yaml")
	t.plan = filepath.Join(r.folder, schema+".plan.json")
	text := os.Expand(jobHead, r.variable) + "defaults: {mode: replace}\ntables: ['" + schema + ".*']\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		r.tb.Fatal(err)
	}
	if p := r.run(nil, "", "plan", file, "-o", t.plan); p.code != 0 {
		r.tb.Fatal(p.said())
	}
	r.network.Begin()
	r.network.Watch(func(m faulty.Message) {
		if staged := stagedPattern.FindStringSubmatch(m.What); staged != nil && strings.HasPrefix(m.What, "200 OK to PUT") {
			t.mu.Lock()
			defer t.mu.Unlock()
			for key, text := range r.objects(staged[1]) {
				t.earlier[afterRun(key)] = text
			}
		}
	})
	if p := r.run(nil, r.newState(), "copy", t.plan); p.code != 0 {
		r.tb.Fatal(p.said())
	}
	for i := range tamperTables + tamperCalm {
		r.rows(r.source, fmt.Sprintf("update %s set note = replace(note, 'old', 'new')", t.table(i)))
	}
	return t
}

// stagedPattern finds a table's prefix, its number and the object in what the proxy says about a request.
var stagedPattern = regexp.MustCompile(`/(stage/[^/ ]+/(\d{4})-[^/ ]+/\d+/)((?:sealift\.)?manifest)\b`)

// afterRun is the part of a key that is the same in every run.
func afterRun(key string) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(key, "stage/"), "/")
	return rest
}

// objects reads what is staged under a prefix.
func (r *rig) objects(prefix string) map[string][]byte {
	ctx := context.Background()
	out := map[string][]byte{}
	list, err := r.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &r.bucket, Prefix: &prefix})
	if err != nil {
		r.tb.Error(err)
		return out
	}
	for _, o := range list.Contents {
		got, err := r.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &r.bucket, Key: o.Key})
		if err != nil {
			r.tb.Error(err)
			continue
		}
		text, err := io.ReadAll(got.Body)
		if err := errors.Join(err, got.Body.Close()); err != nil {
			r.tb.Error(err)
		}
		out[*o.Key] = text
	}
	return out
}

// tamperCases is one run each, in which something is done to every table but a few.
func tamperCases(r *rig) []*tortureCase {
	var all []*tortureCase
	for _, format := range []string{"parquet", "text"} {
		for i := range 50 {
			all = append(all, &tortureCase{kind: "tamper", job: "tampered", point: strconv.Itoa(i), variant: format, do: tamperCase})
		}
	}
	return all
}

// tampering is what is done to one table.
type tampering struct {
	what string // object, manifest (UNLOAD's) or sealift.manifest (COPY's)
	how  string
	late bool // after the stage was checked
	done string
}

func tamperCase(r *rig, c *tortureCase) {
	t := r.tampered[c.variant]
	if t == nil {
		r.reset(r.jobs[r.order[0]])
		t = r.prepareTamper(c.variant)
		r.tampered[c.variant] = t
	}
	number, err := strconv.Atoi(c.point)
	if err != nil {
		r.tb.Fatal(err)
	}
	draw := rand.New(rand.NewPCG(*tortureSeed, uint64(1000+number)))
	r.network.Begin()
	r.endSessions(r.target)
	r.emptyBucket()
	r.rows(r.target, "drop schema if exists sealift cascade")
	for i := range tamperTables + tamperCalm {
		r.rows(r.target, fmt.Sprintf("delete from %[1]s; insert into %[1]s values (%[2]d, 'before', null)", t.table(i), i))
	}
	plans := make([]*tampering, tamperTables)
	for i := range plans {
		p := &tampering{what: []string{"object", "object", "object", "manifest", "sealift.manifest"}[draw.IntN(5)], how: mutations[draw.IntN(len(mutations))]}
		p.late = p.what == "sealift.manifest" || p.what == "object" && draw.IntN(2) == 0
		plans[i] = p
	}
	var mu sync.Mutex // one table after the other, so that the seed decides what is done
	r.network.Watch(func(m faulty.Message) {
		staged := stagedPattern.FindStringSubmatch(m.What)
		if staged == nil {
			return
		}
		index, _ := strconv.Atoi(staged[2])
		early := m.Place.Direction == faulty.Asked && strings.HasPrefix(m.What, "GET") && staged[3] == "manifest"
		late := strings.HasPrefix(m.What, "200 OK to PUT") && staged[3] == "sealift.manifest"
		mu.Lock()
		defer mu.Unlock()
		if index >= len(plans) || plans[index].done != "" || (!early || plans[index].late) && (!late || !plans[index].late) {
			return
		}
		p := plans[index]
		p.done = "nothing that fits"
		r.tamperWith(rand.New(rand.NewPCG(*tortureSeed, uint64(number<<8+index))), t, p, staged[1])
	})
	state := r.newState()
	p := r.run(nil, state, "copy", t.plan)
	r.network.Next()
	r.judgeTampering(t, plans, p)
	if err := os.RemoveAll(state); err != nil {
		r.tb.Error(err)
	}
}

// tamperWith does one thing to what is staged under a table's prefix.
func (r *rig) tamperWith(draw *rand.Rand, t *tampered, p *tampering, prefix string) {
	found := r.objects(prefix)
	var keys []string
	for key := range found {
		name := strings.TrimPrefix(key, prefix)
		if p.what == name || p.what == "object" && !strings.HasSuffix(name, "manifest") && len(found[key]) > 0 {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return
	}
	slices.Sort(keys)
	key := keys[draw.IntN(len(keys))]
	var other []byte
	t.mu.Lock()
	earlier := t.earlier[afterRun(key)]
	for _, k := range slices.Sorted(maps.Keys(t.earlier)) { // another table's of the same name
		if k != afterRun(key) && strings.HasSuffix(k, key[strings.LastIndex(key, "/"):]) {
			other = t.earlier[k]
			break
		}
	}
	t.mu.Unlock()
	changed, ok := mutate(draw, p.how, found[key], other, earlier)
	if !ok || p.how == "swap" && other == nil || p.how == "replay" && earlier == nil {
		return
	}
	p.done = p.how + " " + key
	ctx := context.Background()
	var err error
	if p.how == "delete" {
		_, err = r.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &r.bucket, Key: &key})
	} else {
		_, err = r.s3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &r.bucket, Key: &key, Body: bytes.NewReader(changed),
			ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String(r.keyARN),
		})
	}
	if err != nil {
		r.tb.Error(err)
	}
}

// judgeTampering wants every table as it was, or with exactly the source's rows: a bit of a file that no row depends on
// may be another. Tables that nothing was done to have to be published.
func (r *rig) judgeTampering(t *tampered, plans []*tampering, p *process) {
	r.tb.Helper()
	refused := 0
	for i := range tamperTables + tamperCalm {
		want, _ := r.rows(r.source, "select * from "+t.table(i))
		got, _ := r.rows(r.target, "select * from "+t.table(i))
		published := slices.Equal(got, want)
		untouched := len(got) == 1 && strings.Contains(got[0], `"before"`)
		done := ""
		if i < len(plans) && plans[i].done != "nothing that fits" {
			done = plans[i].done
		}
		if untouched {
			refused++
		}
		lost, duplicated, unexpected := differences(want, got)
		r.report.count(func(c *tortureCounters) {
			switch {
			case done == "" && published:
				c.CleanRuns++
			case done == "":
				c.Bad.FalseAlarms++
			case untouched:
				c.Mutations++
				c.Detected++
			case published:
				c.Mutations++
				c.Harmless++
			default:
				c.Mutations++
				c.Bad.Undetected++
				c.Bad.Lost, c.Bad.Duplicated, c.Bad.Unexpected = c.Bad.Lost+lost, c.Bad.Duplicated+duplicated, c.Bad.Unexpected+unexpected
			}
		})
		switch {
		case done == "" && !published:
			r.tb.Errorf("%s: nothing was done to it, and it was not published", t.table(i))
		case !untouched && !published:
			r.tb.Errorf("%s: after %q it holds %d rows, not %d", t.table(i), done, len(got), len(want))
		case published && (strings.HasPrefix(done, "swap") || strings.HasPrefix(done, "replay")) && !strings.HasSuffix(done, "manifest"):
			r.tb.Errorf("%s: published after %q", t.table(i), done)
		}
	}
	left := r.leftovers()
	r.report.count(func(c *tortureCounters) { c.exit(p.code, refused == 0, true, len(left)) })
	if want := map[bool]int{true: 0, false: 3}[refused == 0]; p.code != want || len(left) > 0 {
		r.report.count(func(c *tortureCounters) { c.Bad.ExitCodes++ })
		r.tb.Errorf("%d tables refused, left %v: %s", refused, left, p.said())
	}
}

// accountCases are mutations of what a run has written about itself, looked at by sealift show.
func accountCases(r *rig) []*tortureCase {
	var all []*tortureCase
	for _, file := range []string{"plan.json", "journal.jsonl", "receipt.json"} {
		for _, how := range mutations {
			for i := range 80 {
				all = append(all, &tortureCase{kind: "account", job: r.order[0], point: file + " " + strconv.Itoa(i), variant: how, do: accountCase})
			}
		}
	}
	return all
}

// accounts are two runs of one job and one of another, whose files are mutated in memory and in one folder.
type accounts struct {
	state string
	runs  []map[string][]byte // files by name: the one that is shown, one of another job, an earlier one of the same
	id    string
}

func (r *rig) prepareAccounts() *accounts {
	r.tb.Helper()
	a := &accounts{state: r.newState()}
	for _, job := range []string{r.order[0], r.order[1], r.order[0]} {
		f := r.jobs[job]
		r.reset(f)
		state := r.newState()
		if p := r.run(f, state, f.command()...); p.code != 0 {
			r.tb.Fatal(p.said())
		}
		a.id = r.runID(state)
		files := map[string][]byte{}
		for _, name := range []string{"plan.json", "journal.jsonl", "receipt.json"} {
			text, err := os.ReadFile(filepath.Join(state, "runs", a.id, name))
			if err != nil {
				r.tb.Fatal(err)
			}
			files[name] = text
		}
		a.runs = append(a.runs, files)
	}
	slices.Reverse(a.runs) // the last is the one that is shown
	return a
}

func accountCase(r *rig, c *tortureCase) {
	if r.accounts == nil {
		r.accounts = r.prepareAccounts()
		if code, out, _ := r.show(r.accounts, r.accounts.runs[0]); code != 0 || !strings.Contains(out, `"outcome": "verified"`) {
			r.tb.Fatalf("show of an untouched run: %d %s", code, out)
		}
	}
	a := r.accounts
	file, number, _ := strings.Cut(c.point, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		r.tb.Fatal(err)
	}
	draw := rand.New(rand.NewPCG(*tortureSeed, uint64(n)))
	changed, ok := mutate(draw, c.variant, a.runs[0][file], a.runs[1][file], a.runs[2][file])
	if !ok {
		return // in a file of one line there is nothing to put into another order
	}
	files := maps.Clone(a.runs[0])
	if files[file] = changed; changed == nil {
		delete(files, file)
	}
	code, out, said := r.show(a, files)
	var answer struct {
		Outcome string `json:"outcome"`
	}
	_ = json.Unmarshal([]byte(out), &answer) // what is not JSON has no outcome
	found := code != 0 || answer.Outcome != "verified" || strings.Contains(said, "was cut short")
	// Some spellings mean the same: Go reads keys of either case.
	harmless := !found && file != "journal.jsonl" && changed != nil && sameJSON(changed, a.runs[0][file])
	// A run that lost its receipt, but has plan and journal, has lost nothing: the receipt is made from them.
	harmless = harmless || !found && file == "receipt.json" && changed == nil
	r.report.count(func(c *tortureCounters) {
		c.Mutations++
		switch {
		case found:
			c.Detected++
		case harmless:
			c.Harmless++
		default:
			c.Bad.Undetected++
		}
	})
	if !found && !harmless {
		r.tb.Errorf("%s of %s is not found", c.variant, file)
	}
}

// show writes the files of a run and asks the program about it.
func (r *rig) show(a *accounts, files map[string][]byte) (code int, out, said string) {
	r.tb.Helper()
	folder := filepath.Join(a.state, "runs", a.id)
	if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o700)); err != nil {
		r.tb.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			r.tb.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	code = cli.Run(r.tb.Context(), cli.Process{
		Args: []string{"show", a.id, "--json", "--state-dir", a.state}, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		Env: func(string) (string, bool) { return "", false },
	})
	return code, stdout.String(), stderr.String()
}

// sameJSON tells whether two texts say the same to a reader who does not look at the case of keys.
func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(bytes.ToLower(a), &x) == nil && json.Unmarshal(bytes.ToLower(b), &y) == nil && fmt.Sprint(x) == fmt.Sprint(y)
}
