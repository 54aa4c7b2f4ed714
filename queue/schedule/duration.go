package schedule

import (
	"fmt"
	"strings"
	"time"

	"cpd-jobs/internal/clock"
)

// Duration is written as Go writes durations, plus days: "36h", "14d", "1d12h".
type Duration time.Duration

// String writes whole days as days.
func (d Duration) String() string {
	const day = 24 * time.Hour
	whole, rest := time.Duration(d)/day, time.Duration(d)%day
	switch {
	case d == 0:
		return "0s"
	case rest == 0:
		return fmt.Sprintf("%dd", whole)
	case whole == 0:
		return short(rest)
	}
	return fmt.Sprintf("%dd%s", whole, short(rest))
}

func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText is String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is [clock.ParseDuration].
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := clock.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}
