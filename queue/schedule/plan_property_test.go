package schedule

import (
	"math/rand/v2"
	"testing"
	"time"
)

// decideAll is the reference implementation: it decides by the words of the rule, with all due ticks in hand.
func decideAll(s Version, after, now time.Time, in Conditions) []Tick {
	var due []time.Time
	for t := range s.Ticks(after, now) {
		due = append(due, t)
	}
	ticks := make([]Tick, len(due))
	var could []int // ticks that could run, were it not for others
	allowed, freeOnTime := s.Schedule.CatchUp.limit(), false
	for i := len(due) - 1; i >= 0; i-- {
		t := Tick{At: due[i], State: Enqueued, MadeUp: !onTime(due[i], s.Spec.Next(due[i]), now)}
		c := s.Schedule.CatchUp
		switch why := in.prevent(t.At); {
		case why != "":
			t = Tick{At: t.At, State: Skipped, Reason: why}
		case t.MadeUp && c.Policy == None:
			t = Tick{At: t.At, State: Missed, Reason: CatchUpNone}
		case t.MadeUp && (allowed == 0 || c.Policy == Latest && freeOnTime || c.MaxAge > 0 && now.Sub(t.At) > time.Duration(c.MaxAge)):
			t = Tick{At: t.At, State: Missed, Reason: TooOld}
		case t.MadeUp:
			allowed--
			could = append(could, i)
		default:
			freeOnTime = true
			could = append(could, i)
		}
		ticks[i] = t
	}
	for n, i := range could { // newest first
		newest, oldest := n == 0, n == len(could)-1
		var skip bool
		switch {
		case s.Schedule.Overlap == CancelRunning:
			skip = !newest
			ticks[i].CancelRunning = in.Running
		case s.Schedule.Overlap == Skip && s.Schedule.CatchUp.Policy == All:
			skip = newest && in.Running && !ticks[i].MadeUp
		case s.Schedule.Overlap == Skip:
			skip = in.Running || !oldest
		}
		if skip {
			ticks[i] = Tick{At: ticks[i].At, State: Skipped, Reason: Overlapped}
		}
	}
	return ticks
}

type rng struct{ *rand.Rand }

func (c rng) of(list ...string) string { return list[c.IntN(len(list))] }

func (c rng) upTo(d time.Duration) time.Duration { return time.Duration(c.Int64N(int64(d))) }

func (c rng) version(t testing.TB) Version {
	s := Schedule{
		Cron:     c.of("*/7 * * * * *", "30 */3 * * * *", "0 10 * * * *", "0 */20 1-3 * * *", "15 0 6 * * *", "@every 45s", "0 30 1 * * *", "* * * * * *"),
		Seconds:  true,
		Timezone: c.of("Europe/London", "America/New_York", "Australia/Lord_Howe", "UTC"),
		Overlap:  Overlap(c.of("skip", "queue", "cancel_running")),
		CatchUp:  CatchUp{Policy: Policy(c.of("none", "latest", "all"))},
	}
	if c.IntN(2) == 0 {
		s.CatchUp.MaxCount = c.IntN(20)
	}
	if c.IntN(2) == 0 {
		s.CatchUp.MaxAge = Duration(c.upTo(2 * time.Hour))
	}
	return versionOf(t, s)
}

func (c rng) conditions(from time.Time) Conditions {
	in := Conditions{Running: c.IntN(2) == 0}
	if c.IntN(3) == 0 {
		begin := from.Add(c.upTo(4 * time.Hour))
		end := begin.Add(c.upTo(3 * time.Hour))
		in.Paused = func(t time.Time) bool { return !t.Before(begin) && t.Before(end) }
	}
	if c.IntN(5) == 0 {
		in.RestoredAt = from.Add(c.upTo(4 * time.Hour))
	}
	return in
}

// start is near a change of the clocks half of the time.
func (c rng) start() time.Time {
	if c.IntN(2) == 0 {
		return time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC).Add(-c.upTo(4 * time.Hour))
	}
	return november.Add(c.upTo(300 * 24 * time.Hour))
}

func TestPlanEqualsTheReference(t *testing.T) {
	t.Parallel()
	for seed := range uint64(800) {
		c := rng{rand.New(rand.NewPCG(1, seed))}
		version, from := c.version(t), c.start()
		now := from.Add(c.upTo(6*time.Hour) >> c.IntN(12))
		in := c.conditions(from)
		want := outcomes(decideAll(version, from, now, in))
		plan := version.Plan(from, now, in)
		var ticks []Tick
		for last, more := from, true; more; {
			var batch []Tick
			if batch, more = plan.Batch(last, 1+c.IntN(50)); len(batch) > 0 {
				last = batch[len(batch)-1].At
			}
			ticks = append(ticks, batch...)
		}
		if got := outcomes(ticks); got != want {
			t.Fatalf("seed %d: %+v from %s to %s, %+v:\n got %s\nwant %s", seed, version.Schedule, from, now, in, got, want)
		}
	}
}

// Whenever workers look, whatever the clock does and wherever one of them dies: each tick is decided once and in order.
func TestEachTickOnceWheneverWorkersLook(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		c := rng{rand.New(rand.NewPCG(2, seed))}
		version, from := c.version(t), c.start()
		var got []Tick
		last, now := from, from
		for range 30 {
			now = now.Add(c.upTo(20*time.Minute) - 5*time.Minute) // set back at times
			plan := version.Plan(last, now, c.conditions(from))
			batch, more := plan.Batch(last, 1+c.IntN(200))
			got = append(got, batch...)
			switch {
			case more: // the worker dies here
				last = batch[len(batch)-1].At
			case now.After(last):
				last = now
			}
		}
		var want []time.Time
		for tick := range version.Ticks(from, last) {
			want = append(want, tick)
		}
		if len(got) != len(want) {
			t.Fatalf("seed %d: %d ticks decided, %d due", seed, len(got), len(want))
		}
		for i := range want {
			if !got[i].At.Equal(want[i]) {
				t.Fatalf("seed %d: tick %d is %s, want %s", seed, i, got[i].At, want[i])
			}
		}
	}
}

// Under all with room enough, every tick runs, however workers come and go.
func TestAllLosesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		c := rng{rand.New(rand.NewPCG(3, seed))}
		version, from := c.version(t), c.start()
		version.Schedule.CatchUp, version.Schedule.Overlap = CatchUp{Policy: All, MaxCount: 100_000}, Queue
		enqueued, last := 0, from
		for range 20 {
			now := last.Add(c.upTo(time.Hour))
			for tick := range version.Plan(last, now, Conditions{Running: true}).Ticks(last) {
				if tick.State == Enqueued {
					enqueued++
				}
			}
			last = now
		}
		due := 0
		for range version.Ticks(from, last) {
			due++
		}
		if enqueued != due {
			t.Fatalf("seed %d: %d of %d enqueued", seed, enqueued, due)
		}
	}
}

func TestLatestOfMany(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		c := rng{rand.New(rand.NewPCG(4, seed))}
		version, from, n := c.version(t), c.start(), 1+c.IntN(40)
		until := from.Add(c.upTo(12 * time.Hour))
		drop := 1 + c.IntN(4)
		keep := func(t time.Time) bool { return drop == 1 || t.Unix()/60%int64(drop) != 0 }
		var kept []time.Time
		for t := range version.Ticks(from, until) {
			if keep(t) {
				kept = append(kept, t)
			}
		}
		got, ok := walk(version.walk).latest(n, from, until, keep)
		want := time.Time{}
		if len(kept) > 0 {
			want = kept[max(0, len(kept)-n)]
		}
		if !got.Equal(want) || ok != (len(kept) > 0) {
			t.Fatalf("seed %d: got %s %t want %s", seed, got, ok, want)
		}
	}
}
