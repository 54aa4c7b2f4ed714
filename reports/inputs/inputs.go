// Package inputs keeps the versions of what reports are made from: each completed sync publishes one, each refresh
// names those that it used.
package inputs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
)

// Input is one of the synced sources.
type Input string

const (
	CPD    Input = "cpd"
	GIAS   Input = "gias"
	Uplift Input = "uplift"
)

// Version is one published state of an input.
type Version struct {
	Input       Input           `json:"input"`
	Version     int64           `json:"version"`
	AsAt        time.Time       `json:"as_at"`
	PublishedAt time.Time       `json:"published_at"`
	ContentHash string          `json:"content_hash"`
	Rows        int64           `json:"rows"`
	RunID       int64           `json:"run_id"`
	Details     json.RawMessage `json:"details"`
}

// Behind is how far the source that it was read from was behind the one that it is a replica of, 0 where it was none or
// had caught up.
func (v Version) Behind() time.Duration {
	var details struct {
		Replica struct {
			LagSeconds float64 `json:"lag_seconds"`
		} `json:"replica"`
	}
	if json.Unmarshal(v.Details, &details) != nil {
		return 0 // another input's details
	}
	return time.Duration(details.Replica.LagSeconds * float64(time.Second))
}

const columns = "input, version, as_at, published_at, content_hash, rows, run_id, details"

// Live lists the versions that are live, by input; an input that was never synced is not among them.
func Live(ctx context.Context, db pg.Querier) ([]Version, error) {
	rows, _ := db.Query(ctx, `SELECT `+columns+` FROM reports.input_versions JOIN reports.inputs USING (input, version) ORDER BY input`)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Version])
	if err != nil {
		return nil, fmt.Errorf("read the versions of the inputs: %w", err)
	}
	return list, nil
}

// Share locks the live versions of the inputs until tx ends, so that no sync swaps their tables meanwhile. It must be
// the first statement of a refresh's transaction, before its snapshot is taken: with READ COMMITTED any
// time, with REPEATABLE READ never (the lock itself takes the snapshot).
func Share(ctx context.Context, tx pgx.Tx, list ...Input) error {
	return lock(ctx, tx, "SHARE", list)
}

// Claim locks the live version of an input exclusively until tx ends. A sync calls it before it swaps or merges, and
// sets lock_timeout first.
func Claim(ctx context.Context, tx pgx.Tx, input Input) error {
	return lock(ctx, tx, "UPDATE", []Input{input})
}

func lock(ctx context.Context, tx pgx.Tx, strength string, list []Input) error {
	names := make([]string, len(list))
	for i, in := range list {
		names[i] = string(in)
	}
	slices.Sort(names)
	rows, _ := tx.Query(ctx, `SELECT input FROM reports.inputs WHERE input = ANY($1) ORDER BY input FOR `+strength, names)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("lock the versions of %v: %w", names, err)
	}
	if len(got) != len(names) {
		return fmt.Errorf("lock the versions of %v: only %v are known", names, got)
	}
	return nil
}

// Publish makes v the live version of its input, within tx, which must hold the claim. Version and PublishedAt are
// given here; the new number is returned.
func Publish(ctx context.Context, tx pgx.Tx, v Version) (int64, error) {
	if v.Details == nil {
		v.Details = json.RawMessage("{}")
	}
	var number int64
	err := tx.QueryRow(ctx, `
		WITH next AS (
			UPDATE reports.inputs SET version = version + 1 WHERE input = $1 RETURNING version
		)
		INSERT INTO reports.input_versions (`+columns+`)
		SELECT $1, version, $2, clock_timestamp(), $3, $4, $5, $6 FROM next
		RETURNING version`,
		v.Input, v.AsAt, v.ContentHash, v.Rows, v.RunID, v.Details).Scan(&number)
	if err != nil {
		return 0, fmt.Errorf("publish a version of %s: %w", v.Input, err)
	}
	return number, nil
}
