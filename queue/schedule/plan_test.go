package schedule

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func at(t testing.TB, clock string) time.Time {
	t.Helper()
	got, err := time.Parse(time.TimeOnly, clock)
	if err != nil {
		t.Fatal(err)
	}
	return november.Truncate(24 * time.Hour).Add(time.Duration(got.Hour()*3600+got.Minute()*60+got.Second()) * time.Second)
}

// outcomes are those of ticks, in short: "10:00 enqueued, 11:00 missed too_old".
func outcomes(ticks []Tick) string {
	var parts []string
	for _, t := range ticks {
		part := wall(t.At) + " " + string(t.State)
		if t.Reason != "" {
			part += " " + string(t.Reason)
		}
		if t.MadeUp {
			part += " made up"
		}
		if t.CancelRunning {
			part += " cancelling"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

func TestTickOutcomes(t *testing.T) {
	t.Parallel()
	const hourly, minutely, secondly = "0 * * * *", "* * * * *", "* * * * * *"
	running := Conditions{Running: true}
	for _, test := range []struct {
		name       string
		cron       string
		catchUp    CatchUp
		overlap    Overlap
		after, now string
		in         Conditions
		want       string
	}{
		{"nothing is due", hourly, CatchUp{Policy: Latest}, Skip, "10:00:00", "10:59:59", Conditions{}, ""},
		{"on the second", hourly, CatchUp{Policy: None}, Skip, "10:00:00", "11:00:00", Conditions{}, "11:00 enqueued"},
		{"a minute late is on time", hourly, CatchUp{Policy: None}, Skip, "10:00:00", "11:01:00", Conditions{}, "11:00 enqueued"},
		{"more is not, and none makes up nothing", hourly, CatchUp{Policy: None}, Skip, "10:00:00", "11:01:01", Conditions{}, "11:00 missed catch_up_none"},
		{"latest makes up one", hourly, CatchUp{Policy: Latest}, Skip, "10:00:00", "13:30:00", Conditions{}, "11:00 missed too_old, 12:00 missed too_old, 13:00 enqueued made up"},
		{"of a tick on time nothing is to be made up", hourly, CatchUp{Policy: Latest}, Skip, "10:00:00", "13:00:20", Conditions{}, "11:00 missed too_old, 12:00 missed too_old, 13:00 enqueued"},
		{"latest within max_age", hourly, CatchUp{Policy: Latest, MaxAge: Duration(20 * time.Minute)}, Skip, "10:00:00", "13:30:00", Conditions{}, "11:00 missed too_old, 12:00 missed too_old, 13:00 missed too_old"},
		{"just as old as max_age", hourly, CatchUp{Policy: Latest, MaxAge: Duration(30 * time.Minute)}, Skip, "12:00:00", "13:30:00", Conditions{}, "13:00 enqueued made up"},
		{"latest while one runs", hourly, CatchUp{Policy: Latest}, Skip, "11:30:00", "13:30:00", running, "12:00 missed too_old, 13:00 skipped overlap"},
		{"all", hourly, CatchUp{Policy: All}, Skip, "10:00:00", "13:30:00", running, "11:00 enqueued made up, 12:00 enqueued made up, 13:00 enqueued made up"},
		{"all within max_count", hourly, CatchUp{Policy: All, MaxCount: 2}, Queue, "09:00:00", "13:30:00", Conditions{}, "10:00 missed too_old, 11:00 missed too_old, 12:00 enqueued made up, 13:00 enqueued made up"},
		{"max_count is for late ones", hourly, CatchUp{Policy: All, MaxCount: 1}, Queue, "10:00:00", "13:00:00", Conditions{}, "11:00 missed too_old, 12:00 enqueued made up, 13:00 enqueued"},
		{"all within max_age", hourly, CatchUp{Policy: All, MaxAge: Duration(2 * time.Hour)}, Queue, "09:00:00", "13:30:00", Conditions{}, "10:00 missed too_old, 11:00 missed too_old, 12:00 enqueued made up, 13:00 enqueued made up"},
		{"all, and one on time", hourly, CatchUp{Policy: All}, Skip, "11:00:00", "13:00:30", Conditions{}, "12:00 enqueued made up, 13:00 enqueued"},
		{"all, and one on time while one runs", hourly, CatchUp{Policy: All}, Skip, "11:00:00", "13:00:30", running, "12:00 enqueued made up, 13:00 skipped overlap"},

		{"skip", hourly, CatchUp{Policy: Latest}, Skip, "10:00:00", "11:00:01", running, "11:00 skipped overlap"},
		{"queue", hourly, CatchUp{Policy: Latest}, Queue, "10:00:00", "11:00:01", running, "11:00 enqueued"},
		{"cancel", hourly, CatchUp{Policy: Latest}, CancelRunning, "10:00:00", "11:00:01", running, "11:00 enqueued cancelling"},
		{"cancel what does not run", hourly, CatchUp{Policy: Latest}, CancelRunning, "10:00:00", "11:00:01", Conditions{}, "11:00 enqueued"},
		{"a minute's grace ends with the next tick", minutely, CatchUp{Policy: None}, Queue, "10:00:00", "10:02:30", Conditions{}, "10:01 missed catch_up_none, 10:02 enqueued"},
		{"each second, three seconds away", secondly, CatchUp{Policy: None}, Queue, "10:00:00", "10:00:03", Conditions{}, "10:00:01 enqueued, 10:00:02 enqueued, 10:00:03 enqueued"},
		{"each second, skip", secondly, CatchUp{Policy: Latest}, Skip, "10:00:00", "10:00:03", Conditions{}, "10:00:01 enqueued, 10:00:02 skipped overlap, 10:00:03 skipped overlap"},
		{"each second, cancel", secondly, CatchUp{Policy: Latest}, CancelRunning, "10:00:00", "10:00:03", running, "10:00:01 skipped overlap, 10:00:02 skipped overlap, 10:00:03 enqueued cancelling"},
		{"each second, all do not skip one another", secondly, CatchUp{Policy: All}, Skip, "10:00:00", "10:00:03", Conditions{}, "10:00:01 enqueued, 10:00:02 enqueued, 10:00:03 enqueued"},
		{"cancel_running and all", hourly, CatchUp{Policy: All}, CancelRunning, "10:00:00", "12:30:00", running, "11:00 skipped overlap, 12:00 enqueued made up cancelling"},

		{"paused", hourly, CatchUp{Policy: All}, Queue, "10:00:00", "11:00:00", paused(t, "09:00:00", "12:00:00"), "11:00 skipped paused"},
		{"resuming never floods", hourly, CatchUp{Policy: All}, Queue, "10:00:00", "14:30:00", paused(t, "10:30:00", "13:59:00"), "11:00 skipped paused, 12:00 skipped paused, 13:00 skipped paused, 14:00 enqueued made up"},
		{"the latest that is not paused is made up", hourly, CatchUp{Policy: Latest}, Skip, "10:00:00", "14:30:00", paused(t, "12:30:00", "18:00:00"), "11:00 missed too_old, 12:00 enqueued made up, 13:00 skipped paused, 14:00 skipped paused"},
		{"a paused tick on time stands for nothing", hourly, CatchUp{Policy: Latest}, Skip, "11:00:00", "13:00:10", paused(t, "12:30:00", "18:00:00"), "12:00 enqueued made up, 13:00 skipped paused"},
		{"paused all along, cancel", hourly, CatchUp{Policy: Latest}, CancelRunning, "11:00:00", "13:00:10", paused(t, "00:00:00", "18:00:00"), "12:00 skipped paused, 13:00 skipped paused"},
		{"a restored copy", hourly, CatchUp{Policy: All}, Queue, "10:00:00", "13:30:00", Conditions{RestoredAt: at(t, "12:15:00")}, "11:00 skipped restored, 12:00 skipped restored, 13:00 enqueued made up"},
		{"a tick at the very moment of the restore", hourly, CatchUp{Policy: All}, Queue, "10:00:00", "12:30:00", Conditions{RestoredAt: at(t, "11:00:00")}, "11:00 skipped restored, 12:00 enqueued made up"},
		{"on time until the next tick is due", minutely, CatchUp{Policy: None}, Queue, "10:00:00", "10:02:00", Conditions{}, "10:01 enqueued, 10:02 enqueued"},
		{"the clock was set back", hourly, CatchUp{Policy: All}, Queue, "10:00:00", "07:00:00", Conditions{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := versionOf(t, Schedule{Cron: test.cron, Seconds: test.cron == secondly, CatchUp: test.catchUp, Overlap: test.overlap, Timezone: "UTC"})
			after := at(t, test.after)
			ticks, more := s.Plan(after, at(t, test.now), test.in).Batch(after, 100)
			if got := outcomes(ticks); got != test.want || more {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

func paused(t testing.TB, from, to string) Conditions {
	return Conditions{Paused: func(tick time.Time) bool { return !tick.Before(at(t, from)) && tick.Before(at(t, to)) }}
}

func TestVersionDecidesOnlyItsOwnTicks(t *testing.T) {
	t.Parallel()
	s := versionOf(t, Schedule{Cron: "0 * * * *", CatchUp: CatchUp{Policy: All}, Overlap: Queue, Timezone: "UTC"})
	s.After, s.Until = at(t, "10:00:00"), at(t, "12:00:00")
	ticks, _ := s.Plan(at(t, "05:00:00"), at(t, "20:00:00"), Conditions{}).Batch(at(t, "05:00:00"), 100)
	if got, want := outcomes(ticks), "11:00 enqueued made up, 12:00 enqueued made up"; got != want {
		t.Errorf("got %s want %s", got, want)
	}
}

// Days away with a tick each second, two weeks and 1.2 million rows with CPD_JOBS_LONG=1: written 5,000 at a time by
// workers that take turns, each with a plan of its own or with one for all.
func TestManyMissedTicksInBatches(t *testing.T) {
	t.Parallel()
	days := 3
	if os.Getenv("CPD_JOBS_LONG") != "" {
		days = 14
	}
	s := versionOf(t, Schedule{Cron: "* * * * * *", Seconds: true, CatchUp: CatchUp{Policy: All, MaxCount: 250}, Overlap: Queue})
	now := november.AddDate(0, 0, days)
	got := map[string]int{}
	last, plan := november, s.Plan(november, now, Conditions{})
	for batches, more := 0, true; more; batches++ {
		if batches%50 == 0 { // another worker comes
			plan = s.Plan(last, now, Conditions{})
		}
		var ticks []Tick
		ticks, more = plan.Batch(last, 5000)
		for _, tick := range ticks {
			if want := last.Add(time.Second); !tick.At.Equal(want) {
				t.Fatalf("tick %s after %s", tick.At, last)
			}
			last = tick.At
			got[fmt.Sprintf("%s %s %t", tick.State, tick.Reason, tick.MadeUp)]++
		}
	}
	want := map[string]int{"missed too_old false": days*86400 - 250 - 11, "enqueued  true": 250, "enqueued  false": 11}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v want %v", got, want)
	}
}
