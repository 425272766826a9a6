// Package md5s takes the MD5 of many short texts at once. The digests of rows are made of such hashes, one for each value, and one
// hash keeps a processor waiting for itself most of the time: where the processor can, sixteen are taken side by side.
//
// MD5 is here because every warehouse has it; see redshift.Digest for what that is worth.
package md5s

import (
	"crypto/md5" //nolint:gosec // the same hash as in the warehouses
	"encoding/binary"
)

// Size is that of a hash, in bytes.
const Size = md5.Size

// lanes is how many hashes are taken side by side.
const lanes = 16

// blockSize is what MD5 takes in at once.
const blockSize = md5.BlockSize

// Batch gathers texts, and then answers their hashes. The zero Batch is empty. It is used by one goroutine.
type Batch struct {
	texts []byte // those that wait: each padded to whole blocks (RFC 1321, 3.1 and 3.2)
	wait  []waiting
	state state
	words words
}

// waiting is a text of a batch: where its blocks begin and end.
type waiting struct{ at, end int }

// state has A, B, C and D of each lane; words a block of each.
type (
	state [4][lanes]uint32
	words [blockSize / 4][lanes]uint32
)

// Add adds a text to those that wait. Its place among them, from 0, is its number. It answers where in Texts it stands.
func (b *Batch) Add(text []byte) int {
	at := len(b.texts)
	b.texts = append(b.texts, text...)
	b.texts = append(b.texts, padding[:1+(2*blockSize-9-len(text)%blockSize)%blockSize]...)
	b.texts = binary.LittleEndian.AppendUint64(b.texts, uint64(len(text))<<3)
	b.wait = append(b.wait, waiting{at, len(b.texts)})
	return at
}

var padding = [blockSize]byte{0x80}

// Len is how many texts wait.
func (b *Batch) Len() int { return len(b.wait) }

// Texts are those that wait, and what belongs to them. Until their hashes are taken, bytes of a text may be put in place.
func (b *Batch) Texts() []byte { return b.texts }

// Each hands over the hash of every text, in no order, with the text's number, and leaves the batch empty.
func (b *Batch) Each(take func(number int, hash [Size]byte)) {
	if len(ways) > 0 {
		b.each(ways[0], take)
	} else {
		b.eachAlone(take)
	}
	b.texts, b.wait = b.texts[:0], b.wait[:0]
}

// eachAlone takes one hash after another.
func (b *Batch) eachAlone(take func(int, [Size]byte)) {
	for n, w := range b.wait {
		size := binary.LittleEndian.Uint64(b.texts[w.end-8:]) >> 3
		take(n, md5.Sum(b.texts[w.at:w.at+int(size)])) //nolint:gosec // as above; the size is that of a slice
	}
}

// each takes hashes side by side: a lane that is done with one text goes on with the next, whatever the others are at. blocks takes a
// block into the state of each lane.
func (b *Batch) each(blocks func(*state, *words), take func(int, [Size]byte)) {
	var numbers [lanes]int
	next, busy := 0, 0
	begin := func(lane int) {
		if next == len(b.wait) {
			numbers[lane] = -1
			return
		}
		numbers[lane] = next
		next++
		busy++
		for i, v := range [4]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476} {
			b.state[i][lane] = v
		}
	}
	for lane := range lanes {
		begin(lane)
	}
	for busy > 0 {
		for lane, n := range numbers {
			if n < 0 {
				continue // what it has is hashed once more, and looked at by nobody
			}
			block := (*[blockSize]byte)(b.texts[b.wait[n].at:])
			for i := range len(b.words) / 2 {
				two := binary.LittleEndian.Uint64(block[8*i : 8*i+8])
				b.words[2*i][lane], b.words[2*i+1][lane] = uint32(two), uint32(two>>32)
			}
		}
		blocks(&b.state, &b.words)
		for lane, n := range numbers {
			if n < 0 {
				continue
			}
			if b.wait[n].at += blockSize; b.wait[n].at < b.wait[n].end {
				continue
			}
			var hash [Size]byte
			for i := range b.state {
				binary.LittleEndian.PutUint32(hash[4*i:], b.state[i][lane])
			}
			take(n, hash)
			busy--
			begin(lane)
		}
	}
}
