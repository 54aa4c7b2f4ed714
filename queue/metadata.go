package queue

import (
	"encoding/json"
	"time"

	"cpd-jobs/internal/clean"
	"cpd-jobs/internal/cost"
	"cpd-jobs/internal/run"
)

// metadata is what we know of a job that River does not; it lives in River's metadata column.
type metadata struct {
	RunID     int64  `json:"run_id"`
	StartedBy string `json:"started_by"`
	// Schedule and Tick say which tick of which schedule the job is for.
	Schedule string     `json:"schedule,omitempty"`
	Tick     *time.Time `json:"tick,omitempty"`
	Serial   bool       `json:"serial,omitempty"` // one job of the schedule at a time
	Backfill int64      `json:"backfill,omitempty"`
	DryRun   bool       `json:"dry_run,omitempty"`
	// BaseAttempt counts the attempts of the jobs that this one took over from, Deaths those of workers under it.
	BaseAttempt int   `json:"base_attempt,omitempty"`
	Deaths      int   `json:"deaths,omitempty"`
	Previous    int64 `json:"previous,omitempty"`
	// Snoozes is River's count of how often the job was put off.
	Snoozes int `json:"snoozes,omitempty"`
	// Report is what the job is about, if it is about one.
	Report string `json:"report,omitempty"`
	// Traceparent is the place in a trace of whoever asked for the job.
	Traceparent string `json:"traceparent,omitempty"`
	// Cost is that of all attempts so far, those of the jobs that this one took over from among them.
	Cost *cost.Cost `json:"cost,omitempty"`
}

// Keys that are set on a row after its insertion.
const (
	keyFailure     = "failure"
	keyWaitsFor    = "waits_for"
	keyCost        = "cost"
	keyQuarantined = "quarantined"
)

// suspect says that the job may be what kills its workers: more than one has died while it ran.
func (m metadata) suspect() bool { return m.Deaths >= 2 }

func (m metadata) encode() []byte {
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err) // plain fields: cannot fail
	}
	return clean.JSON(raw)
}

// decodeMetadata reads what a row has; where it cannot, the error is of class Invalid, and what can be read is there.
func decodeMetadata(raw []byte) (metadata, error) {
	var m metadata
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, run.Invalid("its row was not written by this program", "read the metadata of a job: %w", err)
	}
	return m, nil
}
