package md5s

import "golang.org/x/sys/cpu"

// sideBySide tells whether this processor takes eight hashes at once.
var sideBySide = cpu.X86.HasAVX2

// blocks takes a block into the state of each lane.
//
//go:noescape
func blocks(s *state, w *words)
