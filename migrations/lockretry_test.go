package migrations

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
)

var errHeld = &pgconn.PgError{Code: "55P03", Message: "canceling statement due to lock timeout"}

// play gives the answers one after the other, the last one for ever.
func play(answers ...error) (one func() error, asked *int) {
	asked = new(int)
	return func() error {
		answer := answers[min(*asked, len(answers)-1)]
		*asked++
		return answer
	}, asked
}

func TestMigrationRetriesLocks(t *testing.T) {
	t.Parallel()
	broken := errors.New("syntax error")
	for _, c := range []struct {
		name    string
		answers []error
		want    error
		asked   int
	}{
		{"nothing to do", []error{goose.ErrNoNextVersion}, nil, 1},
		{"two migrations", []error{nil, nil, goose.ErrNoNextVersion}, nil, 3},
		{"a lock that is free in the end", []error{nil, errHeld, errHeld, nil, goose.ErrNoNextVersion}, nil, 5},
		{"a lock that is never free", []error{errHeld}, ErrBusy, 12},
		{"a wrong migration", []error{nil, broken}, broken, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				one, asked := play(c.answers...)
				began := time.Now()
				if err := withLockRetry(t.Context(), one); !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if *asked != c.asked || time.Since(began) > time.Minute {
					t.Errorf("tried %d times in %s, want %d times within a minute", *asked, time.Since(began), c.asked)
				}
			})
		})
	}
}

func TestEveryMigrationWaitsBriefly(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(brief{Files}, "*.sql")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d migrations (%v)", len(names), err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(fsOnly{brief{Files}}, name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "-- +goose Up\n"+waitBriefly+"\n") {
			t.Errorf("%s begins %.60q", name, text)
		}
	}
}

// fsOnly hides all but Open, as which goose reads.
type fsOnly struct{ fs.FS }
