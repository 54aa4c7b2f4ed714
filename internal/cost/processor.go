package cost

import (
	"sync"
	"syscall"
	"time"

	"cpd-jobs/internal/clock"
)

// closely is how exact a part is: the system is asked no more often, for thousands of jobs a second would wait for its
// answers.
const closely = time.Millisecond

// Processor divides this process's processor time among the jobs that run, in equal parts. It is safe for concurrent
// use.
type Processor struct {
	// Used says how much the process has used so far.
	Used func() time.Duration
	Now  clock.Now

	mu      sync.Mutex
	running int
	asked   time.Time     // when Used was
	last    time.Duration // what it said
	each    time.Duration // what a job that ran from the beginning would have been given
}

// Start says that one more runs. The function that it returns says that it no longer does, and what its part was.
func (p *Processor) Start() (stop func() time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.divide()
	p.running++
	before := p.each
	return func() time.Duration {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.divide()
		p.running--
		return p.each - before
	}
}

// divide gives what was used since the last time to those who ran meanwhile.
func (p *Processor) divide() {
	now := p.Now()
	if since := now.Sub(p.asked); since >= 0 && since < closely {
		return
	}
	used := p.Used()
	p.asked = now
	if p.running > 0 {
		p.each += (used - p.last) / time.Duration(p.running)
	}
	p.last = used
}

// Used is the processor time of this process so far, user and system; 0 where the system does not say.
func Used() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
