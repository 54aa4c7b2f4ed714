package run

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Backoff is how long a job that failed waits before it is tried again: First after the first failure, twice as long
// after each further one, never longer than Longest. Zero fields are 5 seconds and 5 minutes.
type Backoff struct{ First, Longest time.Duration }

// AllDay is the back-off of work that is worth trying again hours later, such as a register that is published once a day.
var AllDay = Backoff{Longest: 30 * time.Minute}

// Wait is how long to wait after that many failures before this one.
func (b Backoff) Wait(failures int) time.Duration {
	return min(cmp.Or(b.First, 5*time.Second)<<min(failures, 20), cmp.Or(b.Longest, 5*time.Minute))
}

// EqualFailures is how many equal failures in a row quarantine a job that fails by a mistake of the program.
const EqualFailures = 3

// Bug says whether err may be a mistake of the program: it has no class, and is none of what passes by itself, such as a
// lost connection, a lock that is held, or an attempt that ran out of time.
func Bug(err error) bool {
	if _, classified := errors.AsType[*Failure](err); classified {
		return false
	}
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return !slices.Contains([]string{"08", "25", "40", "53", "55", "57", "58"}, answer.Code[:2])
	}
	if _, network := errors.AsType[net.Error](err); network {
		return false
	}
	return !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, io.ErrUnexpectedEOF) && !pgconn.SafeToRetry(err)
}

// Policy is what becomes of a job that fails with an error of a class.
type Policy struct {
	Class    Class  `json:"class"`
	Attempts int    `json:"attempts"`
	Waits    string `json:"waits,omitempty"`
	Then     string `json:"then"`
}

// Policies are those of the kind.
func (k Kind) Policies() []Policy {
	waits := k.Backoff.Wait(0).String() + ", doubled up to " + k.Backoff.Wait(100).String()
	const tick = "for a tick of a schedule it is tried until the tick is older than the schedule's catch_up max_age, else its deadline"
	return []Policy{
		{ClassUnreachable, k.MaxAttempts, waits, tick},
		{ClassTransient, k.MaxAttempts, waits, tick + "; quarantined after three equal failures that are no outage"},
		{ClassBlocked, 1, "", "waits for a person"},
		{ClassInvalid, 1, "", "ends: no retry helps"},
	}
}

// MarshalJSON adds the policies.
func (k Kind) MarshalJSON() ([]byte, error) {
	type plain Kind
	return json.Marshal(struct {
		plain
		Failures []Policy `json:"failures"`
	}{plain(k), k.Policies()})
}
