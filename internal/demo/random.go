package demo

import (
	"hash/fnv"
	"math/rand/v2"

	"cpd-jobs/internal/demo/pgcopy"
)

// rng is one stream of random numbers. Each side of a school's scenario has a stream of its own, named by a topic and
// the school's URN, so that a change to one side moves no other.
type rng struct{ *rand.Rand }

func newRNG(seed uint64, topic string, key uint64) rng {
	return rng{rand.New(rand.NewPCG(seed^hash(topic), key))}
}

// chance is true with probability p.
func (d rng) chance(p float64) bool { return d.Float64() < p }

// between is a whole number from lo to hi, both included.
func (d rng) between(lo, hi int) int { return lo + d.IntN(hi-lo+1) }

// weighted is an index of weights, as likely as its weight says.
func (d rng) weighted(weights ...int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	at := d.IntN(total)
	for i, w := range weights {
		if at < w {
			return i
		}
		at -= w
	}
	return len(weights) - 1
}

// oneOf is one of the items, all equally likely.
func oneOf[T any](d rng, items []T) T { return items[d.IntN(len(items))] }

// tableHashes keeps ids apart by the table's name, so that a table added later leaves the others' ids alone.
var tableHashes = func() (h [tableCount]uint64) {
	for t, spec := range tables {
		h[t] = hash(spec.name)
	}
	return h
}()

// id is the n-th id that a school (or other key) has in a table: a UUID of version 4's shape that depends on nothing
// but these and the seed, so that rows far apart can name one another.
func (w *world) id(t tableID, key, n uint64) pgcopy.UUID {
	return uuidFrom(w.seed^tableHashes[t], key<<40|n)
}

// idOf is id for things that are known by a code.
func (w *world) idOf(t tableID, code string) pgcopy.UUID {
	return uuidFrom(w.seed^tableHashes[t], hash(code))
}

func uuidFrom(hi, lo uint64) pgcopy.UUID {
	p := rand.NewPCG(hi, lo)
	var u pgcopy.UUID
	for i := 0; i < len(u); i += 8 {
		v := p.Uint64()
		for j := range 8 {
			u[i+j] = byte(v >> (8 * j))
		}
	}
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}
