package chaos

import (
	"fmt"
	"testing"
	"time"
)

// figure reports what a test measured, for docs/resilience.md, and wants it to be at most so much.
func figure(t *testing.T, name string, got float64, unit string, atMost float64) {
	t.Helper()
	t.Attr(name, fmt.Sprintf("%.4g %s at most %.4g", got, unit, atMost))
	t.Logf("%s: %.4g %s, at most %.4g", name, got, unit, atMost)
	if got > atMost {
		t.Errorf("%s is %.4g %s, want at most %.4g", name, got, unit, atMost)
	}
}

// took is a figure in seconds since an instant.
func took(t *testing.T, name string, since time.Time, atMost time.Duration) {
	t.Helper()
	figure(t, name, time.Since(since).Seconds(), "s", atMost.Seconds())
}
