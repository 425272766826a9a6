package query

import (
	"encoding/xml"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParams(t *testing.T) {
	t.Parallel()
	p, err := Parse("Action=A&Version=1&Name=a%20b&N=12&Yes=true&Tags.member.2.Key=b&Tags.member.10.Key=c&Tags.member.1.Key=a&Tags.member.1.Value=x" +
		"&Tags.member.x.Key=no&Tags.member.01.Key=no&Roles.Arn.2=r2&Roles.Arn.1=r1&Bad=maybe")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, tag := range p.Structs("Tags", "member") {
		keys = append(keys, tag.Get("Key")+"="+tag.Get("Value"))
	}
	if diff := cmp.Diff([]string{"a=x", "b=", "c="}, keys); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"r1", "r2"}, p.Strings("Roles", "Arn")); diff != "" {
		t.Error(diff)
	}
	if p.Get("Name") != "a b" || !p.Has("Tags") || p.Has("Tag") || !p.Has("Yes") {
		t.Error("names are found wrongly")
	}
	if n, err := p.Int("N", 1); n != 12 || err != nil {
		t.Errorf("N is %d, %v", n, err)
	}
	if n, err := p.Int("None", 7); n != 7 || err != nil {
		t.Errorf("None is %d, %v", n, err)
	}
	if b, err := p.Bool("Yes"); !b || err != nil {
		t.Errorf("Yes is %v, %v", b, err)
	}
	for name, err := range map[string]error{
		"text as number": second(p.Int("Name", 0)), "text as truth": second(p.Bool("Bad")), "missing": second(p.Need("None")),
		"unknown": p.Only("s", "A", "Name", "N", "Yes", "Tags", "Roles"),
	} {
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := p.Only("s", "A", "Name", "N", "Yes", "Tags", "Roles", "Bad"); err != nil {
		t.Error(err)
	}
	if _, err := Parse("a=%zz"); err == nil {
		t.Error("a broken escape was taken")
	}
}

func second[T any](_ T, err error) error { return err }

func TestWrite(t *testing.T) {
	t.Parallel()
	type member struct{ Name string }
	w := httptest.NewRecorder()
	err := Write(w, "https://example.com/doc/", "ListThings", "id-1", &struct {
		Things []member `xml:"Things>member"`
	}{[]member{{"a<b"}, {"c"}}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `<ListThingsResponse xmlns="https://example.com/doc/"><ListThingsResult><Things><member><Name>a&lt;b</Name></member><member><Name>c</Name></member></Things></ListThingsResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></ListThingsResponse>`
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Error(diff)
	}
	if w.Header().Get("X-Amzn-Requestid") != "id-1" || w.Header().Get("Content-Type") != "text/xml" {
		t.Errorf("headers %v", w.Header())
	}
	w = httptest.NewRecorder()
	if err := Write(w, "https://example.com/doc/", "TagThing", "id-2", nil); err != nil || strings.Contains(w.Body.String(), "TagThingResult") {
		t.Errorf("%s, %v", w.Body, err)
	}
}

func FuzzParams(f *testing.F) {
	f.Add("Tags.member.1.Key=a&Tags.member.2.Key=b")
	f.Add("a.member.99999999999999999999=x&a.member.-1=y&a.member.+1=z")
	f.Fuzz(func(t *testing.T, body string) {
		p, err := Parse(body)
		if err != nil {
			return
		}
		// A list is never longer than the body has parameters, whatever numbers it names.
		if n := len(p.Structs("a", "member")); n > strings.Count(body, "&")+1 {
			t.Errorf("%d items from %q", n, body)
		}
		w := httptest.NewRecorder()
		if err := Write(w, "n", "A", "r", &struct{ Text string }{p.Get("a")}); err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(w.Body.Bytes(), new(struct{})); err != nil {
			t.Errorf("not XML: %s: %v", w.Body, err)
		}
	})
}
