package cpd

import (
	"fmt"
	"slices"
	"strings"

	"cpd-jobs/internal/run"
)

// guard refuses a copy in which a table has lost more of its rows than it may, or all of them. A table that was not
// copied before has nothing to lose.
func guard(tables []Table, before, now map[string]Count, allow []string) error {
	var said, names []string
	for _, t := range tables {
		was, is := before[t.String()].Rows, now[t.String()].Rows
		if !lostTooMuch(was, is, t.MaxLoss) || slices.Contains(allow, t.Name) || slices.Contains(names, t.Name) {
			continue
		}
		said = append(said, fmt.Sprintf("%s from %d rows to %d (at most %g %% may go)", t.Name, was, is, t.MaxLoss*100))
		names = append(names, t.Name)
	}
	if len(said) == 0 {
		return nil
	}
	return run.Blocked(
		"nothing was changed; if it is right, allow it once: cpd-jobs run cpd_sync --arg allow="+strings.Join(names, ","),
		"too many rows are gone: %s", join(said))
}

func lostTooMuch(was, is int64, maxLoss float64) bool {
	lost := was - is
	return lost > 0 && (is == 0 || float64(lost) > maxLoss*float64(was))
}
