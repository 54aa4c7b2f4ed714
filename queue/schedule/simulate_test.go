package schedule

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestSimulateAYearWithAnOutageAndARestart(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	outage := Interval{time.Date(2026, 6, 1, 3, 30, 0, 0, time.UTC), time.Date(2026, 6, 3, 8, 0, 30, 0, time.UTC)}
	restart := time.Date(2026, 7, 1, 10, 9, 55, 0, time.UTC)
	var late []string
	told := map[string]int{}
	fives := strings.Replace(tenSchedules, `{name: minute, cron: "* * * * *"`, `{name: fives, cron: "*/5 * * * *"`, 1) // a fifth of the ticks show as much
	sim, err := Simulate(parse(t, fives), SimulateOptions{
		From: from, To: from.AddDate(1, 0, 0), Outages: []Interval{outage}, Restarts: []time.Time{restart},
		RunFor: func(s Schedule, _ time.Time) time.Duration {
			if s.Name == "fives" {
				return 301 * time.Second
			}
			return 5 * time.Minute
		},
		Event: func(e Event) {
			told[e.Schedule]++
			if e.State == Enqueued && e.Decided.After(e.Tick) {
				late = append(late, fmt.Sprintf("%s %s decided %s", e.Schedule, e.Local.Format("02 Jan 15:04"), e.Decided.Format("02 Jan 15:04:05")))
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var sums, notes, clashes []string
	for _, s := range sim.Schedules {
		sums = append(sums, fmt.Sprintf("%s %d: %d enqueued (%d made up), skipped %v, missed %v", s.Schedule, s.Ticks, s.Enqueued, s.MadeUp, s.Skipped, s.Missed))
		if told[s.Schedule] != s.Ticks {
			t.Errorf("%s: told of %d ticks, %d counted", s.Schedule, told[s.Schedule], s.Ticks)
		}
	}
	for _, n := range sim.Notes {
		notes = append(notes, n.Schedule+" "+n.Change.String())
	}
	for _, c := range sim.Clashes[:3] {
		clashes = append(clashes, fmt.Sprintf("%v %d %s", c.Schedules, c.Count, c.First.Format(time.RFC3339)))
	}
	same(t, "summaries", sums, `
fives 105120: 52245 enqueued (0 made up), skipped map[overlap:52245], missed map[too_old:630]
hour 8760: 8709 enqueued (1 made up), skipped map[], missed map[too_old:51]
night 365: 365 enqueued (3 made up), skipped map[], missed map[]
night-ny 365: 363 enqueued (1 made up), skipped map[], missed map[too_old:2]
quarter 35040: 34830 enqueued (0 made up), skipped map[], missed map[too_old:210]
week 52: 52 enqueued (1 made up), skipped map[], missed map[]
month 12: 12 enqueued (0 made up), skipped map[], missed map[]
every 5840: 5806 enqueued (1 made up), skipped map[], missed map[too_old:34]
steps 5472: 5439 enqueued (1 made up), skipped map[], missed map[too_old:33]
paused 365: 0 enqueued (0 made up), skipped map[paused:365], missed map[]`)
	same(t, "clock changes", notes, `
steps 01:00, 01:20, 01:40 do not come on 29 March 2026, one tick at 02:00 stands for them
steps 01:00 comes twice on 25 October 2026, the first one counts
steps 01:20 comes twice on 25 October 2026, the first one counts
steps 01:40 comes twice on 25 October 2026, the first one counts
night-ny 01:30 comes twice on 1 November 2026, the first one counts`)
	same(t, "clashes", clashes, `
[fives quarter] 27144 2026-01-01T00:15:00Z
[fives hour] 8760 2026-01-01T00:10:00Z
[fives quarter every] 4925 2026-01-01T01:30:00Z`)
	same(t, "late", late, `
hour 03 Jun 08:10 decided 03 Jun 08:00:30
night 01 Jun 06:00 decided 03 Jun 08:00:30
night 02 Jun 06:00 decided 03 Jun 08:00:30
night 03 Jun 06:00 decided 03 Jun 08:00:30
night-ny 03 Jun 01:30 decided 03 Jun 08:00:30
quarter 03 Jun 09:00 decided 03 Jun 08:00:30
week 01 Jun 07:00 decided 03 Jun 08:00:30
every 03 Jun 08:30 decided 03 Jun 08:00:30
steps 03 Jun 05:40 decided 03 Jun 08:00:30
hour 01 Jul 11:10 decided 01 Jul 10:10:05`)
}

func same(t *testing.T, what string, got []string, want string) {
	t.Helper()
	if text := strings.Join(got, "\n"); text != strings.TrimPrefix(want, "\n") {
		t.Errorf("%s:\n got %s\nwant %s", what, text, want)
	}
}

func TestSimulateFollowsChains(t *testing.T) {
	t.Parallel()
	schedules := parse(t, `
schedules:
- {name: register, cron: "0 6 * * *", kind: gias_sync}
- {name: cpd, cron: "5 * * * *", kind: cpd_sync}
- {name: refresh, cron: "10 * * * *", kind: school_onboarding_refresh}
- {name: refresh-after, kind: school_onboarding_refresh, after: {kind: gias_sync}}
- {name: exports, kind: report_export, after: {kind: school_onboarding_refresh, when: changed}}
`)
	sim, err := Simulate(schedules, SimulateOptions{From: november, To: november.Add(48 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 0, 0, 2, 50} {
		if got := sim.Schedules[i].Follows; got != want {
			t.Errorf("%s follows %d times, want %d", sim.Schedules[i].Schedule, got, want)
		}
	}
	if _, err := Simulate(schedules, SimulateOptions{From: november, To: november}); err == nil {
		t.Error("no error where the end is the start")
	}
}

// A run that an outage interrupts goes on after it, and ticks meanwhile find it running.
func TestSimulateARunAcrossAnOutage(t *testing.T) {
	t.Parallel()
	var got []string
	_, err := Simulate(parse(t, "schedules: [{name: a, kind: probe, cron: '*/10 * * * *'}]"), SimulateOptions{
		From: at(t, "10:05:00"), To: at(t, "11:00:00"),
		Outages: []Interval{{at(t, "10:12:00"), at(t, "10:27:00")}},
		RunFor:  func(Schedule, time.Time) time.Duration { return 15 * time.Minute },
		Event:   func(e Event) { got = append(got, fmt.Sprintf("%s %s %s", wall(e.Tick), e.State, e.Reason)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "events", got, "10:10 enqueued \n10:20 skipped overlap\n10:30 skipped overlap\n10:40 enqueued \n10:50 skipped overlap\n11:00 enqueued ")
}
