// Package faulty is the bad network of the tests: proxies that stand between a program and its servers, count every
// message in both directions, and do harm at exactly the one they were told. One proxy speaks PostgreSQL's protocol,
// another HTTP; both see whole messages, so that "the answer was lost, but it was executed" is something they can do on
// purpose.
//
// A Network holds what the proxies of one program have in common: its faults, and what has been seen. A run without
// faults tells what there is to break; Network.Begin with a Fault at one of those places breaks it. It knows nothing of
// Sealift and is imported by tests only.
package faulty
