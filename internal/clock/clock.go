// Package clock is the one place outside wiring that asks the machine what time it is, and that waits for time to pass.
package clock

import (
	"context"
	"time"
)

// Now tells the time. Long-lived things take one, so that tests can set it.
type Now func() time.Time

// System is the machine's clock, in UTC.
func System() time.Time { return time.Now().UTC() }

// Wait passes the time d, or returns the cause of the end of ctx.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
