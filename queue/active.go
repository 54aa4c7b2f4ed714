package queue

import "sync"

// activeJobs knows which jobs this process has in hand: from the start of an attempt until River has written down how
// it ended, which it does in batches, and after an outage much later. A row that says running here and is not among
// them runs nowhere.
type activeJobs struct {
	mu  sync.Mutex
	ids map[int64]inHand
}

// inHand counts attempts, because the next may start before the end of the one before is heard of.
type inHand struct {
	attempts int
	meta     metadata
}

func newActiveJobs() *activeJobs { return &activeJobs{ids: map[int64]inHand{}} }

func (a *activeJobs) started(id int64, meta metadata) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids[id] = inHand{a.ids[id].attempts + 1, meta}
}

// written is called for every end of an attempt that River has written down. It gives back the metadata that the
// attempt began with, where it began: reading them once is a part of a job's cost that shows.
func (a *activeJobs) written(id int64) (meta metadata, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	job, known := a.ids[id]
	if job.attempts--; job.attempts <= 0 {
		delete(a.ids, id)
	} else {
		a.ids[id] = job
	}
	return job.meta, known
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
