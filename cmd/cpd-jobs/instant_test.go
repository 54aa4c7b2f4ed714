package main

import (
	"testing"
	"time"
)

func TestInstants(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-11-22T06:10:00Z":      "2026-11-22T06:10:00Z",
		"2026-07-01T06:10:00+02:00": "2026-07-01T04:10:00Z",
		"2026-07-01":                "2026-06-30T23:00:00Z",
		"2026-12-01":                "2026-12-01T00:00:00Z",
		"2026-07-01T06:10":          "2026-07-01T05:10:00Z",
		"2026-12-01 06:10:30":       "2026-12-01T06:10:30Z",
		"2026-02-30":                "",
		"tomorrow":                  "",
	} {
		got, err := parseInstant(text)
		if (err != nil) != (want == "") || err == nil && got.Format(time.RFC3339) != want {
			t.Errorf("%q is %s (%v), want %s", text, got.Format(time.RFC3339), err, want)
		}
	}
}
