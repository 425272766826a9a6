package source_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/internal/load/source"
)

func write(t *testing.T, path string, text []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gz(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zst(t *testing.T, text []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(text, nil)
}

type entry struct{ name, text string }

func zipped(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.Create(e.name)
		if err == nil {
			_, err = io.WriteString(f, e.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		err := w.WriteHeader(&tar.Header{Name: e.name, Size: int64(len(e.text)), Mode: 0o600, Typeflag: tar.TypeReg})
		if err == nil {
			_, err = io.WriteString(w, e.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read answers "name (packing): text" of every stream.
func read(t *testing.T, o *source.Opener, dir string, arguments ...string) (got []string, err error) {
	t.Helper()
	inputs, _, err := source.Files(arguments, strings.NewReader("from stdin"))
	if err != nil {
		return nil, err
	}
	for _, in := range inputs {
		err = errors.Join(err, o.Each(t.Context(), in, func(s source.Stream) error {
			text, err := io.ReadAll(s)
			if err != nil {
				return err
			}
			name := strings.TrimPrefix(s.Name, dir+"/")
			got = append(got, fmt.Sprintf("%s (%s): %s", name, strings.Join(s.Packing, " "), text))
			return nil
		}))
	}
	return got, err
}

func TestWhatCanBeOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/plain.csv", []byte("a"))
	write(t, dir+"/members.gz", append(gz(t, "b"), gz(t, "c")...))
	write(t, dir+"/wrongly-named.csv", zst(t, []byte("d")))
	write(t, dir+"/archive.zip", zipped(t, entry{"x/e.csv", "e"}, entry{"f.csv.gz", string(gz(t, "f"))}, entry{"__MACOSX/._e", "no"}))
	write(t, dir+"/archive.tgz", gz(t, string(tarred(t, entry{"./g.csv", "g"}, entry{"h.zst", string(zst(t, []byte("h")))}, entry{".DS_Store", "no"}))))
	write(t, dir+"/empty", nil)
	write(t, dir+"/folder/b", []byte("2"))
	write(t, dir+"/folder/a/c", []byte("1"))
	write(t, dir+"/folder/.hidden", []byte("no"))
	write(t, dir+"/folder/_started/x", []byte("no"))
	// Made by bzip2 1.0.8: printf i | bzip2.
	write(t, dir+"/i.bz2", []byte("\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x3f\x9b\x76\xd3\x00\x00\x00\x01\x00\x00\x20\x20\x00\x21\x18\x46\x82\xee\x48\xa7\x0a\x12\x07\xf3\x6e\xda\x60"))
	for argument, want := range map[string][]string{
		"plain.csv":         {"plain.csv (): a"},
		"members.gz":        {"members.gz (gzip): bc"},
		"wrongly-named.csv": {"wrongly-named.csv (zstd): d"},
		"archive.zip":       {"archive.zip!x/e.csv (zip): e", "archive.zip!f.csv.gz (zip gzip): f"},
		"archive.tgz":       {"archive.tgz!./g.csv (gzip tar): g", "archive.tgz!h.zst (gzip tar zstd): h"},
		"empty":             {"empty (): "},
		"folder":            {"folder/a/c (): 1", "folder/b (): 2"},
		"pl*n.csv":          {"plain.csv (): a"},
		"i.bz2":             {"i.bz2 (bzip2): i"},
	} {
		t.Run(argument, func(t *testing.T) {
			t.Parallel()
			got, err := read(t, &source.Opener{Limits: source.DefaultLimits}, dir, dir+"/"+argument)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	got, err := read(t, &source.Opener{Limits: source.DefaultLimits}, dir, "-")
	if err != nil || len(got) != 1 || got[0] != "- (): from stdin" {
		t.Error(got, err)
	}
	_, left, err := source.Files([]string{dir + "/folder"}, nil)
	if diff := cmp.Diff([]string{dir + "/folder/.hidden", dir + "/folder/_started"}, left); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// linkedTar and linkedZip are archives with a link in them: what it leads to is not theirs.
func linkedTar(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: "l.csv", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}), w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func linkedZip(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	h := &zip.FileHeader{Name: "l.csv"}
	h.SetMode(0o777 | fs.ModeSymlink)
	w, err := z.CreateHeader(h)
	if err == nil {
		_, err = w.Write([]byte("/etc/passwd"))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A file that is written under a hidden name until it is whole is passed over by patterns as it is in folders.
func TestAPatternPassesOverHiddenFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a.csv", "_b.csv", ".c.csv", "x/_d/e.csv"} {
		write(t, filepath.Join(dir, name), []byte("id\n1\n"))
	}
	for _, c := range []struct{ pattern, taken, left string }{
		{"*.csv", "a.csv", ".c.csv _b.csv"},
		{"_*.csv", "_b.csv", ""},
		{"?*", "a.csv", ".c.csv _b.csv x/_d"},
		{"*/*/*", "x/_d/e.csv", ""},
		{"_b.csv", "_b.csv", ""},
	} {
		inputs, left, err := source.Files([]string{filepath.Join(dir, c.pattern)}, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.pattern, err)
		}
		var taken []string
		for _, in := range inputs {
			taken = append(taken, strings.TrimPrefix(in.Name, dir+"/"))
		}
		for i := range left {
			left[i] = strings.TrimPrefix(left[i], dir+"/")
		}
		if got := strings.Join(taken, " "); got != c.taken || strings.Join(left, " ") != c.left {
			t.Errorf("%s: %q, and passed over %q", c.pattern, got, left)
		}
	}
	if inputs, _, err := source.Files([]string{filepath.Join(dir, "?[bc]*")}, nil); !errors.Is(err, source.ErrNone) {
		t.Errorf("none but hidden ones: %v, %v", inputs, err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole := gz(t, strings.Repeat("some text, ", 1000))
	write(t, dir+"/short.gz", whole[:len(whole)/2])
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 1
	write(t, dir+"/damaged.gz", flipped)
	write(t, dir+"/short.zst", zst(t, bytes.Repeat([]byte("some text, "), 100000))[:30])
	write(t, dir+"/out.zip", zipped(t, entry{"fine.csv", "a"}, entry{"../../etc/cron.d/x", "b"}))
	write(t, dir+"/out.tar", tarred(t, entry{"/etc/passwd", "b"}))
	write(t, dir+"/link.tar", linkedTar(t))
	write(t, dir+"/link.zip", linkedZip(t))
	write(t, dir+"/nested.tar", tarred(t, entry{"in.zip", string(zipped(t, entry{"a", "a"}))}))
	write(t, dir+"/deep.gz", gz(t, string(gz(t, string(gz(t, string(gz(t, "x"))))))))
	write(t, dir+"/bomb.zst", zst(t, make([]byte, 100<<20)))
	write(t, dir+"/bomb.zip", zipped(t, entry{"zeros", string(make([]byte, 100<<20))}))
	write(t, dir+"/long", bytes.Repeat([]byte("x"), 1<<20))
	for argument, want := range map[string]string{
		"short.gz":   "read DIR/short.gz: the gzip stream is cut short: unexpected EOF",
		"damaged.gz": "read DIR/damaged.gz: gzip: invalid checksum",
		"short.zst":  "read DIR/short.zst: the zstd stream is cut short: unexpected EOF",
		"out.zip":    `DIR/out.zip holds an entry named "../../etc/cron.d/x", which leads out of the archive`,
		"out.tar":    `DIR/out.tar holds an entry named "/etc/passwd", which leads out of the archive`,
		"link.tar":   `DIR/link.tar holds an entry named "l.csv", which is no file`,
		"link.zip":   `DIR/link.zip holds an entry named "l.csv", which is no file`,
		"nested.tar": "DIR/nested.tar!in.zip is a zip archive, whose table of contents stands at its end",
		"deep.gz":    "DIR/deep.gz is packed more than three times (gzip in gzip in gzip)",
		"bomb.zst":   "DIR/bomb.zst unpacks to more than 400 times its size",
		"bomb.zip":   "DIR/bomb.zip!zeros unpacks to more than 400 times its size",
		"missing":    "open DIR/missing: no such file or directory",
		"missing*":   "no file matches DIR/missing*",
		"long":       "DIR/long is longer than 1000000 bytes",
	} {
		t.Run(argument, func(t *testing.T) {
			t.Parallel()
			limits := source.DefaultLimits
			if argument == "long" {
				limits.Size = 1e6
			}
			_, err := read(t, &source.Opener{Limits: limits}, dir, dir+"/"+argument)
			if err == nil || strings.ReplaceAll(err.Error(), dir, "DIR") != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

func TestReadCountsStoredBytes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := &source.Opener{Limits: source.DefaultLimits}
	text := gz(t, strings.Repeat("abc", 1e6))
	if _, err := read(t, o, dir, write(t, dir+"/a.gz", text)); err != nil || o.Read.Load() != int64(len(text)) {
		t.Errorf("%d bytes counted of %d, %v", o.Read.Load(), len(text), err)
	}
}

// FuzzOpen: nothing that is read panics, and nothing passes its limits.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("a,b\n"))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x20})
	f.Fuzz(func(t *testing.T, text []byte) {
		o := &source.Opener{Limits: source.Limits{Ratio: 100, Size: 1 << 20}}
		in := source.Input{
			Name: "x", Size: int64(len(text)),
			Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
			At:   func(context.Context) (source.ReaderAt, error) { return closing{bytes.NewReader(text)}, nil },
		}
		err := o.Each(t.Context(), in, func(s source.Stream) error {
			n, err := io.Copy(io.Discard, s)
			if n > 2<<20 {
				t.Fatalf("%d bytes came out", n)
			}
			return err
		})
		if err != nil && !strings.Contains(err.Error(), "x") {
			t.Fatalf("%v does not say of what", err)
		}
	})
}

type closing struct{ io.ReaderAt }

func (closing) Close() error { return nil }
