// Package check tries what a job needs before a run needs it. A Check is one thing that is tried, with what has to be there
// first; Run tries all of them, as many at once as their order allows. Judge holds the rights of the database users against what
// a plan will do, and says which grants are missing.
//
// The package does not know how anything is tried: whoever makes the checks brings that along.
package check
