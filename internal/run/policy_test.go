package run_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/run"
)

func TestBackoffDoublesUpToItsLongest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		backoff  run.Backoff
		failures int
		want     time.Duration
	}{
		{run.Backoff{}, 0, 5 * time.Second}, {run.Backoff{}, 1, 10 * time.Second}, {run.Backoff{}, 3, 40 * time.Second},
		{run.Backoff{}, 6, 5 * time.Minute}, {run.Backoff{}, 600, 5 * time.Minute},
		{run.AllDay, 7, 640 * time.Second}, {run.AllDay, 50, 30 * time.Minute},
		{run.Backoff{First: time.Minute, Longest: time.Hour}, 1, 2 * time.Minute},
	} {
		if got := c.backoff.Wait(c.failures); got != c.want {
			t.Errorf("%+v after %d failures: %s, want %s", c.backoff, c.failures, got, c.want)
		}
	}
}

func TestBugIsWhatDoesNotPassByItself(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err error
		bug bool
	}{
		{errors.New("index out of range"), true},
		{&pgconn.PgError{Code: "42703"}, true},
		{&pgconn.PgError{Code: "22P02"}, true},
		{&pgconn.PgError{Code: "55P03"}, false},
		{&pgconn.PgError{Code: "40P01"}, false},
		{&pgconn.PgError{Code: "53300"}, false},
		{&pgconn.PgError{Code: "57P01"}, false},
		{context.DeadlineExceeded, false},
		{io.ErrUnexpectedEOF, false},
		{&net.OpError{Op: "read", Err: errors.New("connection reset")}, false},
		{run.Unreachable("", "no answer"), false},
		{run.Blocked("", "too many"), false},
	} {
		if got := run.Bug(fmt.Errorf("merge: %w", c.err)); got != c.bug {
			t.Errorf("%v may be a bug: %v, want %v", c.err, got, c.bug)
		}
	}
}

func TestKindSaysWhatBecomesOfFailures(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(run.NewKind(run.Kind{Name: "k", MaxAttempts: 7, Backoff: run.AllDay}, nil,
		func(context.Context, run.Run, args) (run.Outcome, error) { return run.Outcome{}, nil }))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"Name":"k"`, `"Params":[{`, `{"class":"unreachable","attempts":7,"waits":"5s, doubled up to 30m0s","then":"`,
		`{"class":"refused","attempts":1,"then":"waits for a person"}`, `{"class":"bad_input","attempts":1,`,
	} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s lacks %s", raw, want)
		}
	}
}
