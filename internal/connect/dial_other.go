//go:build !linux

package connect

import "syscall"

// limitSilence has no setting to make here: keepalive alone finds a dead connection.
func limitSilence(string, string, syscall.RawConn) error { return nil }
