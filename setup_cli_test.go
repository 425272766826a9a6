//go:build clients

package sealift_test

import "testing"

// What sealift setup aws writes as a script is run with the real AWS CLI. Each of its commands takes that program about a second.
func TestScriptsOfTheCLI(t *testing.T) { runScripts(t, "testdata/clients") }
