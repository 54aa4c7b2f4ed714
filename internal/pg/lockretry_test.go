package pg_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/pg"
)

func TestWithLockRetry(t *testing.T) {
	t.Parallel()
	held, deadlock := &pgconn.PgError{Code: "55P03"}, &pgconn.PgError{Code: "40P01"}
	broken := errors.New("syntax error")
	for _, c := range []struct {
		name    string
		answers []error // the last one for ever
		want    error
		tries   int
		waits   bool
	}{
		{"free at once", []error{nil}, nil, 1, false},
		{"free in the end", []error{held, deadlock, nil}, nil, 3, true},
		{"never free", []error{held}, pg.ErrLocked, 4, true},
		{"another error", []error{held, broken}, broken, 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tries, told, began := 0, 0, time.Now()
				err := pg.WithLockRetry(t.Context(), pg.LockRetry{Tries: 4, Pause: time.Second, Waiting: func() { told++ }}, func() error {
					answer := c.answers[min(tries, len(c.answers)-1)]
					tries++
					return answer
				})
				if !errors.Is(err, c.want) || tries != c.tries || (told == 1) != c.waits || told > 1 {
					t.Errorf("got %v after %d tries, told %d times; want %v after %d, told %t", err, tries, told, c.want, c.tries, c.waits)
				}
				if took := time.Since(began); took > 7*time.Second || c.tries > 1 && took < time.Second/2 {
					t.Errorf("paused for %s", took)
				}
			})
		})
	}
}

func TestWithLockRetryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stopped := errors.New("stopped")
		ctx, stop := context.WithCancelCause(t.Context())
		err := pg.WithLockRetry(ctx, pg.LockRetry{Waiting: func() { stop(stopped) }}, func() error { return &pgconn.PgError{Code: "55P03"} })
		if !errors.Is(err, stopped) {
			t.Errorf("got %v, want %v", err, stopped)
		}
	})
}
