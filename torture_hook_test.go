package sealift_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/cli"
	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/effect"
)

// Inside of the program, which is this test binary under another name: SEALIFT_TEST_POINT says what is to happen at its
// effects, which are numbered from 1 as they begin.
//
//	count        nothing; each is told to the bench
//	17 before    the process is killed before the 17th
//	17 answered  once its answer is there, and nothing is written down yet
//	17 unread    the bench is asked to kill it when its answer comes, before the program sees it
//
// The bench listens on descriptor 3 and answers on descriptor 4.
//
// SEALIFT_TEST_HASTE bounds every waiting for a silent network, which would else take minutes of a test.
const (
	pointVariable = "SEALIFT_TEST_POINT"
	hasteVariable = "SEALIFT_TEST_HASTE"
)

func sealiftMain() int {
	connect.TestOnlyHaste, _ = time.ParseDuration(os.Getenv(hasteVariable)) // without it, none
	if spec := os.Getenv(pointVariable); spec != "" {
		sealift.SetPoint(pointHook(spec, os.NewFile(3, "to the bench"), os.NewFile(4, "from the bench")))
	}
	return cli.Main()
}

func pointHook(spec string, out, in *os.File) effect.Hook {
	number, variant, _ := strings.Cut(spec, " ")
	at, _ := strconv.Atoi(number) // 0 where all are counted
	var mu sync.Mutex             // one effect after the other is told, so that a kill is at one point
	n := 0
	begun := map[string][]int{} // numbers of the effects under way, by name
	return func(point string, when effect.Phase) {
		mu.Lock()
		defer mu.Unlock()
		var this int
		if when == effect.Before {
			n++
			this = n
			begun[point] = append(begun[point], n)
			if at == 0 {
				_, _ = fmt.Fprintf(out, "%d %s\n", n, point)
			}
		} else {
			this, begun[point] = begun[point][0], begun[point][1:]
		}
		switch {
		case this != at:
		case variant == string(when):
			_, _ = fmt.Fprintf(out, "%d %s\n", this, point)
			killMyself()
		case variant == "unread" && when == effect.Before:
			_, _ = fmt.Fprintf(out, "%d %s\n", this, point)
			var ready [1]byte
			if _, err := in.Read(ready[:]); err != nil {
				killMyself() // the bench is gone
			}
		}
	}
}

// killMyself ends the process as a machine that loses power does: nothing runs any more, here or in another goroutine.
func killMyself() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // nothing to do about an error, and nobody left to do it
	select {}
}
