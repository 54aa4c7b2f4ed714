package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
)

// Sessions keeps the sessions of people in queue.sessions, by the hash of what their cookie has. It is a store for
// github.com/alexedwards/scs; the one that comes with it knows neither schemas nor contexts.
type Sessions struct {
	DB Database
	// Of says whose session some data are; the zero Visitor where nobody has signed in yet. Nil knows nobody.
	Of func(data []byte) Visitor
}

// FindCtx finds a session that has not expired; false where there is none.
func (s Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	rows, _ := s.DB.Query(ctx, "SELECT data FROM queue.sessions WHERE token = $1 AND expiry > now() AND ended_at IS NULL", token)
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
	var v Visitor
	if s.Of != nil {
		v = s.Of(data)
	}
	_, err := s.DB.Exec(ctx, `
		WITH expired AS (
			DELETE FROM queue.sessions WHERE token IN (
				SELECT token FROM queue.sessions WHERE expiry < now() AND token <> $1 LIMIT 10 FOR UPDATE SKIP LOCKED)
		)
		INSERT INTO queue.sessions (token, data, expiry, person, person_id, roles)
		VALUES ($1, $2, now() + make_interval(secs => $3), nullif($4, ''), nullif($5, ''), $6)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expiry = excluded.expiry, person = excluded.person,
			person_id = excluded.person_id, roles = excluded.roles
		WHERE sessions.ended_at IS NULL`, // a request that is under way must not bring back what was ended
		token, data, expiry.Sub(clock.System()).Seconds(), v.Name, v.ID, v.Roles)
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

// Session is somebody who is signed in.
type Session struct {
	ID        string    `json:"id"` // begins the hash of what the cookie has, and lets no one in
	Person    string    `json:"person"`
	PersonID  string    `json:"person_id"`
	Roles     []string  `json:"roles"`
	BegunAt   time.Time `json:"begun_at"`
	ExpiresAt time.Time `json:"expires_at"` // unless it is used again
}

const liveSession = "person IS NOT NULL AND expiry > now() AND ended_at IS NULL"

// ListSessions lists who is signed in, latest first.
func ListSessions(ctx context.Context, db Database) ([]Session, error) {
	rows, _ := db.Query(ctx, `
		SELECT left(token, 12) AS id, person, coalesce(person_id, '') AS person_id, coalesce(roles, '{}') AS roles, begun_at, expiry AS expires_at
		FROM queue.sessions WHERE `+liveSession+` ORDER BY begun_at DESC, token`)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Session])
	if err != nil {
		return nil, fmt.Errorf("list the sessions: %w", err)
	}
	return list, nil
}

// EndSessions ends sessions at once, also for requests that are under way: that of an id, or all of a person, or of all
// who have a role; exactly one is given. It says how many there were; none is of class Invalid.
func EndSessions(ctx context.Context, db Database, id, person string, role Role) (int64, error) {
	tag, err := db.Exec(ctx, `
		UPDATE queue.sessions SET ended_at = clock_timestamp(), data = ''
		WHERE `+liveSession+` AND (left(token, 12) = $1 AND $1 <> '' OR (lower($2) = lower(person) OR $2 = person_id) AND $2 <> '' OR $3 = ANY (roles) AND $3 <> '')`,
		id, person, string(role))
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return 0, run.Invalid("cpd-jobs sessions list shows them", "no such session: it was ended, has expired or never existed")
	}
	return tag.RowsAffected(), nil
}
