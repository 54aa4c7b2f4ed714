package clock

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var days = regexp.MustCompile(`^(\d{1,5})d`)

// ParseDuration reads a duration that is not negative, as Go writes them, plus days: "36h", "14d", "1d12h".
func ParseDuration(text string) (time.Duration, error) {
	rest := strings.TrimSpace(text)
	var total time.Duration
	if m := days.FindStringSubmatch(rest); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return 0, fmt.Errorf("%q is no duration", text)
		}
		total, rest = time.Duration(n)*24*time.Hour, rest[len(m[0]):]
		if rest == "" {
			return total, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || total+d < 0 { // a sum below 0 has overflowed
		return 0, fmt.Errorf("%q is no duration such as 90s, 15m, 36h or 14d", text)
	}
	return total + d, nil
}
