// Package audit records what people do, before they do it: who, what, to what, from where, and what came of it. What cannot
// be recorded is not done.
package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/run"
)

// Deed is something that somebody does.
type Deed struct {
	Actor string // who
	// Via is how they are known: "terminal", "this machine", "sign-in", "token", "link" or "nobody".
	Via    string
	Action string // download
	Target string // export 3
	Detail any    // what else was asked for; nil for nothing
	// Address is where it comes from.
	Address string
}

// Terminal is how people are known who run the program, and so have the database's password.
const Terminal = "terminal"

// Database is a pool, a connection or a transaction.
type Database interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Do records a deed, does it, and records what came of it. Where only the last fails, the deed stands as begun, and its own
// outcome is what is returned.
func Do(ctx context.Context, db Database, d Deed, do func() error) error {
	id, err := begin(ctx, db, d)
	if err != nil {
		return err
	}
	failed := do()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_, err = db.Exec(ctx, "UPDATE queue.audit SET outcome = $2, finished_at = clock_timestamp() WHERE id = $1", id, outcomeOf(failed))
	if failed == nil && err != nil {
		return fmt.Errorf("record the outcome of %s of %s in the audit: %w", d.Action, d.Target, err)
	}
	return failed
}

func begin(ctx context.Context, db Database, d Deed) (id int64, err error) {
	if d.Detail == nil {
		d.Detail = struct{}{}
	}
	err = db.QueryRow(ctx, `
		INSERT INTO queue.audit (actor, via, action, target, detail, address, outcome) VALUES ($1, $2, $3, $4, $5, $6, 'begun')
		RETURNING id`, d.Actor, d.Via, d.Action, d.Target, d.Detail, d.Address).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("record %s of %s in the audit: %w", d.Action, d.Target, err)
	}
	return id, nil
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "done"
	case run.ClassOf(err) == run.ClassBlocked || run.ClassOf(err) == run.ClassInvalid:
		return "refused"
	default:
		return "failed"
	}
}
