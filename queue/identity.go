package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// identity is which database this is, and which one the ledger was written in.
type identity struct {
	System, RecordedSystem     int64
	Database, RecordedDatabase uint32
	ConfirmedAt                time.Time
	Restored                   *time.Time
	// SameRow says that the record is the very row that was written, not one that was restored from a dump.
	SameRow bool
}

// Held says that the ledger came from another database: this is a restored copy, and until a person confirms that it is
// the one to go on with, making up what fell due meanwhile could do everything twice.
func (i identity) Held() bool {
	return i.System != i.RecordedSystem || i.Database != i.RecordedDatabase
}

func (i identity) restoredAt() time.Time {
	if i.Restored == nil {
		return time.Time{}
	}
	return *i.Restored
}

const whichDatabase = `
	SELECT (pg_control_system()).system_identifier AS system, (SELECT oid FROM pg_database WHERE datname = current_database()) AS database`

// identify reads both, and records this database where none is recorded yet.
func identify(ctx context.Context, tx pgx.Tx) (identity, error) {
	_, err := tx.Exec(ctx, `
		INSERT INTO queue.identity (system_identifier, database_oid, confirmed_by, written_by)
		SELECT system, database, 'first start', pg_current_xact_id()::xid FROM (`+whichDatabase+`) AS here
		WHERE NOT EXISTS (SELECT FROM queue.identity)
		ON CONFLICT DO NOTHING`)
	if err != nil {
		return identity{}, fmt.Errorf("record which database this is: %w", err)
	}
	rows, _ := tx.Query(ctx, `
		SELECT here.system, here.database, i.system_identifier AS recorded_system, i.database_oid AS recorded_database,
		       i.confirmed_at, i.restored_at AS restored, i.written_by IS NOT NULL AND i.written_by = i.xmin AS same_row
		FROM queue.identity AS i, (`+whichDatabase+`) AS here`)
	id, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[identity])
	if err != nil {
		return id, fmt.Errorf("find out which database this is: %w", err)
	}
	if id.Held() && id.SameRow && id.Database == id.RecordedDatabase { // pg_upgrade: the same files in another cluster
		_, err := tx.Exec(ctx, `
			UPDATE queue.identity SET system_identifier = $1, written_by = pg_current_xact_id()::xid`, id.System)
		if err != nil {
			return id, fmt.Errorf("record the upgraded cluster: %w", err)
		}
		id.RecordedSystem = id.System
	}
	return id, nil
}

// heldEvery is how often the log repeats that ticks are held.
const heldEvery = time.Minute

func (w *Worker) sayHeld(id identity) {
	if now := w.now(); now.Sub(w.heldSaid) >= heldEvery {
		w.heldSaid = now
		w.log.Error("this database is a restored copy: its schedules are held; cpd-jobs schedules confirm lets them go on",
			"recorded", id.RecordedSystem, "here", id.System)
	}
}

// Hold says that schedules are held because the database is a restored copy, and how many ticks wait.
type Hold struct {
	Held  bool  `json:"held"`
	Ticks int64 `json:"schedules_due"`
}

// Held tells whether the database is a restored copy that has not been confirmed.
func Held(ctx context.Context, db beginner) (h Hold, err error) {
	err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		id, err := identify(ctx, tx)
		if err != nil {
			return err
		}
		h.Held = id.Held()
		return tx.QueryRow(ctx, "SELECT count(*) FROM queue.schedules WHERE next_tick <= clock_timestamp()").Scan(&h.Ticks)
	})
	return h, err
}

// Confirm says that this restored copy is the database to go on with. Ticks up to now are recorded as those of the
// other database: skipped, restored. It returns false where nothing was held.
func Confirm(ctx context.Context, db beginner, by string) (confirmed bool, err error) {
	err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		id, err := identify(ctx, tx)
		if err != nil || !id.Held() {
			return err
		}
		confirmed = true
		_, err = tx.Exec(ctx, `
			UPDATE queue.identity SET system_identifier = here.system, database_oid = here.database,
				confirmed_at = clock_timestamp(), confirmed_by = $1, restored_at = clock_timestamp(),
				written_by = pg_current_xact_id()::xid
			FROM (`+whichDatabase+`) AS here`, by)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("confirm this database: %w", err)
	}
	return confirmed, nil
}
