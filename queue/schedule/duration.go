package schedule

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is written as Go writes durations, plus days: "36h", "14d", "1d12h".
type Duration time.Duration

var days = regexp.MustCompile(`^(\d{1,5})d`)

// ParseDuration reads a duration that is not negative.
func ParseDuration(text string) (Duration, error) {
	rest := strings.TrimSpace(text)
	var total time.Duration
	if m := days.FindStringSubmatch(rest); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return 0, fmt.Errorf("%q is no duration", text)
		}
		total, rest = time.Duration(n)*24*time.Hour, rest[len(m[0]):]
		if rest == "" {
			return Duration(total), nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || total+d < 0 { // a sum below 0 has overflowed
		return 0, fmt.Errorf("%q is no duration such as 90s, 15m, 36h or 14d", text)
	}
	return Duration(total + d), nil
}

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

// UnmarshalText is ParseDuration.
func (d *Duration) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDuration(string(text))
	return err
}
