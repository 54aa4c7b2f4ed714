// Package clock is the one place outside wiring that asks the machine what time it is.
package clock

import "time"

// Now tells the time. Long-lived things take one, so that tests can set it.
type Now func() time.Time

// System is the machine's clock, in UTC.
func System() time.Time { return time.Now().UTC() }
