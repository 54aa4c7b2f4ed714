package schedule

import (
	"container/heap"
	"slices"
	"time"
)

// agenda is who has something to do when, the earliest first. The zero value is empty.
type agenda struct{ items items }

type item struct {
	at  time.Time
	who int
}

// add notes something to do; nothing where at is zero.
func (a *agenda) add(at time.Time, who int) {
	if !at.IsZero() {
		heap.Push(&a.items, item{at, who})
	}
}

// take removes all that is due at the earliest instant, which is zero where nothing is left.
func (a *agenda) take() (at time.Time, who []int) {
	for len(a.items) > 0 && (len(who) == 0 || a.items[0].at.Equal(at)) {
		at = a.items[0].at
		who = append(who, heap.Pop(&a.items).(item).who)
	}
	slices.Sort(who)
	return at, who
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
