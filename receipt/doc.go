// Package receipt is what a run came to: per table rows, digests, times, failures; what is staged, what is left, and
// which command comes next. It is folded from plan and journal alone, so that the same account can be made again on
// another machine. It knows no connection.
package receipt
