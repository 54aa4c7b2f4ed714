package cron

import (
	"testing"
	"time"
)

// ticks lists n ticks after from, in the zone's own time with its offset.
func ticks(t *testing.T, expression, zone, from string, n int) []string {
	t.Helper()
	at, err := time.Parse(time.RFC3339, from)
	if err != nil {
		t.Fatal(err)
	}
	s := mustParse(t, expression, zone)
	var list []string
	for range n {
		at = s.Next(at)
		list = append(list, at.In(s.Zone()).Format("2006-01-02T15:04-07:00"))
	}
	return list
}

func mustParse(t *testing.T, expression, zone string) Spec {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(expression, loc, false)
	if err != nil {
		t.Fatalf("Parse(%q): %v", expression, err)
	}
	return s
}

func TestClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		title, expression, zone, from string
		want                          []string
	}{
		{
			"a night run in the hour that spring skips comes at the first moment after it",
			"30 1 * * *", "Europe/London", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T02:00+01:00", "2026-03-30T01:30+01:00"},
		},
		{
			"a night run in the hour that autumn repeats comes once, the first time",
			"30 1 * * *", "Europe/London", "2026-10-24T12:00:00Z",
			[]string{"2026-10-25T01:30+01:00", "2026-10-26T01:30+00:00"},
		},
		{
			"an hourly job runs at every real hour through spring",
			"10 * * * *", "Europe/London", "2026-03-29T00:00:00Z",
			[]string{"2026-03-29T00:10+00:00", "2026-03-29T02:10+01:00", "2026-03-29T03:10+01:00"},
		},
		{
			"and through autumn",
			"10 * * * *", "Europe/London", "2026-10-24T23:30:00Z",
			[]string{"2026-10-25T01:10+01:00", "2026-10-25T01:10+00:00", "2026-10-25T02:10+00:00"},
		},
		{
			"several labels in the gap are one tick, that of the moment after it included",
			"*/20 1-2 * * *", "Europe/London", "2026-03-29T00:00:00Z",
			[]string{"2026-03-29T02:00+01:00", "2026-03-29T02:20+01:00", "2026-03-29T02:40+01:00", "2026-03-30T01:00+01:00"},
		},
		{
			"minutes in an hour range are not repeated in autumn",
			"*/30 1 * * *", "Europe/London", "2026-10-24T12:00:00Z",
			[]string{"2026-10-25T01:00+01:00", "2026-10-25T01:30+01:00", "2026-10-26T01:00+00:00"},
		},
		{
			"New York",
			"30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z",
			[]string{"2026-03-08T03:00-04:00", "2026-03-09T02:30-04:00"},
		},
		{
			"Lord Howe moves by half an hour, forward",
			"15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
			[]string{"2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"},
		},
		{
			"and back",
			"45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z",
			[]string{"2026-04-05T01:45+11:00", "2026-04-06T01:45+10:30"},
		},
		{
			"Lord Howe hourly through the half hour that comes twice",
			"45 * * * *", "Australia/Lord_Howe", "2026-04-04T14:00:00Z",
			[]string{"2026-04-05T01:45+11:00", "2026-04-05T01:45+10:30", "2026-04-05T02:45+10:30"},
		},
		{
			"Sao Paulo skipped midnight in 2017",
			"0 0 * * *", "America/Sao_Paulo", "2017-10-14T12:00:00Z",
			[]string{"2017-10-15T01:00-02:00", "2017-10-16T00:00-02:00"},
		},
		{
			"Casablanca turns back for Ramadan",
			"30 2 * * *", "Africa/Casablanca", "2025-02-22T12:00:00Z",
			[]string{"2025-02-23T02:30+01:00", "2025-02-24T02:30+00:00"},
		},
		{
			"Kathmandu is a quarter of an hour off",
			"0 6 * * *", "Asia/Kathmandu", "2026-01-01T00:00:00Z",
			[]string{"2026-01-01T06:00+05:45", "2026-01-02T06:00+05:45"},
		},
		{
			"Apia had no 30 December 2011: its ticks are one, at the first moment after",
			"0 9 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z",
			[]string{"2011-12-29T09:00-10:00", "2011-12-31T00:00+14:00", "2011-12-31T09:00+14:00"},
		},
	} {
		t.Run(c.title, func(t *testing.T) {
			t.Parallel()
			got := ticks(t, c.expression, c.zone, c.from, len(c.want))
			for i := range c.want {
				if got[i] != c.want[i] {
					t.Fatalf("%s in %s:\n got %v\nwant %v", c.expression, c.zone, got, c.want)
				}
			}
		})
	}
}

// In London every day has exactly one tick of a daily job, whatever its hour, for all the years that the tz data
// describe.
func TestOneTickADayInLondon(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{"30 0 * * *", "0 1 * * *", "30 1 * * *", "59 1 * * *", "0 2 * * *", "30 2 * * *"} {
		s := mustParse(t, expression, "Europe/London")
		at := time.Date(2019, 12, 31, 23, 59, 0, 0, time.UTC)
		for d := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2038; d = d.AddDate(0, 0, 1) {
			at = s.Next(at)
			if got, want := at.In(s.Zone()).Format(time.DateOnly), d.Format(time.DateOnly); got != want {
				t.Fatalf("%s: tick on %s, want one on %s", expression, got, want)
			}
		}
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		title, expression, from string
		want                    []string
	}{
		{"either day", "0 9 13 * 5", "2026-11-01T00:00:00Z", []string{"2026-11-06T09:00+00:00", "2026-11-13T09:00+00:00", "2026-11-20T09:00+00:00"}},
		{"both days where one begins with a star", "0 9 */2 * 1", "2026-11-01T00:00:00Z", []string{"2026-11-09T09:00+00:00", "2026-11-23T09:00+00:00"}},
		{"7 is Sunday", "0 9 * * 7", "2026-11-01T12:00:00Z", []string{"2026-11-08T09:00+00:00"}},
		{"a range to 7", "0 9 * * 6-7", "2026-11-02T12:00:00Z", []string{"2026-11-07T09:00+00:00", "2026-11-08T09:00+00:00", "2026-11-14T09:00+00:00"}},
		{"29 February on a Monday is long in coming", "0 0 29 2 */1", "2096-03-01T00:00:00Z", []string{"2104-02-29T00:00+00:00"}},
		{"weekly is Sunday", "@weekly", "2026-11-02T12:00:00Z", []string{"2026-11-08T00:00+00:00", "2026-11-15T00:00+00:00"}},
		{"every is counted from 1970 before 1970 too", "@every 7h", "1969-12-31T00:00:00Z", []string{"1969-12-31T04:00+01:00", "1969-12-31T11:00+01:00"}},
		{"before 1970", "30 6 31 12 *", "1968-12-30T00:00:00Z", []string{"1968-12-31T06:30+01:00", "1969-12-31T06:30+01:00"}},
		{"every is counted from 1970", "@every 7h", "2026-11-22T00:00:00Z", []string{"2026-11-22T05:00+00:00", "2026-11-22T12:00+00:00"}},
	} {
		t.Run(c.title, func(t *testing.T) {
			t.Parallel()
			got := ticks(t, c.expression, "Europe/London", c.from, len(c.want))
			for i := range c.want {
				if got[i] != c.want[i] {
					t.Fatalf("%s: got %v, want %v", c.expression, got, c.want)
				}
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		expression string
		seconds    bool
	}{
		{"", false}, {"TZ=UTC", false}, {"CRON_TZ=UTC 0 0 * * *", false}, {"0 0 31 2 *", false}, {"0 0 30 2 *", false},
		{"61 * * * *", false}, {"* * * *", false}, {"0 0 0 * * *", false}, {"0 0 * * *", true}, {"a b c d e", false},
		{"@every", false}, {"@every 0s", false}, {"@every -1h", false}, {"@every 1500ms", false}, {"@reboot", false},
		{"*/0 * * * *", false}, {"5-1 * * * *", false}, {"0 0 * * 8", false}, {"0 0 * * 9-7", false}, {"0 0 * * 1-7/0", false},
		{"0 0 0 * *", false}, {"0 0 * * 7/2", false},
	} {
		if s, err := Parse(c.expression, time.UTC, c.seconds); err == nil {
			t.Errorf("Parse(%q, seconds %v) = %v, want an error", c.expression, c.seconds, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"30 1 * * *", "TZ=", "@every 1h", "*/5 1-3,7 L * 5-7", "0 0 29 2 1", "? ? ? ? ?"} {
		f.Add(s, false)
	}
	from := time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC)
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, expression string, seconds bool) {
		s, err := Parse(expression, london, seconds)
		if err != nil {
			return
		}
		if next := s.Next(from); !next.After(from) {
			t.Fatalf("%q: next tick after %s is %s", expression, from, next)
		}
	})
}
