package names

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCut(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":                              "",
		"short":                         "short",
		strings.Repeat("x", 127):        strings.Repeat("x", 127),
		strings.Repeat("x", 128):        strings.Repeat("x", 127),
		strings.Repeat("é", 64):         strings.Repeat("é", 63),
		strings.Repeat("x", 126) + "é":  strings.Repeat("x", 126),
		strings.Repeat("x", 125) + "é":  strings.Repeat("x", 125) + "é",
		strings.Repeat("x", 124) + "😀é": strings.Repeat("x", 124),
		strings.Repeat("\x80", 128):     strings.Repeat("\x80", 127),
	} {
		if got := Cut(name); got != want {
			t.Errorf("%q is cut to %q, not %q", name, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	x := strings.Repeat("x", 126)
	if kept := x[:63]; Short(kept) != kept {
		t.Errorf("63 bytes go by %q", Short(kept))
	}
	if Short(x+"1") == Short(x+"2") || Short(x+"1") != Short(x+"12") {
		t.Error("names are told apart by their last byte, and not by what is cut off")
	}
	for name, plain := range map[string]bool{
		x: true, x[:64]: true, x + "A": false, x[:100] + " b": false, "1" + x: false, "_1" + x: true, strings.Repeat("é", 40): false, x[:64] + `"`: false,
	} {
		short := Short(name)
		if len(short) > Kept || !utf8.ValidString(short) || strings.Contains(short, "~") == plain {
			t.Errorf("%q goes by %q", name, short)
		}
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	var none *Registry
	var r Registry
	a, b := strings.Repeat("n", 126)+"a", strings.Repeat("n", 126)+"b"
	quotes := strings.Repeat("q", 100) + ` "x"`
	early := `"x"` + strings.Repeat("q", 100)
	for _, r := range []*Registry{none, &r} {
		if _, changed := r.Value([]byte(Short(a))); changed || r.Any() || r.Long(Short(a)) != Short(a) {
			t.Error("without names something changes")
		}
	}
	r.Add("few")
	if r.Any() {
		t.Error("a name that PostgreSQL keeps is none of a registry's")
	}
	r.Add(a, quotes)
	r.Add(early)
	if !r.Known(a) || r.Known(b) || !r.Known(early) || r.Known("few") || r.Known(Short(a)) || r.Known(a+"x") {
		t.Error("the wrong names are known")
	}
	for text, want := range map[string]string{
		"":                                      "",
		Short(a):                                a,
		Short(b):                                Short(b),
		"x" + Short(a) + Short(a) + "y":         "x" + a + a + "y",
		Short(a)[1:]:                            Short(a)[1:], // its end alone is no name
		"9q" + Short(a):                         "9q" + a,
		Short(a)[:60]:                           Short(a)[:60],
		`"` + Short(quotes) + `", "` + Short(a): `"` + quotes + `", "` + a,
	} {
		if got := r.Long(text); got != want {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
	doubled := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	for text, want := range map[string]string{
		Short(quotes):          quotes,
		doubled(Short(quotes)): doubled(quotes),
		Short(early):           early,
		doubled(Short(early)):  doubled(early),
		"data":                 "",

		Short(a) + strings.Repeat(" ", 127-63): a, // a CHAR(127)
		Short(a) + " ":                         a + " ",
	} {
		if got, _ := r.Value([]byte(text)); string(got) != want {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
}

// array is one of texts in PostgreSQL's binary format; NULL is nil.
func array(elements ...[]byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, 1)
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint32(b, 19)
	b = binary.BigEndian.AppendUint32(b, uint32(len(elements)))
	b = binary.BigEndian.AppendUint32(b, 1)
	for _, e := range elements {
		if e == nil {
			b = binary.BigEndian.AppendUint32(b, 1<<32-1)
			continue
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(e))), e...)
	}
	return b
}

func TestArray(t *testing.T) {
	t.Parallel()
	var r Registry
	a := strings.Repeat("n", 127)
	r.Add(a)
	got, changed := r.Value(array([]byte("x"), nil, []byte(Short(a)), []byte{}))
	if want := array([]byte("x"), nil, []byte(a), []byte{}); !changed || string(got) != string(want) {
		t.Errorf("%q is not %q", got, want)
	}
	whole := array([]byte(Short(a)))
	for n := range whole {
		if _, changed := r.Value(whole[:n]); changed {
			t.Errorf("%d bytes of an array are changed", n)
		}
	}
	integers := array([]byte(Short(a)))
	integers[11] = 23
	if _, changed := r.Value(integers); changed {
		t.Error("an array of another type is changed")
	}
	if _, changed := r.Value(array([]byte("x"))); changed {
		t.Error("an array without long names is changed")
	}
}

// FuzzValue: what is no array stays valid, and a name comes back whatever is around it.
func FuzzValue(f *testing.F) {
	f.Add("a ", "b", []byte{0, 1})
	f.Fuzz(func(t *testing.T, before, behind string, value []byte) {
		var r Registry
		long := strings.Repeat("n", 100)
		r.Add(long)
		if got := r.Long(before + Short(long) + behind); !strings.Contains(before, mark) && got != before+long+r.Long(behind) {
			t.Errorf("%q", got)
		}
		if _, changed := r.Value(value); changed && !bytes.Contains(value, []byte(mark)) {
			t.Errorf("%q was changed", value)
		}
	})
}
