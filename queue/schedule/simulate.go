package schedule

import (
	"fmt"
	"slices"
	"time"
)

// Interval is a stretch of time; From belongs to it and To does not.
type Interval struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// SimulateOptions say what a simulation goes through.
type SimulateOptions struct {
	From, To time.Time // ticks in (From, To]
	// Outages are when no worker runs.
	Outages []Interval
	// Restarts are when every worker is stopped and started again, which takes [RestartTakes].
	Restarts []time.Time
	// RunFor says how long the run for a tick takes; nil: no time at all.
	RunFor func(s Schedule, tick time.Time) time.Duration
	// Event is told what became of each tick, in the order of deciding; nil where only the summary is wanted.
	Event func(Event)
}

// RestartTakes is how long a simulated restart of all workers takes: what platforms give a program to stop.
const RestartTakes = 10 * time.Second

// Event is a tick, what became of it and when that was decided.
type Event struct {
	Schedule string    `json:"schedule"`
	Tick     time.Time `json:"tick"`
	Local    time.Time `json:"local"`
	State    State     `json:"state"`
	Reason   Reason    `json:"reason,omitempty"`
	MadeUp   bool      `json:"made_up,omitempty"`
	Decided  time.Time `json:"decided"`
}

// Summary is what became of a schedule's ticks.
type Summary struct {
	Schedule string         `json:"schedule"`
	Ticks    int            `json:"ticks"`
	Enqueued int            `json:"enqueued"`
	MadeUp   int            `json:"made_up"` // of those enqueued
	Skipped  map[Reason]int `json:"skipped"`
	Missed   map[Reason]int `json:"missed"`
	// Follows is how many jobs start after others, if each of those changes something; of a schedule with after only.
	Follows int `json:"follows,omitempty"`
}

// Simulation is what a stretch of time would bring.
type Simulation struct {
	Schedules []Summary `json:"schedules"`
	Clashes   []Clash   `json:"clashes"`
	Notes     []Note    `json:"clock_changes"`
}

// Simulate goes through a stretch of time on a clock of its own, deciding each tick as a worker does. Its schedules
// must have been checked. A schedule that the file pauses stays paused.
func Simulate(schedules []Schedule, o SimulateOptions) (Simulation, error) {
	if !o.From.Before(o.To) {
		return Simulation{}, fmt.Errorf("simulate from %s to %s: the end must come after the start", o.From.Format(time.RFC3339), o.To.Format(time.RFC3339))
	}
	sim := &simulator{options: o, down: downTimes(o)}
	for _, s := range schedules {
		if err := sim.add(s); err != nil {
			return Simulation{}, err
		}
	}
	sim.run()
	return sim.result(schedules)
}

// simulator is a ledger in memory.
type simulator struct {
	options   SimulateOptions
	down      []Interval // in order, none touching another
	simulated []*simulated
	due       timeline
}

// simulated is one schedule in a simulation.
type simulated struct {
	version    Version
	conditions Conditions
	decidedTo  time.Time
	busyUntil  time.Time
	summary    Summary
}

func (s *simulator) add(sch Schedule) error {
	a := &simulated{decidedTo: s.options.From, summary: Summary{Schedule: sch.Name, Skipped: map[Reason]int{}, Missed: map[Reason]int{}}}
	s.simulated = append(s.simulated, a)
	a.version = Version{Schedule: sch, After: s.options.From, Until: s.options.To}
	if sch.Cron == "" {
		return nil
	}
	var err error
	if a.version.Spec, err = sch.Spec(); err != nil {
		return fmt.Errorf("schedule %s: %w", sch.Name, err)
	}
	if sch.Paused {
		a.conditions.Paused = func(time.Time) bool { return true }
	}
	s.expect(len(s.simulated) - 1)
	return nil
}

// expect notes when a schedule's next tick will be decided: at once, or when workers run again.
func (s *simulator) expect(i int) {
	a := s.simulated[i]
	next := a.version.Spec.Next(a.decidedTo)
	if next.IsZero() || next.After(s.options.To) {
		return
	}
	for _, d := range s.down {
		if !next.Before(d.From) && next.Before(d.To) {
			next = d.To
		}
	}
	s.due.add(next, i)
}

func (s *simulator) run() {
	for now, due := s.due.next(); len(due) > 0; now, due = s.due.next() {
		for _, i := range due {
			s.decide(s.simulated[i], now)
			s.expect(i)
		}
	}
}

// decide is what a worker's ledger does.
func (s *simulator) decide(a *simulated, now time.Time) {
	a.conditions.Running = a.busyUntil.After(now)
	for t := range a.version.Plan(a.decidedTo, now, a.conditions).Ticks(a.decidedTo) {
		a.summary.add(t)
		if t.State == Enqueued {
			a.busyUntil = s.finish(a, t, now)
		}
		if s.options.Event != nil {
			s.options.Event(Event{
				Schedule: a.version.Schedule.Name, Tick: t.At, Local: t.At.In(a.version.Spec.Zone()),
				State: t.State, Reason: t.Reason, MadeUp: t.MadeUp, Decided: now,
			})
		}
	}
	a.decidedTo = now
}

// finish says when a run that is enqueued now ends: after those before it, and interrupted while no worker runs.
func (s *simulator) finish(a *simulated, t Tick, now time.Time) time.Time {
	if s.options.RunFor == nil {
		return now
	}
	start := now
	if a.busyUntil.After(now) && !t.CancelRunning {
		start = a.busyUntil
	}
	end := start.Add(max(0, s.options.RunFor(a.version.Schedule, t.At)))
	for _, d := range s.down {
		if d.From.Before(end) && d.To.After(start) {
			end = end.Add(d.To.Sub(later(d.From, start)))
		}
	}
	return end
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *Summary) add(t Tick) {
	s.Ticks++
	switch t.State {
	case Enqueued:
		s.Enqueued++
		if t.MadeUp {
			s.MadeUp++
		}
	case Skipped:
		s.Skipped[t.Reason]++
	case Missed:
		s.Missed[t.Reason]++
	}
}

// downTimes merges outages and restarts into stretches in order.
func downTimes(o SimulateOptions) []Interval {
	list := slices.Clone(o.Outages)
	for _, at := range o.Restarts {
		list = append(list, Interval{at, at.Add(RestartTakes)})
	}
	slices.SortFunc(list, func(a, b Interval) int { return a.From.Compare(b.From) })
	var merged []Interval
	for _, i := range list {
		if n := len(merged); n > 0 && !i.From.After(merged[n-1].To) {
			merged[n-1].To = later(merged[n-1].To, i.To)
			continue
		}
		merged = append(merged, i)
	}
	return merged
}

func (s *simulator) result(schedules []Schedule) (Simulation, error) {
	out := Simulation{Notes: []Note{}}
	runs := map[string]int{}
	for _, a := range s.simulated {
		runs[a.version.Schedule.Kind] += a.summary.Enqueued
	}
	for _, a := range s.simulated {
		if f := a.version.Schedule.After; f != nil {
			a.summary.Follows = jobsOf(f.Kind, runs, schedules, nil)
		} else {
			out.Notes = append(out.Notes, clockChanges(a.version.Schedule, a.version.Spec, s.options.From, s.options.To)...)
		}
		out.Schedules = append(out.Schedules, a.summary)
	}
	slices.SortStableFunc(out.Notes, func(a, b Note) int { return a.Tick.Compare(b.Tick) })
	var err error
	out.Clashes, err = Clashes(schedules, s.options.From, s.options.To)
	return out, err
}

// jobsOf counts the jobs of a kind: those that ticks start and those that follow others.
func jobsOf(kind string, runs map[string]int, schedules []Schedule, seen []string) int {
	n := runs[kind]
	if slices.Contains(seen, kind) {
		return n
	}
	for _, s := range schedules {
		if s.After != nil && s.Kind == kind && !s.Paused {
			n += jobsOf(s.After.Kind, runs, schedules, append(seen, kind))
		}
	}
	return n
}
