package web

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limits bounds how often each address may try something that guessing could break: so many at once, then one each while.
type limits struct {
	mu    sync.Mutex
	every time.Duration
	burst int
	by    map[string]*rate.Limiter
}

// limitsKept is how many addresses are remembered; beyond it all are forgotten, which costs an attacker with as many
// addresses nothing and everybody else no memory.
const limitsKept = 10_000

func newLimits(every time.Duration, burst int) *limits {
	return &limits{every: every, burst: burst, by: map[string]*rate.Limiter{}}
}

// allow says whether an address may try once more.
func (l *limits) allow(address string, now time.Time) bool { return l.of(address).AllowN(now, 1) }

// spent says whether an address has no try left, without using one.
func (l *limits) spent(address string, now time.Time) bool { return l.of(address).TokensAt(now) < 1 }

func (l *limits) of(address string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.by) >= limitsKept {
		clear(l.by)
	}
	if l.by[address] == nil {
		l.by[address] = rate.NewLimiter(rate.Every(l.every), l.burst)
	}
	return l.by[address]
}
