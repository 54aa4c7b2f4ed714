package schedule

import (
	"container/heap"
	"slices"
	"time"
)

// timeline holds when each of several schedules, known by their index, is due, the earliest first. The zero value is
// empty.
type timeline struct{ items items }

type item struct {
	at    time.Time
	index int
}

// add notes that a schedule is due; nothing where at is zero.
func (t *timeline) add(at time.Time, index int) {
	if !at.IsZero() {
		heap.Push(&t.items, item{at, index})
	}
}

// next removes the schedules that are due at the earliest instant, which is zero where none is left.
func (t *timeline) next() (at time.Time, due []int) {
	for len(t.items) > 0 && (len(due) == 0 || t.items[0].at.Equal(at)) {
		at = t.items[0].at
		due = append(due, heap.Pop(&t.items).(item).index)
	}
	slices.Sort(due)
	return at, due
}

// items is a heap.
type items []item

func (h items) Len() int           { return len(h) }
func (h items) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h items) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *items) Push(x any)        { *h = append(*h, x.(item)) }
func (h *items) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
