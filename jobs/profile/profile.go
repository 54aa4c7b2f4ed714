// Package profile describes the columns of what a source sent: how many values, how many different ones, the shortest
// and longest, smallest and largest, the most frequent. Profiles are kept with the versions of a source, so that a
// column that drifts can be seen. What is too much is left to package guard.
package profile

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"math"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// Column is the profile of one column.
type Column struct {
	Part   string `json:"part"` // establishments, links, or a table
	Name   string `json:"column" db:"column_name"`
	Rows   int64  `json:"rows"`
	Filled int64  `json:"filled"`
	// Unreadable values are not filled: they say nothing.
	Unreadable int64 `json:"unreadable"`
	// Distinct is exact where there are few, else near enough; 0 where it is not known.
	Distinct int64 `json:"distinct" db:"distinct_values"`
	// Shortest and Longest are in characters, nil where no value has a length.
	Shortest *int64 `json:"shortest"`
	Longest  *int64 `json:"longest"`
	// Smallest, Largest and Frequent are empty for personal data.
	Smallest *string    `json:"smallest"`
	Largest  *string    `json:"largest"`
	Frequent []Frequent `json:"frequent"`
	// Forms says in which forms the values stood, where there are several.
	Forms string `json:"forms,omitempty"`
}

// Frequent is one of the most frequent values.
type Frequent struct {
	Value string `json:"value"`
	Rows  int64  `json:"rows"`
}

// Top is the most frequent value and its share of the filled ones.
func (c Column) Top() (value string, share float64) {
	if len(c.Frequent) == 0 || c.Filled == 0 {
		return "", 0
	}
	return c.Frequent[0].Value, float64(c.Frequent[0].Rows) / float64(c.Filled)
}

const (
	// exactValues is how many different values are counted exactly. With more, each value shares one of the slots with
	// those of the same hash, and the slot keeps the one that comes most: one in every hundred rows is found, and its
	// count is at most what the others of its slot took away too small.
	exactValues = 512
	slots       = 1024
	// keptFrequent and maxShown are how many values are kept with a profile, and how much of each.
	keptFrequent = 5
	maxShown     = 100
	// sketchBits is the room for counting different values: up to half as many are told within two in a hundred.
	sketchBits = 1 << 17
)

// Collector makes the profile of a column from its values. It is not safe for concurrent use.
type Collector struct {
	// Number compares values by their size and not as texts.
	Number bool
	// Personal keeps no value.
	Personal bool

	rows, filled      int64
	shortest, longest int
	smallest, largest []byte
	exact             map[string]*int64 // nil once there are too many
	last              []byte
	lastCount         *int64 // of last, nil where it is not counted exactly
	slots             []slot
	sketch            []uint64
}

type slot struct {
	value []byte
	rows  int64
}

// seed is one for all, so that equal values meet.
var seed = maphash.MakeSeed()

// Add counts one value, nil for none. It keeps no part of it.
func (c *Collector) Add(value []byte) {
	c.rows++
	if value == nil {
		return
	}
	c.filled++
	switch {
	case c.lastCount != nil && bytes.Equal(value, c.last):
		*c.lastCount++
	case c.slots != nil:
		c.addToSlot(value, 1)
		c.measure(value)
	default:
		c.addExactly(value)
	}
}

func (c *Collector) addExactly(value []byte) {
	if c.exact == nil {
		c.exact, c.shortest = map[string]*int64{}, math.MaxInt
	}
	n := c.exact[string(value)]
	if n == nil {
		c.measure(value)
		n = new(int64)
		c.exact[string(value)] = n
	}
	*n++
	c.last, c.lastCount = append(c.last[:0], value...), n
	if len(c.exact) > exactValues {
		c.slots, c.sketch, c.lastCount = make([]slot, slots), make([]uint64, sketchBits/64), nil
		for v, n := range c.exact {
			c.addToSlot([]byte(v), *n)
		}
		c.exact = nil
	}
}

func (c *Collector) addToSlot(value []byte, rows int64) {
	hash := maphash.Bytes(seed, value)
	bit := hash % sketchBits
	c.sketch[bit/64] |= 1 << (bit % 64)
	switch s := &c.slots[hash>>32%slots]; {
	case bytes.Equal(s.value, value):
		s.rows += rows
	case s.rows < rows:
		s.value, s.rows = append(s.value[:0], value...), rows-s.rows
	default:
		s.rows -= rows
	}
}

// measure takes the length and the order of a value.
func (c *Collector) measure(value []byte) {
	n := utf8.RuneCount(value)
	c.shortest, c.longest = min(c.shortest, n), max(c.longest, n)
	if c.smallest == nil || c.less(value, c.smallest) {
		c.smallest = append(c.smallest[:0], value...)
	}
	if c.largest == nil || c.less(c.largest, value) {
		c.largest = append(c.largest[:0], value...)
	}
}

func (c *Collector) less(a, b []byte) bool {
	if c.Number && len(a) != len(b) {
		return len(a) < len(b)
	}
	return bytes.Compare(a, b) < 0
}

// Profile is what was collected.
func (c *Collector) Profile(part, column string) Column {
	p := Column{Part: part, Name: column, Rows: c.rows, Filled: c.filled, Distinct: c.distinct(), Frequent: []Frequent{}}
	if c.filled == 0 {
		return p
	}
	shortest, longest := int64(c.shortest), int64(c.longest)
	p.Shortest, p.Longest = &shortest, &longest
	if c.Personal {
		return p
	}
	smallest, largest := shown(string(c.smallest)), shown(string(c.largest))
	p.Smallest, p.Largest = &smallest, &largest
	for v, n := range c.exact {
		p.Frequent = append(p.Frequent, Frequent{shown(v), *n})
	}
	for _, s := range c.slots {
		if s.rows > 0 {
			p.Frequent = append(p.Frequent, Frequent{shown(string(s.value)), s.rows})
		}
	}
	slices.SortFunc(p.Frequent, func(a, b Frequent) int { return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Value, b.Value)) })
	p.Frequent = p.Frequent[:min(keptFrequent, len(p.Frequent))]
	return p
}

// distinct counts exactly while there are few; beyond that by how many of the sketch's bits are still free.
func (c *Collector) distinct() int64 {
	if c.slots == nil {
		return int64(len(c.exact))
	}
	used := 0
	for _, word := range c.sketch {
		used += bits.OnesCount64(word)
	}
	free := max(1, sketchBits-used)
	return min(c.filled, int64(math.Round(sketchBits*math.Log(float64(sketchBits)/float64(free)))))
}

func shown(value string) string {
	if runes := []rune(value); len(runes) > maxShown {
		return string(runes[:maxShown-1]) + "…"
	}
	return value
}
