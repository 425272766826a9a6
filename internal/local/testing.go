package local

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// Option changes the stand-in that Start starts.
type Option func(*Options)

// Start starts a stand-in for one test, in a folder of its own and on free ports. It ends with the test.
func Start(tb testing.TB, options ...Option) *Server {
	tb.Helper()
	o := Options{Dir: tb.TempDir(), AnyPort: true}
	for _, option := range options {
		option(&o)
	}
	s, err := Up(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("stop the stand-in: %v", err)
		}
	})
	return s
}

// Main runs the tests of a package with one stand-in that they share, for TestMain:
//
//	var standin *local.Server
//
//	func TestMain(m *testing.M) { os.Exit(local.Main(m, &standin)) }
func Main(m *testing.M, shared **Server, options ...Option) (code int) {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "sealift-standin-")
	if err != nil {
		return fail(err)
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			code = fail(err)
		}
	}()
	o := Options{Dir: dir, AnyPort: true}
	for _, option := range options {
		option(&o)
	}
	if *shared, err = Up(context.Background(), o); err != nil {
		return fail(err)
	}
	code = m.Run()
	if err := (*shared).Close(); err != nil {
		return fail(err)
	}
	return code
}
