package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/clock"
)

// Sessions keeps the sessions of people in queue.sessions, by the hash of what their cookie has. It is a store for
// github.com/alexedwards/scs; the one that comes with it knows neither schemas nor contexts.
type Sessions struct{ DB Database }

// FindCtx finds a session that has not expired; false where there is none.
func (s Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	rows, _ := s.DB.Query(ctx, "SELECT data FROM queue.sessions WHERE token = $1 AND expiry > now()", token)
	data, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[[]byte])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("find a session: %w", err)
	}
	return data, true, nil
}

// CommitCtx writes a session, and deletes a few that have expired: nothing else deletes them so soon. The database's
// clock decides what has expired, so the row gets the time that is left on that clock.
func (s Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	_, err := s.DB.Exec(ctx, `
		WITH expired AS (
			DELETE FROM queue.sessions WHERE token IN (
				SELECT token FROM queue.sessions WHERE expiry < now() AND token <> $1 LIMIT 10 FOR UPDATE SKIP LOCKED)
		)
		INSERT INTO queue.sessions (token, data, expiry) VALUES ($1, $2, now() + make_interval(secs => $3))
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expiry = excluded.expiry`, token, data, expiry.Sub(clock.System()).Seconds())
	if err != nil {
		return fmt.Errorf("keep a session: %w", err)
	}
	return nil
}

// DeleteCtx ends a session.
func (s Sessions) DeleteCtx(ctx context.Context, token string) error {
	if _, err := s.DB.Exec(ctx, "DELETE FROM queue.sessions WHERE token = $1", token); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// Find, Commit and Delete are those of a store without contexts; scs calls the others.
func (s Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (s Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a context.
func (s Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
