package reports_test

import (
	"cmp"
	"cpd-jobs/internal/testing/reporttest"
	"slices"
	"strings"
	"time"
)

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	}
	return 0, false
}

// moment reads a time of the service: UTC, with or without saying so.
func moment(v any) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339Nano, strings.TrimSuffix(reporttest.Text(v), "Z")+"Z")
	if err != nil {
		at, err = time.Parse(time.RFC3339Nano, reporttest.Text(v))
	}
	return at.UTC(), err == nil
}

// shown is a time as the report has it.
func shown(v any) any {
	at, ok := moment(v)
	if !ok {
		return nil
	}
	return at.Format(time.RFC3339Nano)
}

// latest is the row with the latest of the times, a missing one counting as earliest of all; of equal ones, the next
// time decides and at last the smallest id.
func latest(rows []reporttest.Row, columns ...string) reporttest.Row {
	if len(rows) == 0 {
		return nil
	}
	return slices.MinFunc(rows, func(a, b reporttest.Row) int {
		for _, c := range columns {
			if order := descending(a[c], b[c]); order != 0 {
				return order
			}
		}
		return cmp.Compare(reporttest.Text(a["id"]), reporttest.Text(b["id"]))
	})
}

// descending orders years or times, latest first and missing ones last.
func descending(a, b any) int {
	x, y := sortable(a), sortable(b)
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return 1
	case y == nil:
		return -1
	}
	return cmp.Compare(*y, *x)
}

func sortable(v any) *float64 {
	if n, ok := number(v); ok {
		return &n
	}
	if at, ok := moment(v); ok {
		n := float64(at.UnixMicro())
		return &n
	}
	return nil
}

func keep(rows []reporttest.Row, wanted func(reporttest.Row) bool) []reporttest.Row {
	var list []reporttest.Row
	for _, r := range rows {
		if wanted(r) {
			list = append(list, r)
		}
	}
	return list
}
