package cost

import (
	"sync"
	"syscall"
	"time"
)

// Processor divides this process's processor time among the jobs that run, in equal parts. It is safe for concurrent use.
type Processor struct {
	// Used says how much the process has used so far.
	Used func() time.Duration

	mu      sync.Mutex
	running int
	last    time.Duration // used when somebody last started or stopped
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
	used := p.Used()
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
