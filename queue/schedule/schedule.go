// Package schedule is the schedules file and the rules that decide what becomes of a tick. It is pure: no database, no
// clock of its own. The worker's ledger and `schedules simulate` both go through it.
package schedule

import (
	"encoding/json"
	"time"

	"cpd-jobs/queue/cron"
)

// Schedule is one entry of a schedules file.
type Schedule struct {
	Name string `json:"name"`
	// Cron is empty where the schedule follows another job instead.
	Cron     string          `json:"cron,omitempty"`
	Timezone string          `json:"timezone"`
	Seconds  bool            `json:"seconds,omitempty"`
	Kind     string          `json:"kind"`
	Args     json.RawMessage `json:"args"`
	CatchUp  CatchUp         `json:"catch_up"`
	Overlap  Overlap         `json:"overlap"`
	// Jitter delays the start by up to this long, never the tick.
	Jitter Duration `json:"jitter,omitempty"`
	// Deadline is how long after its tick a run should be done; later it counts as late. 0: never.
	Deadline Duration `json:"deadline,omitempty"`
	// Paused is how the schedule starts its life; whether it is paused now is in the ledger.
	Paused bool   `json:"paused,omitempty"`
	After  *After `json:"after,omitempty"`
}

// CatchUp says what becomes of ticks that came while no worker ran.
type CatchUp struct {
	Policy Policy `json:"policy"`
	// MaxAge is how old a tick may be and still be made up; 0: any age. MaxCount is how many are made up at once under
	// [All]; 0: 100. Too high a count and the first morning after a long outage is a flood.
	MaxAge   Duration `json:"max_age,omitempty"`
	MaxCount int      `json:"max_count,omitempty"`
}

// Policy of catching up.
type Policy string

const (
	None   Policy = "none"   // late ticks are missed
	Latest Policy = "latest" // only the last of them runs
	All    Policy = "all"    // each runs, oldest first; they do not skip one another for overlapping
)

// Overlap says what becomes of a tick while the run before still works.
type Overlap string

const (
	Skip          Overlap = "skip"
	Queue         Overlap = "queue"
	CancelRunning Overlap = "cancel_running"
)

// After makes a schedule follow jobs of another kind instead of the clock.
type After struct {
	Kind string `json:"kind"`
	When When   `json:"when"`
}

// When a schedule that follows another runs.
type When string

const (
	Always  When = "always"
	Changed When = "changed" // only where the job before changed something
)

// Default catch-up limits.
const defaultMaxCount = 100

// Spec is the schedule's cron expression in its zone. It must have been checked, as those of a loaded file are.
func (s Schedule) Spec() (cron.Spec, error) {
	zone, err := Zone(s.Timezone)
	if err != nil {
		return cron.Spec{}, err
	}
	return cron.Parse(s.Cron, zone, s.Seconds)
}

// SameTimes says whether two versions of a schedule tick at the same instants, whatever else differs.
func (s Schedule) SameTimes(other Schedule) bool {
	return s.Cron == other.Cron && s.Timezone == other.Timezone && s.Seconds == other.Seconds
}

// InTurn says that the schedule's ticks run one after the other, in order: one that is enqueued waits for those before.
func (s Schedule) InTurn() bool {
	return s.Overlap == Queue || s.Overlap == Skip && s.CatchUp.Policy == All
}

// State of a tick in the ledger.
type State string

const (
	Enqueued State = "enqueued"
	Skipped  State = "skipped"
	Missed   State = "missed" // no worker ran at its time, and no policy makes it up
)

// Reason why a tick was not enqueued.
type Reason string

const (
	Paused     Reason = "paused"
	Overlapped Reason = "overlap"
	// TooOld is a late tick beyond max_age or max_count, or one in whose place a later one runs.
	TooOld      Reason = "too_old"
	CatchUpNone Reason = "catch_up_none"
	Restored    Reason = "restored"
	// Cancelled is a tick that was enqueued and waited for its turn until someone cancelled it.
	Cancelled Reason = "cancelled"
)

// Tick is a tick and what is decided about it.
type Tick struct {
	At     time.Time
	State  State
	Reason Reason // "" where it was enqueued
	// MadeUp says that it was enqueued although no worker ran at its time.
	MadeUp bool
	// CancelRunning says that what still runs of this schedule must be cancelled first.
	CancelRunning bool
}
