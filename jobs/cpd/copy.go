package cpd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/guard"
	"cpd-jobs/jobs/profile"
)

// tableCopy is a copy of all tables, not yet live.
type tableCopy struct {
	*syncing
	number   int64
	asOf     time.Time
	mu       sync.Mutex // guards details and profiles
	details  Details
	profiles []profile.Column
}

func newCopy(ctx context.Context, s *syncing) (*tableCopy, error) {
	c := &tableCopy{syncing: s, details: Details{Tables: map[string]Count{}}}
	err := s.deps.DB.QueryRow(ctx, "SELECT nextval('cpd.copies')").Scan(&c.number)
	if err != nil {
		return nil, fmt.Errorf("number the copy: %w", err)
	}
	c.details.Copy = c.number
	return c, nil
}

// fill copies every table under one snapshot, and makes sure that the snapshot saw them all.
func (c *tableCopy) fill(ctx context.Context) error {
	c.details.System = c.src.systemIdentifier(ctx)
	if was := c.last.System; was != "" && c.details.System != "" && was != c.details.System {
		c.run.Log().Warn("the CPD database is on another server than the copy before came from", "was", was, "is", c.details.System)
		c.details.SystemWas = was
	}
	snap, err := c.src.begin(ctx)
	if err != nil {
		return err
	}
	c.asOf, c.details.Replica = snap.AsOf, snap.Replica
	if err = guard.Stop(c.run.Log(), c.allow, guardTime(c.last.AsAt, c.asOf)); err == nil {
		err = c.fillFrom(ctx, snap)
	}
	snap.end(ctx)
	if err != nil {
		return err
	}
	return c.notRewritten(ctx)
}

// fillFrom copies several tables at once, one in each session.
func (c *tableCopy) fillFrom(ctx context.Context, snap *snapshot) error {
	queue := make(chan Table, len(c.tables))
	for _, t := range largestFirst(c.tables, c.before) {
		queue <- t
	}
	close(queue)
	g, ctx := errgroup.WithContext(ctx)
	for _, session := range snap.sessions {
		g.Go(func() error {
			for t := range queue {
				if err := c.table(ctx, session, t); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// largestFirst puts the long ones first, so that none is left alone at the end.
func largestFirst(tables []Table, known map[name]relation) []Table {
	list := slices.Clone(tables)
	slices.SortStableFunc(list, func(a, b Table) int { return cmp.Compare(known[b.from()].rows, known[a.from()].rows) })
	return list
}

// notRewritten refuses a copy under which a table was rewritten or truncated: a snapshot older than that sees such a
// table empty, without an error. Locks would prevent it, but need more rights than reading some columns does.
func (c *tableCopy) notRewritten(ctx context.Context) error {
	after, err := c.src.describe(ctx, c.tables)
	if err != nil {
		return err
	}
	if list := rewritten(c.before, after); len(list) > 0 {
		return fmt.Errorf("the CPD service rewrote %s meanwhile; it must be copied again", join(list))
	}
	return nil
}

// table copies one table as a step.
func (c *tableCopy) table(ctx context.Context, session pgx.Tx, t Table) error {
	return c.run.Step(ctx, "copy "+t.String(), func(ctx context.Context, step *run.Step) error {
		step.Unit = "bytes"
		step.SetTotal(c.last.Tables[t.String()].Bytes) // near enough to show how far it is
		count, profiles, err := c.fillTable(ctx, session, t, step)
		if err != nil {
			return err
		}
		step.SetRows(count.Rows, count.Rows)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.details.Tables[t.String()] = count
		c.profiles = append(c.profiles, profiles...)
		return nil
	})
}

// fillTable makes the new table complete, indexed and analysed, in a transaction of its own. No reader sees it yet.
func (c *tableCopy) fillTable(ctx context.Context, session pgx.Tx, t Table, step *run.Step) (Count, []profile.Column, error) {
	tx, err := c.deps.DB.Begin(ctx)
	if err != nil {
		return Count{}, nil, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, create(t, c.number, c.live[t.to()].columns)); err != nil {
		return Count{}, nil, fmt.Errorf("make the table: %w", err)
	}
	p := pipe{
		source: session.Conn().PgConn(), target: tx.Conn().PgConn(),
		moved: func(bytes, rows int64) { step.Add(bytes); step.SetRows(rows, 0) },
		out:   t.copyOut(), in: t.copyIn(c.number), wait: c.deps.Wait,
	}
	count, err := p.run(ctx)
	if err != nil {
		return Count{}, nil, err
	}
	profiles, err := finish(ctx, tx, t, c.number, &count)
	if err != nil {
		return Count{}, nil, err
	}
	return count, profiles, commit(ctx, tx)
}

// commit sees it through even where the sync is ending: the clean-up behind it must know whether the table is there.
func commit(ctx context.Context, tx pgx.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return tx.Commit(ctx)
}

// finish hashes the content, then adds key and statistics. The sum of the rows' hashes does not depend on their order,
// which at the source changes with every touched row. Each is hashed once more, because PostgreSQL's hash of a row is a
// weighted sum of its columns' hashes: with those alone, two rows could exchange a value unnoticed. The profiles of the
// columns come of the same pass and of the statistics.
func finish(ctx context.Context, tx pgx.Tx, t Table, number int64, count *Count) ([]profile.Column, error) {
	table, m := t.physical(number).quoted(), newMeasures(t)
	var rows int64
	err := tx.QueryRow(ctx, `SELECT count(*), coalesce(sum(hashint8extended(hash_record_extended(t, 0), 0)), 0)::text, `+
		strings.Join(m.sql, ", ")+` FROM `+table+` AS t`).Scan(append([]any{&rows, &count.Hash}, m.into...)...)
	if err != nil {
		return nil, fmt.Errorf("hash the rows: %w", err)
	}
	if rows != count.Rows {
		return nil, fmt.Errorf("the source sent %d rows, %d arrived", count.Rows, rows)
	}
	if _, err := tx.Exec(ctx, "ALTER TABLE "+table+" ADD PRIMARY KEY (id); ANALYZE "+table); err != nil {
		return nil, fmt.Errorf("index and analyse: %w", err)
	}
	return m.profiles(ctx, tx, t, number, rows)
}
