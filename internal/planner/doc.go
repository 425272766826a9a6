// Package planner decides: job and two catalogs in, plan out. It is pure: no connection, no clock, no chance (the nonce
// is given), so every decision is a table test. All mistakes of a job against its catalogs are found in one pass.
//
// Start from Build; select.go says which tables go where, method.go how each is published, steps.go which statements
// that comes to.
package planner
