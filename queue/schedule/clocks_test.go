package schedule

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestZonesGoWithTheProgram(t *testing.T) {
	t.Parallel()
	if len(zones()) < 500 {
		t.Fatalf("%d zones", len(zones()))
	}
	for name := range zones() {
		zone, err := Zone(name)
		if err != nil || zone.String() != name {
			t.Errorf("%s: %v %v", name, zone, err)
		}
	}
}

func TestUpcomingCallsOutClockChangesAndClashes(t *testing.T) {
	t.Parallel()
	schedules := parse(t, `
schedules:
- {name: early, cron: "30 1 * * *", kind: probe}
- {name: steps, cron: "*/30 1,2 * * *", kind: probe}
- {name: hourly, cron: "0 * * * *", kind: probe}
- {name: follower, kind: probe, after: {kind: cpd_sync}}
- {name: apia, cron: "0 12 * * *", timezone: Pacific/Apia, kind: probe}
- {name: lord-howe, cron: "10 2 * * *", timezone: Australia/Lord_Howe, kind: probe}
`)
	for _, test := range []struct {
		name, from string
		want       string
	}{
		{"early", "2026-03-28", `
2026-03-28T01:30:00Z with steps
2026-03-29T02:00:00+01:00 [01:30 does not come on 29 March 2026, its tick moves to 02:00] with steps, hourly
2026-03-30T01:30:00+01:00 with steps`},
		{"steps", "2026-03-29", `
2026-03-29T02:00:00+01:00 [01:00, 01:30 do not come on 29 March 2026, one tick at 02:00 stands for them] with early, hourly
2026-03-29T02:30:00+01:00
2026-03-30T01:00:00+01:00 with hourly`},
		{"early", "2026-10-24", `
2026-10-24T01:30:00+01:00 with steps
2026-10-25T01:30:00+01:00 [01:30 comes twice on 25 October 2026, the first one counts] with steps
2026-10-26T01:30:00Z with steps`},
		{"hourly", "2026-10-25", `
2026-10-25T01:00:00+01:00 with steps
2026-10-25T01:00:00Z
2026-10-25T02:00:00Z with steps`},
		{"follower", "2026-10-25", ""},
		{"apia", "2011-12-29", `
2011-12-29T12:00:00-10:00 with hourly
2011-12-31T00:00:00+14:00 [12:00 does not come on 30 December 2011, its tick moves to 00:00 on 31 December 2011] with hourly
2011-12-31T12:00:00+14:00 with hourly`},
		{"lord-howe", "2026-10-03", `
2026-10-04T02:30:00+11:00 [02:10 does not come on 4 October 2026, its tick moves to 02:30]
2026-10-05T02:10:00+11:00
2026-10-06T02:10:00+11:00`},
	} {
		from, err := time.Parse(time.DateOnly, test.from)
		if err != nil {
			t.Fatal(err)
		}
		var s Schedule
		for _, one := range schedules {
			if one.Name == test.name {
				s = one
			}
		}
		coming, err := Upcoming(s, schedules, from.Add(-time.Second), 3)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, c := range coming {
			fmt.Fprintf(&got, "\n%s", c.Local.Format(time.RFC3339))
			if c.Change != nil {
				fmt.Fprintf(&got, " [%s]", c.Change)
			}
			if len(c.With) > 0 {
				fmt.Fprintf(&got, " with %s", strings.Join(c.With, ", "))
			}
		}
		if got.String() != test.want {
			t.Errorf("%s from %s:\n got %s\nwant %s", test.name, test.from, got.String(), test.want)
		}
	}
}
