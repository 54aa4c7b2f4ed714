package schedule

import (
	"testing"
)

func versionOf(t testing.TB, s Schedule) Version {
	t.Helper()
	if s.Timezone == "" {
		s.Timezone = London
	}
	spec, err := s.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return Version{Schedule: s, Spec: spec}
}

func BenchmarkNext(b *testing.B) {
	for _, s := range []Schedule{{Cron: "* * * * * *", Seconds: true}, {Cron: "* * * * *"}, {Cron: "10 * * * *"}, {Cron: "0 6 * * *"}, {Cron: "@every 90s"}} {
		b.Run(s.Cron, func(b *testing.B) {
			version := versionOf(b, s)
			t := november
			for b.Loop() {
				t = version.Spec.Next(t)
			}
		})
	}
}

func BenchmarkPlanOfOneTick(b *testing.B) {
	version := versionOf(b, Schedule{Cron: "* * * * *", Overlap: Skip, CatchUp: CatchUp{Policy: Latest}})
	t := november
	for b.Loop() {
		next := version.Spec.Next(t)
		for tick := range version.Plan(t, next, Conditions{}).Ticks(t) {
			t = tick.At
		}
	}
}

func BenchmarkSimulateAYear(b *testing.B) {
	schedules := parse(b, tenSchedules)
	for b.Loop() {
		if _, err := Simulate(schedules, SimulateOptions{From: november, To: november.AddDate(1, 0, 0), Event: func(Event) {}}); err != nil {
			b.Fatal(err)
		}
	}
}

const tenSchedules = `
schedules:
- {name: minute, cron: "* * * * *", kind: probe}
- {name: hour, cron: "10 * * * *", kind: probe, overlap: queue}
- {name: night, cron: "0 6 * * *", kind: probe, catch_up: {policy: all}}
- {name: night-ny, cron: "30 1 * * *", kind: probe, timezone: America/New_York}
- {name: quarter, cron: "*/15 * * * *", kind: probe, overlap: cancel_running}
- {name: week, cron: "0 7 * * 1", kind: probe}
- {name: month, cron: "0 4 1 * *", kind: probe, catch_up: {policy: none}}
- {name: every, cron: "@every 90m", kind: probe}
- {name: steps, cron: "*/20 1-5 * * *", kind: probe}
- {name: paused, cron: "0 12 * * *", kind: probe, paused: true}
`
