package queue

import "sync"

// activeJobs knows which jobs this process has in hand: from the start of an attempt until River has written down how it
// ended, which it does in batches, and after an outage much later. A row that says running here and is not among them
// runs nowhere.
type activeJobs struct {
	mu  sync.Mutex
	ids map[int64]int // attempts, because the next may start before the end of the one before is heard of
}

func newActiveJobs() *activeJobs { return &activeJobs{ids: map[int64]int{}} }

func (a *activeJobs) started(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids[id]++
}

// written is called for every end of an attempt that River has written down.
func (a *activeJobs) written(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ids[id]--; a.ids[id] <= 0 {
		delete(a.ids, id)
	}
}

func (a *activeJobs) list() []int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	ids := make([]int64, 0, len(a.ids))
	for id := range a.ids {
		ids = append(ids, id)
	}
	return ids
}
