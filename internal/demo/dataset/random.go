package dataset

import "math/bits"

// random is a stream of numbers that belongs to one row of one table (SplitMix64, Steele, Lea and Flood, OOPSLA 2014).
// A row needs no other row, so the parts of a table can be made in any order, at the same time.
type random uint64

const golden = 0x9e3779b97f4a7c15

// rowRandom starts the stream of a row.
func rowRandom(table, row uint64) random {
	r := random(table * golden)
	return random(r.next() + row*golden)
}

func (r *random) next() uint64 {
	*r += golden
	z := uint64(*r)
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// below answers a number from 0 to n-1.
func (r *random) below(n int) int {
	hi, _ := bits.Mul64(r.next(), uint64(n))
	return int(hi)
}

// between answers a number from lo to hi, both included.
func (r *random) between(lo, hi int) int { return lo + r.below(hi-lo+1) }

// oneIn is true once in n times.
func (r *random) oneIn(n int) bool { return r.below(n) == 0 }

func pick[T any](r *random, from []T) T { return from[r.below(len(from))] }
