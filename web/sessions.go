package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// How long somebody stays signed in: a working day, and not over a long absence. Roles that were taken away meanwhile
// last until then.
const (
	sessionLife = 10 * time.Hour
	sessionIdle = 2 * time.Hour
)

// newSessions keeps sessions in the database, so that every instance knows them; the cookie is a random name alone, and
// the database has only its hash.
func newSessions(db *pgxpool.Pool, https bool) *scs.SessionManager {
	m := scs.New()
	m.Store = sessionStore{db}
	m.HashTokenInStore = true
	m.Lifetime, m.IdleTimeout = sessionLife, sessionIdle
	m.Cookie.Name = "session"
	m.Cookie.HttpOnly, m.Cookie.SameSite, m.Cookie.Persist = true, http.SameSiteLaxMode, false
	if https {
		m.Cookie.Name = "__Host-session" // which a browser takes from this host alone, and over https alone
		m.Cookie.Secure = true
	}
	return m
}

// sessionStore is queue.sessions. The store that comes with scs knows neither schemas nor contexts.
type sessionStore struct{ db *pgxpool.Pool }

// FindCtx finds a session that has not expired.
func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	rows, _ := s.db.Query(ctx, "SELECT data FROM queue.sessions WHERE token = $1 AND expiry > now()", token)
	data, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[[]byte])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("find a session: %w", err)
	}
	return data, true, nil
}

// CommitCtx writes a session, and deletes a few that have expired: there is no other broom.
func (s sessionStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	_, err := s.db.Exec(ctx, `
		WITH expired AS (
			DELETE FROM queue.sessions WHERE token IN (
				SELECT token FROM queue.sessions WHERE expiry < now() AND token <> $1 LIMIT 10 FOR UPDATE SKIP LOCKED)
		)
		INSERT INTO queue.sessions (token, data, expiry) VALUES ($1, $2, $3)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expiry = excluded.expiry`, token, data, expiry)
	if err != nil {
		return fmt.Errorf("keep a session: %w", err)
	}
	return nil
}

// DeleteCtx ends a session.
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	if _, err := s.db.Exec(ctx, "DELETE FROM queue.sessions WHERE token = $1", token); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// Find, Commit and Delete are those of a store without contexts; scs calls the others.
func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (s sessionStore) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a context.
func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
