//go:build !amd64

package md5s

// ways would be how this processor takes a block into the state of each lane.
var ways []func(*state, *words)
