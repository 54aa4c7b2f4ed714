package queue

import (
	"sync/atomic"
	"time"

	"cpd-jobs/internal/clock"
)

// databaseClock tells the database's time from this machine's, whose clock may be wrong. It is what retries are timed
// by: the database decides when they are due. Before the first comparison it is the machine's clock.
type databaseClock struct {
	local clock.Now
	ahead atomic.Int64 // nanoseconds by which the database is ahead
}

// compare takes the database's answer to a question that was asked and answered at two moments of the local clock. A
// difference below a second is left alone: the answer took its time.
func (c *databaseClock) compare(asked, answered, database time.Time) {
	ahead := database.Sub(asked.Add(answered.Sub(asked) / 2))
	if ahead.Abs() < time.Second+answered.Sub(asked) {
		ahead = 0
	}
	c.ahead.Store(int64(ahead))
}

// Now is the database's time.
func (c *databaseClock) Now() time.Time { return c.local().Add(time.Duration(c.ahead.Load())) }

// NowOrNil is nil: where River can, it leaves the time to the database.
func (c *databaseClock) NowOrNil() *time.Time { return nil }
