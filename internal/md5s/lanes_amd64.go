package md5s

import "golang.org/x/sys/cpu"

// ways are how this processor takes a block into the state of each lane, the fastest first; none where it takes one hash after another.
var ways = func() (ways []func(*state, *words)) {
	if cpu.X86.HasAVX512F {
		ways = append(ways, sixteen)
	}
	if cpu.X86.HasAVX2 {
		ways = append(ways, func(s *state, w *words) {
			eight(s, w, 0)
			eight(s, w, lanes/2)
		})
	}
	return ways
}()

// eight takes a block into the state of eight lanes, from first on.
//
//go:noescape
func eight(s *state, w *words, first int)

// sixteen takes a block into the state of every lane.
//
//go:noescape
func sixteen(s *state, w *words)
