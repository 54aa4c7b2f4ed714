package web

import (
	"testing"
	"time"
)

func TestTimesAreUKTimesAsGOVUKWritesThem(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"2026-11-22T06:30:00Z": "6:30am on 22 November 2026",
		"2026-06-01T06:30:00Z": "7:30am on 1 June 2026",
		"2026-06-01T14:00:00Z": "3pm on 1 June 2026",
		"2026-06-01T23:00:00Z": "midnight on 2 June 2026",
		"2026-01-01T12:00:59Z": "midday on 1 January 2026",
		"2026-01-01T12:05:00Z": "12:05pm on 1 January 2026",
		"2026-10-25T00:59:00Z": "1:59am on 25 October 2026",
		"2026-10-25T01:59:00Z": "1:59am on 25 October 2026",
	} {
		at, err := time.Parse(time.RFC3339, given)
		if err != nil {
			t.Fatal(err)
		}
		if got := ukTime(at); got != want {
			t.Errorf("ukTime(%s) = %q, want %q", given, got, want)
		}
	}
	got := string(timeTag(time.Date(2026, 6, 1, 6, 30, 0, 0, time.UTC)))
	if want := `<time datetime="2026-06-01T06:30:00Z">7:30am on 1 June 2026</time>`; got != want {
		t.Errorf("timeTag = %s, want %s", got, want)
	}
}

func TestFiguresReadEasily(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ what, got, want string }{
		{"count", count(24012), "24,012"},
		{"small count", count(7), "7"},
		{"negative count", count(-1234567), "-1,234,567"},
		{"one", counted(1, "row"), "1 row"},
		{"none", counted(0, "row"), "0 rows"},
		{"bytes", fileSize(999), "999 bytes"},
		{"kilobytes", fileSize(45_600), "45.6 KB"},
		{"just under a megabyte", fileSize(999_700), "1.00 MB"},
		{"megabytes", fileSize(5_234_567), "5.23 MB"},
		{"tens of gigabytes", fileSize(34_200_000_000), "34.2 GB"},
		{"whole percentage", percent(0.96), "96%"},
		{"part of a percentage", percent(0.0042), "0.4%"},
		{"all", percent(1), "100%"},
		{"seconds", took(420 * time.Millisecond), "0.4 seconds"},
		{"a clock that went back", took(-time.Second), "0.0 seconds"},
		{"minutes", took(125 * time.Second), "2 minutes 5 seconds"},
		{"hours", roughly(3*time.Hour + 10*time.Minute), "3 hours 10 minutes"},
		{"days", roughly(50 * 24 * time.Hour), "50 days"},
		{"no time", roughly(0), "less than a second"},
		{"words", words("tutor_signed_in"), "Tutor signed in"},
		{"unknown state", string(stateTag("<odd>")), `<strong class="govuk-tag govuk-tag--grey">&lt;odd&gt;</strong>`},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
}
