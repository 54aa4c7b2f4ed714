package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"cpd-jobs/internal/clean"
	"cpd-jobs/internal/run"
)

// QueueState says of a queue that workers work whether it is paused.
type QueueState struct {
	Name        string     `json:"name"`
	Paused      bool       `json:"paused"`
	PausedAt    *time.Time `json:"paused_at,omitempty"`
	PausedUntil *time.Time `json:"paused_until,omitempty"`
	PausedBy    string     `json:"paused_by,omitempty"`
	PauseNote   string     `json:"pause_note,omitempty"`
}

// QueueStates lists the queues that workers work or worked lately, by name.
func (c *Client) QueueStates(ctx context.Context) ([]QueueState, error) {
	found, err := c.river.QueueList(ctx, river.NewQueueListParams().First(1000))
	if err != nil {
		return nil, fmt.Errorf("read the queues: %w", err)
	}
	type pause struct {
		Queue   string
		UntilAt *time.Time
		By      string
		Note    string
	}
	rows, _ := c.pool.Query(ctx, "SELECT queue, until_at, by, note FROM queue.queue_pauses")
	pauses, err := pgx.CollectRows(rows, pgx.RowToStructByName[pause])
	if err != nil {
		return nil, fmt.Errorf("read the pauses of queues: %w", err)
	}
	list := []QueueState{}
	for _, q := range found.Queues {
		info := QueueState{Name: q.Name, Paused: q.PausedAt != nil, PausedAt: inUTC(q.PausedAt)}
		if i := slices.IndexFunc(pauses, func(p pause) bool { return p.Queue == q.Name }); i >= 0 && info.Paused {
			info.PausedUntil, info.PausedBy, info.PauseNote = inUTC(pauses[i].UntilAt), pauses[i].By, pauses[i].Note
		}
		list = append(list, info)
	}
	slices.SortFunc(list, func(a, b QueueState) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// PauseQueue lets no job of a queue begin until then, or until it is resumed where until is zero; those that run go on.
// A pause that is on already gives way to this one.
func (c *Client) PauseQueue(ctx context.Context, name string, until time.Time, by, note string) error {
	var end *time.Time
	if !until.IsZero() {
		end = &until
	}
	return c.steerQueue(ctx, name, "pause", func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO queue.queue_pauses (queue, until_at, by, note) VALUES ($1, $2, $3, $4)
			ON CONFLICT (queue) DO UPDATE SET until_at = excluded.until_at, by = excluded.by, note = excluded.note`, name, end,
			clean.Text(by, clean.MaxName), clean.Text(note, clean.MaxError))
		if err != nil {
			return err
		}
		return c.river.QueuePauseTx(ctx, tx, name, nil)
	})
}

// ResumeQueue ends a pause of a queue: its jobs begin at once.
func (c *Client) ResumeQueue(ctx context.Context, name string) error {
	return c.steerQueue(ctx, name, "resume", func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "DELETE FROM queue.queue_pauses WHERE queue = $1", name); err != nil {
			return err
		}
		return c.river.QueueResumeTx(ctx, tx, name, nil)
	})
}

func (c *Client) steerQueue(ctx context.Context, name, verb string, do func(pgx.Tx) error) error {
	err := error(rivertype.ErrNotFound)
	if clean.Text(name, clean.MaxName) == name { // else there is none of this name, and the database could not look for it
		err = pgx.BeginFunc(ctx, c.pool, do)
	}
	if errors.Is(err, rivertype.ErrNotFound) {
		return run.Invalid("cpd-jobs queues list shows them", "no worker works a queue that is called %q", name)
	}
	if err != nil {
		return fmt.Errorf("%s queue %s: %w", verb, name, err)
	}
	return nil
}
