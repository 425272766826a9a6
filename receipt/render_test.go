package receipt_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/receipt"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: -want +got\n%s", name, diff)
	}
}

func at(second float64) time.Time {
	return time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC).Add(time.Duration(second * float64(time.Second)))
}

func digest(seed string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(seed)))[:32] }

func table(name string, rows, bytes int64, from, to float64) receipt.Table {
	took := to - from
	return receipt.Table{
		Source: name, Target: name, Mode: "replace", Method: "swap", Format: "parquet", Outcome: receipt.Verified, Rows: rows,
		StagedBytes: bytes, Objects: 16, Digest: digest(name), Unload: receipt.Seconds(took * 0.5), Copy: receipt.Seconds(took * 0.35),
		Verify: receipt.Seconds(took * 0.1), StartedAt: at(from), EndedAt: at(to), SourceQuery: 48213 + rows%7, TargetQuery: 99120 + rows%7,
	}
}

// done is a run in which everything went well.
func done() *receipt.Receipt {
	customers := table("dev.customers", 401_233, 51_000_000, 33, 39)
	customers.Source, customers.Mode, customers.Method = "crm.customers", "create", "create"
	customers.Notes = []string{"where country <> 'DE'"}
	events := table("sales.events", 9_000_000, 2_200_000_000, 40, 71)
	events.Mode, events.Method, events.Format = "append", "append", "text"
	events.Warnings = []receipt.Failure{{Step: "sales.events/analyze", Error: "ERROR: canceling statement due to user request (57014)", Hint: "somebody cancelled it"}}
	return &receipt.Receipt{
		Version: receipt.Version, Run: "20261121T101500Z-7f3a", Plan: "9f41c2a07d11", Job: "prod-to-dev.yaml",
		Outcome: receipt.Verified, StartedAt: at(0), EndedAt: at(72), Source: "prod-dw/analytics", Target: "dev/analytics",
		Tables: []receipt.Table{
			customers, events, table("sales.order_lines", 61_200_000, 4_800_000_000, 0.2, 65), table("sales.orders", 12_400_000, 1_100_000_000, 0.3, 38),
		},
		Stage: receipt.Stage{
			URL: "s3://corp-sealift/prod-to-dev", KMSKey: "arn:aws:kms:eu-west-1:333333333333:key/1c5e2f60-8a1b-4c3d-9e4f-5a6b7c8d9e0f",
			Objects: 96, Bytes: 8_151_000_000, Empty: true,
		},
		Journal: digest("journal") + digest("journal"),
	}
}

// failed is a run in which something went wrong in every way there is.
func failed() *receipt.Receipt {
	r := done()
	r.Outcome = receipt.Failed
	events := &r.Tables[1]
	events.Outcome, events.Copy, events.Verify, events.TargetQuery, events.Warnings = receipt.Failed, 0, 0, 0, nil
	events.Failure = &receipt.Failure{
		Step: "sales.events/load", Error: "copy sales.events: value too long for city VARCHAR(20): 27 bytes",
		Details: []string{
			"file   s3://corp-sealift/prod-to-dev/20261121T101500Z-7f3a/sales.events/1/0002_part_00.zst  line 18,213",
			"value  redacted          server: error 1204, query 99133",
		},
		Hint: "alter table sales.events alter column city type varchar(40)",
	}
	lines := &r.Tables[2]
	lines.Outcome, lines.Copy, lines.Verify = receipt.Unknown, receipt.Seconds(30), 0
	lines.Failure = &receipt.Failure{Step: "sales.order_lines/publish", Error: "commit: connection reset by peer", Hint: "look for the marker in sealift.ledger"}
	orders := &r.Tables[3]
	*orders = receipt.Table{Source: orders.Source, Target: orders.Target, Mode: "replace", Method: "swap", Format: "parquet", Outcome: receipt.Interrupted}
	r.Stage.Empty = false
	r.Left = []string{"staged objects of sales.order_lines under s3://corp-sealift/prod-to-dev/20261121T101500Z-7f3a"}
	r.Failures = []receipt.Failure{{Step: "sales.orders/foreign-key-1", Error: "declare the foreign key: permission denied for relation customers"}}
	return r
}

// hostile has names and messages that try to leave their place.
func hostile() *receipt.Receipt {
	r := failed()
	evil := "</style><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{.}}\x1b[2J\u202etxt.exe\n"
	r.Job = evil
	for i := range r.Tables {
		r.Tables[i].Target, r.Tables[i].Source = evil, "x"+evil
		r.Tables[i].Notes, r.Tables[i].Warnings = []string{evil}, []receipt.Failure{{Error: evil, Hint: evil}}
		if f := r.Tables[i].Failure; f != nil {
			f.Error, f.Hint, f.Details = evil, evil, []string{evil}
		}
	}
	r.Left, r.Stage.URL, r.Stage.KMSKey = []string{evil}, evil, evil
	return r
}

func TestText(t *testing.T) {
	t.Parallel()
	golden(t, "done.txt", []byte(done().Text(receipt.TextOptions{Folder: "~/.local/state/sealift/runs/20261121T101500Z-7f3a"})))
	golden(t, "failed.txt", []byte(failed().Text(receipt.TextOptions{})))
}

// A page is readable in 100 columns. What cannot be broken (a path, an ARN) may be longer.
func TestTextFitsThePage(t *testing.T) {
	t.Parallel()
	for _, r := range []*receipt.Receipt{done(), failed()} {
		for line := range strings.Lines(r.Text(receipt.TextOptions{})) {
			if utf8.RuneCountInString(line) > show.Width+1 && !strings.Contains(line, "s3://") {
				t.Errorf("%d columns: %s", utf8.RuneCountInString(line), line)
			}
		}
	}
}

func TestColourSaysNothingOfItsOwn(t *testing.T) {
	t.Parallel()
	escapes := regexp.MustCompile("\x1b\\[[0-9]*m")
	coloured := failed().Text(receipt.TextOptions{Colours: true})
	if !escapes.MatchString(coloured) {
		t.Error("no colour")
	}
	trailing := regexp.MustCompile(` +\n`)
	if diff := cmp.Diff(failed().Text(receipt.TextOptions{}), trailing.ReplaceAllString(escapes.ReplaceAllString(coloured, ""), "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestTextCannotActOnATerminal(t *testing.T) {
	t.Parallel()
	if text := hostile().Text(receipt.TextOptions{Colours: false}); strings.ContainsAny(text, "\x1b\u202e\r") {
		t.Errorf("%q", text)
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*receipt.Receipt{"done.html": done(), "failed.html": failed()} {
		page, err := r.HTML()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, page)
	}
}

// The page is read by a parser that is not the template's: the same elements stand in it whatever the names are, so
// nothing that a name holds became markup.
func TestHostileNamesStayText(t *testing.T) {
	t.Parallel()
	plain, evil := failed(), hostile()
	for i := range plain.Tables {
		plain.Tables[i].Source = "x" + plain.Tables[i].Target // every note is there in both
		plain.Tables[i].Notes = []string{"note"}
		if f := plain.Tables[i].Failure; f != nil {
			f.Hint, f.Details = "hint", []string{"detail"}
		}
	}
	if diff := cmp.Diff(elements(t, plain), elements(t, evil)); diff != "" {
		t.Errorf("-plain +hostile\n%s", diff)
	}
	page, err := evil.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", "onerror=\"", "\x1b", "\u202e", " style=", "javascript:"} {
		if bytes.Contains(bytes.ToLower(page), []byte(bad)) {
			t.Errorf("%q is in the page", bad)
		}
	}
}

// elements are the names of all elements and attributes of a page, in order.
func elements(t *testing.T, r *receipt.Receipt) []string {
	t.Helper()
	page, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	dec := xml.NewDecoder(bytes.NewReader(bytes.Replace(page, []byte("<!doctype html>"), nil, 1)))
	dec.Strict, dec.AutoClose, dec.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var found []string
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			name := e.Name.Local
			for _, a := range e.Attr {
				name += " " + a.Name.Local
			}
			found = append(found, name)
		}
	}
}

// The content security policy allows this page's style and nothing else: its digest must be that of the text between the
// tags, as a browser computes it.
func TestStyleMatchesThePolicy(t *testing.T) {
	t.Parallel()
	page, err := done().HTML()
	if err != nil {
		t.Fatal(err)
	}
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindSubmatch(page)
	policy := regexp.MustCompile(`content="default-src 'none'; style-src 'sha256-([^']+)';`).FindStringSubmatch(html.UnescapeString(string(page)))
	if style == nil || policy == nil {
		t.Fatalf("no style or no policy in\n%s", page[:500])
	}
	sum := sha256.Sum256(style[1])
	if got := policy[1]; got != base64.StdEncoding.EncodeToString(sum[:]) {
		t.Errorf("the policy allows %s, the style is %s", got, base64.StdEncoding.EncodeToString(sum[:]))
	}
	if bytes.Contains(page, []byte(" style=")) || bytes.Contains(page, []byte("http")) && !bytes.Contains(page, []byte("http-equiv")) {
		t.Error("the page has inline styles, or loads something")
	}
}

// The bars stay within the drawing, also for receipts whose times make no sense.
func TestBarsStayInside(t *testing.T) {
	t.Parallel()
	r := done()
	r.Tables[0].Unload = receipt.Seconds(1e6)
	r.Tables[1].StartedAt = r.StartedAt.Add(-time.Hour)
	r.Tables[2].EndedAt = r.EndedAt.Add(time.Hour)
	page, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?:x|width)="(-?\d+)"`).FindAllSubmatch(page, -1) {
		var n int
		if _, err := fmt.Sscan(string(m[1]), &n); err != nil || n < 0 || n > 3000 {
			t.Errorf("%s", m[0])
		}
	}
}

func TestAgain(t *testing.T) {
	t.Parallel()
	if got := done().Again(); got != "" {
		t.Errorf("after success: %s", got)
	}
	if got, want := failed().Again(), "sealift resume 20261121T101500Z-7f3a"; got != want {
		t.Errorf("got %s", got)
	}
}

// What is said to be next has to help: a file that is wrong is not read by the run again, and nobody else has what a process read from
// standard input.
func TestWhatIsNext(t *testing.T) {
	t.Parallel()
	const again = "go on with: sealift resume 20261121T101500Z-7f3a"
	for name, tc := range map[string]struct {
		change func(r *receipt.Receipt)
		want   string
		not    string
	}{
		"to be mended":    {func(*receipt.Receipt) {}, "when that is mended, " + again, "begin anew for"},
		"interrupted":     {func(r *receipt.Receipt) { r.Tables, r.Failures = r.Tables[3:], nil }, "\n" + again, "begin anew"},
		"a wrong file":    {func(r *receipt.Receipt) { r.Tables, r.Failures = r.Tables[1:2], nil; r.Tables[0].Failure.Anew = true }, "begin anew for " + failed().Tables[1].Target + ", with the command that made this run: sealift resume would come to the same", again},
		"one of several":  {func(r *receipt.Receipt) { r.Tables[1].Failure.Anew = true }, "made this run and --only: sealift resume would come to the same", "no other process"},
		"several go on":   {func(r *receipt.Receipt) { r.Tables[1].Failure.Anew = true }, again, "no other process"},
		"standard input":  {func(r *receipt.Receipt) { r.Tables = r.Tables[3:]; r.Once = true }, "made this run: no other process can go on with this one", again},
		"lost in publish": {func(r *receipt.Receipt) { r.Tables = r.Tables[2:3]; r.Once = true }, again, "begin anew for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := failed()
			tc.change(r)
			page, err := r.HTML()
			if err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(r.Text(receipt.TextOptions{Columns: 400}), "\nbegin", " begin")
			if !strings.Contains(text, tc.want) || strings.Contains(text, tc.not) {
				t.Errorf("want %q, and not %q, in\n%s", tc.want, tc.not, text)
			}
			// Receipts are compared with those that are kept, which may be older: what the plan tells is not in them.
			if text, err := r.Encode(); err != nil || strings.Contains(string(text), `"once"`) {
				t.Errorf("%v in %s", err, text)
			}
			if (r.Again() != "") != strings.Contains(string(page), "Go on with") || r.Anew() != "" && !strings.Contains(string(page), "begin anew") {
				t.Errorf("the page says something else than %q, %q", r.Again(), r.Anew())
			}
		})
	}
}
