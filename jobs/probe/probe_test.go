package probe_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/probe"
)

// attempt is one attempt at a job of a run.
type attempt struct {
	run.Local
	id, job int64
	lost    bool
}

func (a *attempt) ID() int64    { return a.id }
func (a *attempt) JobID() int64 { return a.job }
func (a *attempt) Fence(context.Context, pgx.Tx) error {
	if a.lost {
		return run.ErrLost
	}
	return nil
}

func work(t *testing.T, db *pgxpool.Pool, r run.Run, args string) (run.Outcome, error) {
	t.Helper()
	kind := probe.Kinds(probe.Deps{DB: db})[0]
	checked, err := kind.Check(json.RawMessage(args))
	if err != nil {
		return run.Outcome{}, err
	}
	return kind.Work(t.Context(), r, checked)
}

func rows(t *testing.T, db *pgxpool.Pool) (n int) {
	t.Helper()
	if err := db.QueryRow(t.Context(), "SELECT count(*) FROM queue.probes WHERE row > 0").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNothingAskedNothingTouched(t *testing.T) {
	t.Parallel()
	got, err := work(t, nil, &run.Local{}, `{"note": "smoke"}`)
	if err != nil || got.Changed || got.Summary != (probe.Result{Note: "smoke"}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestEffectOnceInARun(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, test := range []struct {
		name    string
		attempt attempt
		args    string
		want    int // rows there after it
	}{
		{"first attempt", attempt{id: 7, job: 1}, `{"rows": 3}`, 3},
		{"the same job again", attempt{id: 7, job: 1}, `{"rows": 3}`, 3},
		{"taken over by another job", attempt{id: 7, job: 2}, `{"rows": 3}`, 3},
		{"the next of the chain", attempt{id: 7, job: 3}, `{"rows": 2, "note": "second"}`, 5},
		{"another run", attempt{id: 8, job: 4}, `{"rows": 3}`, 8},
		{"a dry run", attempt{id: 9, job: 5, Local: run.Local{Dry: true}}, `{"rows": 3}`, 8},
		{"a lost attempt", attempt{id: 10, job: 6, lost: true}, `{"rows": 3}`, 8},
		{"outside the queue", attempt{}, `{"rows": 1}`, 9},
		{"outside the queue again", attempt{}, `{"rows": 1}`, 10},
	} {
		_, err := work(t, db, &test.attempt, test.args)
		if errors.Is(err, run.ErrLost) != test.attempt.lost || (err != nil && !test.attempt.lost) {
			t.Errorf("%s: got %v", test.name, err)
		}
		if got := rows(t, db); got != test.want {
			t.Errorf("%s: got %d rows, want %d", test.name, got, test.want)
		}
	}
}

func TestFail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args  string
		class run.Class
		says  string
	}{
		{`{"fail": true}`, run.ClassTransient, "failed as told"},
		{`{"fail": "true"}`, run.ClassTransient, "failed as told"},
		{`{"fail": "the disk is full"}`, run.ClassTransient, "the disk is full"},
		{`{"fail": "refused"}`, run.ClassBlocked, "refused as told"},
		{`{"fail": "bad_input"}`, run.ClassInvalid, "bad input as told"},
		{`{"fail": "unreachable"}`, run.ClassUnreachable, "unreachable as told"},
		{`{"fail": []}`, run.ClassInvalid, "neither true, a number nor a text"},
		{`{"sleep": "soon"}`, run.ClassInvalid, `"soon" is no duration`},
		{`{"sleep": "-2s"}`, run.ClassInvalid, `"-2s" is no duration`},
		{`{"rows": -1}`, run.ClassInvalid, "less than nothing"},
		{`{"row": 1}`, run.ClassInvalid, `"row"`},
	} {
		_, err := work(t, nil, &run.Local{}, test.args)
		if err == nil || run.ClassOf(err) != test.class || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want %s: %s", test.args, err, test.class, test.says)
		}
	}
	for _, args := range []string{`{"fail": false}`, `{"fail": 0}`, `{"fail": ""}`, `{"fail": null}`} {
		if _, err := work(t, nil, &run.Local{}, args); err != nil {
			t.Errorf("%s: got %v", args, err)
		}
	}
}

func TestFailTheFirstAttempts(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for n, fails := range []bool{true, true, false} {
		_, err := work(t, db, &attempt{id: 7, job: int64(n)}, `{"fail": 2, "rows": 1}`)
		if (err != nil) != fails {
			t.Errorf("attempt %d: got %v, want failure %v", n+1, err, fails)
		}
	}
	if got := rows(t, db); got != 1 {
		t.Errorf("got %d rows, want 1", got)
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if _, err := work(t, nil, &run.Local{}, `{"sleep": "1m30s"}`); err != nil || time.Since(start) != 90*time.Second {
			t.Errorf("got %v after %s, want 1m30s", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := probe.Probe(ctx, &run.Local{}, nil, probe.Args{Sleep: "1h"})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's end", err)
		}
	})
}

func BenchmarkNothing(b *testing.B) {
	kind := probe.Kinds(probe.Deps{})[0]
	args := json.RawMessage(`{}`)
	for b.Loop() {
		if _, err := kind.Work(b.Context(), &run.Local{}, args); err != nil {
			b.Fatal(err)
		}
	}
}
