package local

import (
	"context"
	"errors"
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
//	func TestMain(m *testing.M) {
//		if err := local.Main(m, &standin); err != nil {
//			log.Fatal(err)
//		}
//	}
//
// The error is that of starting or stopping the stand-in; what the tests came to, package testing remembers.
func Main(m *testing.M, shared **Server, options ...Option) (err error) {
	dir, err := os.MkdirTemp("", "sealift-standin-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	o := Options{Dir: dir, AnyPort: true}
	for _, option := range options {
		option(&o)
	}
	if *shared, err = Up(context.Background(), o); err != nil {
		return err
	}
	m.Run()
	return (*shared).Close()
}
