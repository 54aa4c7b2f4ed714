package access

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/clean"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
)

// Event is something that a visitor does.
type Event struct {
	Visitor Visitor
	Action  string // cancel, download
	Target  string // job 17, export 3
	Detail  any    // what else was asked for; nil for nothing
}

// Audited records an event as begun, calls do, and records its outcome, also where ctx ends meanwhile. What cannot be
// recorded is not done. The error is that of do; where do succeeds and only its outcome cannot be recorded, the event
// stays "begun" and the error says so.
func Audited(ctx context.Context, db Database, e Event, do func() error) error {
	id, err := record(ctx, db, e, "begun")
	if err != nil {
		return err
	}
	failed := do()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	const sql = `
		INSERT INTO queue.audit (actor, via, action, target, address, outcome, finished_at, of_id)
		SELECT actor, via, action, target, address, $2, clock_timestamp(), id FROM queue.audit WHERE id = $1`
	if _, err := db.Exec(ctx, sql, id, Outcome(failed)); err != nil && failed == nil {
		return fmt.Errorf("record the outcome of %s of %s in the audit: %w", e.Action, e.Target, err)
	}
	return failed
}

// RecordRefused records that an event was refused before it was begun.
func RecordRefused(ctx context.Context, db Database, e Event) error {
	_, err := record(ctx, db, e, "refused")
	return err
}

// RecordDone records an event that the transaction tx does: it is in the audit if the transaction is committed. Until then
// no other event can be recorded, so it is the last thing that a transaction does.
func RecordDone(ctx context.Context, tx Database, e Event) error {
	_, err := record(ctx, tx, e, "done")
	return err
}

// record cleans what it is given: names and targets come from requests, and an event must not be lost because of a byte
// that the database refuses.
func record(ctx context.Context, db Database, e Event, outcome string) (int64, error) {
	if e.Detail == nil {
		e.Detail = struct{}{}
	}
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return 0, fmt.Errorf("record %s of %s in the audit: %w", e.Action, e.Target, err)
	}
	if e.Visitor.Via == "" {
		e.Visitor.Via = ViaUnknown
	}
	rows, _ := db.Query(ctx, `
		INSERT INTO queue.audit (actor, via, action, target, detail, address, outcome, finished_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $7 <> 'begun' THEN clock_timestamp() END) RETURNING id`,
		clean.Text(e.Visitor.Name, clean.MaxName), e.Visitor.Via, clean.Text(e.Action, clean.MaxName),
		clean.Text(e.Target, clean.MaxError), clean.JSON(detail), clean.Text(e.Visitor.Address, clean.MaxName), outcome)
	id, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	if err != nil {
		return 0, fmt.Errorf("record %s of %s in the audit: %w", e.Action, e.Target, err)
	}
	return id, nil
}

// Outcome is what the audit says of an event that ended with err: done, refused (by a rule) or failed.
func Outcome(err error) string {
	switch {
	case err == nil:
		return "done"
	case run.ClassOf(err) == run.ClassBlocked || run.ClassOf(err) == run.ClassInvalid:
		return "refused"
	default:
		return "failed"
	}
}

// Recorded is a row of the audit.
type Recorded struct {
	ID         int64
	At         time.Time
	Actor, Via string
	Action     string
	Target     string
	Detail     json.RawMessage
	Address    string
	Outcome    string // begun, done, refused, failed
}

// Events lists at most limit rows of the audit, latest first; only those before the id before unless it is 0.
func Events(ctx context.Context, db Database, before int64, limit int) ([]Recorded, error) {
	rows, _ := db.Query(ctx, `
		SELECT id, at, actor, via, action, target, detail, address, outcome FROM queue.audit_events
		WHERE $1::bigint = 0 OR id < $1 ORDER BY id DESC LIMIT $2`, before, limit)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Recorded])
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", err)
	}
	for i, e := range list {
		list[i].Detail = json.RawMessage(source.MaskSecrets(string(e.Detail)))
	}
	return list, nil
}
