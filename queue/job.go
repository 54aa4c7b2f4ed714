package queue

import (
	"encoding/json"
	"time"

	"cpd-jobs/internal/cost"
)

// Job is a job as people see it: River's row while it lives, ours after that, with its steps.
type Job struct {
	ID    int64  `json:"id"` // River's
	RunID int64  `json:"run_id"`
	Kind  string `json:"kind"`
	// State is River's: available, scheduled, retryable, pending, running, completed, cancelled, discarded.
	State string `json:"state"`
	// RunState is the state of what the job has become, over takeovers and retries; quarantined where it failed in a way
	// that trying again would repeat.
	RunState string `json:"run_state"`
	// SupersededBy is the job that has gone on in place of this one, because its worker died or because it was run again;
	// 0 if none. State and all else are that job's where one job was asked for.
	SupersededBy int64 `json:"superseded_by,omitempty"`
	// Attempt counts across takeovers and retries.
	Attempt   int             `json:"attempt"`
	Args      json.RawMessage `json:"args"`
	StartedBy string          `json:"started_by"` // "schedule register 2026-11-22T06:00:00Z", "person ann@host", "job 17"
	CreatedAt time.Time       `json:"created_at"`
	// ScheduledAt is when it may start; StartedAt when its latest attempt did.
	ScheduledAt time.Time       `json:"scheduled_at"`
	StartedAt   *time.Time      `json:"started_at"`
	FinishedAt  *time.Time      `json:"finished_at"`
	Steps       []Step          `json:"steps"`
	Result      json.RawMessage `json:"result"` // run.Outcome, null until it succeeds
	Errors      []JobError      `json:"errors"`
	// Failure is the class of the last error (run.Class), "" if none.
	Failure string `json:"failure,omitempty"`
	// Cost is that of all attempts that have ended; null where none did anything worth a line.
	Cost *cost.Cost `json:"cost,omitempty"`
	// TraceID is in the log lines of whoever asked for the job, of the job, and of those that follow it.
	TraceID string `json:"trace_id,omitempty"`
	// TakenOverBy is the job that went on after this one's worker died; 0 if none.
	TakenOverBy int64 `json:"taken_over_by,omitempty"`
	// SetAside says why the job, whose worker died, could not be taken over; "" where it could. It is tried again.
	SetAside    string `json:"set_aside,omitempty"`
	Queue       string `json:"queue"`
	Priority    int    `json:"priority"`
	MaxAttempts int    `json:"max_attempts"`
}

// quarantined is the run's state of a job that failed in a way that trying again would repeat.
const quarantined = keyQuarantined

// Finished says that no attempt is running or to come.
func (j Job) Finished() bool {
	return j.State == "completed" || j.State == "cancelled" || j.State == "discarded"
}

// latest is the id under which the job goes on.
func (j Job) latest() int64 { return max(j.ID, j.SupersededBy) }

// Step is what an attempt did, and how far it is.
type Step struct {
	Attempt    int        `json:"attempt"`
	Name       string     `json:"name"`
	State      string     `json:"state"` // running, done, failed
	Unit       string     `json:"unit"`  // what done and total count
	Done       int64      `json:"done"`
	Total      int64      `json:"total"` // 0: unknown
	RowsIn     int64      `json:"rows_in"`
	RowsOut    int64      `json:"rows_out"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	UpdatedAt  time.Time  `json:"-"`
}

// JobError is why an attempt failed.
type JobError struct {
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	Error   string    `json:"error"`
	Trace   string    `json:"trace,omitempty"` // the stack of a panic
}

// LogLine is one line that a job wrote.
type LogLine struct {
	ID      int64           `json:"id"`
	Attempt int             `json:"attempt"`
	At      time.Time       `json:"at"`
	Level   string          `json:"level"`
	Message string          `json:"message"`
	Attrs   json.RawMessage `json:"attrs"`
}

// JobFilter narrows a list of jobs; its zero value is the latest 50 of any kind.
type JobFilter struct {
	Kind   string
	State  string // a state, or quarantined
	All    bool   // those too that others have gone on for
	RunID  int64
	Before int64 // ids below this one: the next page
	Limit  int   // 50 if 0
}
