//go:build !amd64

package md5s

// sideBySide tells whether this processor takes eight hashes at once.
const sideBySide = false

func blocks(*state, *words) { panic("md5s: not on this processor") }
