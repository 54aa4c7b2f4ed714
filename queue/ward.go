package queue

import (
	"context"
	"sync"
)

// ward lets attempts at jobs begin on this worker, and one that may be what kills its workers only where nothing else runs:
// a death then tells something, and takes no other job with it. Its zero value is ready for use.
type ward struct {
	mu      sync.Mutex
	running int           // attempts that run beside each other
	alone   bool          // a suspect runs
	waiting int           // suspects for which this worker takes no other job
	left    chan struct{} // closed when an attempt ends while a suspect waits
}

// enter says whether an attempt may begin now; one that may leaves when it ends.
func (w *ward) enter(suspect bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.alone, suspect && w.running > 0, !suspect && w.waiting > 0:
		return false
	case suspect:
		w.alone = true
	default:
		w.running++
	}
	return true
}

// enterLast waits until what runs has ended, and keeps everything else from beginning meanwhile.
func (w *ward) enterLast(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting++
	defer func() { w.waiting-- }()
	for w.alone || w.running > 0 {
		if w.left == nil {
			w.left = make(chan struct{})
		}
		left := w.left
		w.mu.Unlock()
		select {
		case <-left:
		case <-ctx.Done():
		}
		w.mu.Lock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	w.alone = true
	return nil
}

func (w *ward) leave(suspect bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if suspect {
		w.alone = false
	} else {
		w.running--
	}
	if w.left != nil {
		close(w.left)
		w.left = nil
	}
}

// closed says that no job may be fetched: a suspect runs or waits for its turn.
func (w *ward) closed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.alone || w.waiting > 0
}
