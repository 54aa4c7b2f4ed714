package pg

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/clock"
)

// ErrLocked is what [WithLockRetry] returns when others held a lock through every try.
var ErrLocked = errors.New("others held a lock that it needs all that time")

// LockRetry says how often to try for locks that others hold. Each try sets a short lock_timeout of its own: a session
// that waits for a lock makes all later readers wait behind it, so it is better to give up and try again.
type LockRetry struct {
	// Tries is how often at most, 12 if 0.
	Tries int
	// Pause is the wait before the second try, 500 ms if 0. It doubles up to six times that, and a random half of it is
	// left out, so that two that collided once do not collide again.
	Pause time.Duration
	// Waiting, where set, is called before the first wait.
	Waiting func()
}

// WithLockRetry calls try, which must leave no transaction open, until it succeeds, fails otherwise than by a lock, or
// has had its tries: then the error is [ErrLocked] with the last of them.
func WithLockRetry(ctx context.Context, r LockRetry, try func() error) error {
	tries, pause := max(r.Tries, 0), r.Pause
	if tries == 0 {
		tries = 12
	}
	if pause == 0 {
		pause = 500 * time.Millisecond
	}
	for wait, n := pause, 1; ; n++ {
		err := try()
		if !IsLocked(err) {
			return err
		}
		if n == tries {
			return fmt.Errorf("%w (%d tries): %w", ErrLocked, tries, err)
		}
		if n == 1 && r.Waiting != nil {
			r.Waiting()
		}
		if err := clock.Wait(ctx, wait/2+rand.N(wait/2)); err != nil {
			return err
		}
		wait = min(2*wait, 6*pause)
	}
}

// IsLocked says that a statement failed because others hold a lock: lock_timeout passed, or a deadlock was broken.
func IsLocked(err error) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (answer.Code == "55P03" || answer.Code == "40P01")
}
