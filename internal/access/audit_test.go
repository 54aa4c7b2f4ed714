package access_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
)

func TestEventsAreRecordedWithTheirOutcome(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	event := access.Event{Visitor: access.AtTerminal("a@b"), Action: "download", Target: "export 3", Detail: map[string]any{"name": "x.csv"}}
	for _, test := range []struct {
		err  error
		want string
	}{{nil, "done"}, {run.Blocked("", "no"), "refused"}, {run.Invalid("", "no"), "refused"}, {errors.New("disk full"), "failed"}} {
		ctx, leave := context.WithCancel(t.Context())
		var during string
		err := access.Audited(ctx, db, event, func() error {
			during = last(t, db)
			leave() // the outcome is recorded also where the visitor leaves meanwhile
			return test.err
		})
		if !errors.Is(err, test.err) || during != "begun" || last(t, db) != test.want {
			t.Errorf("%v: error %v, %s and then %s, want begun and then %s", test.err, err, during, last(t, db), test.want)
		}
	}
}

func TestWhatCannotBeRecordedIsNotDone(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	err := access.Audited(t.Context(), db, access.Event{Visitor: access.Visitor{Name: "a", Via: "magic"}, Action: "download", Target: "export 3"}, func() error {
		t.Error("it was done")
		return nil
	})
	if err == nil {
		t.Error("nothing is said")
	}
}

func TestAnEventInATransactionIsRecordedWithIt(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, fails := range []error{errors.New("rolled back"), nil} {
		err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
			event := access.Event{Visitor: access.AtTerminal("a@b"), Action: "revoke token", Target: "token 1"}
			return errors.Join(access.RecordDone(t.Context(), tx, event), fails)
		})
		if !errors.Is(err, fails) {
			t.Fatal(err)
		}
		list, err := access.Events(t.Context(), db, 0, 10)
		if err != nil || (len(list) == 1) != (fails == nil) {
			t.Errorf("after %v the audit has %+v (%v)", fails, list, err)
		}
	}
}

func TestEventsComePageByPage(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for range 3 {
		if err := access.RecordDone(t.Context(), db, access.Event{Action: "sign in", Target: "these pages"}); err != nil {
			t.Fatal(err)
		}
	}
	first, err := access.Events(t.Context(), db, 0, 2)
	if err != nil || len(first) != 2 || first[0].ID != 3 || first[0].Via != access.ViaUnknown {
		t.Fatalf("first page %+v (%v)", first, err)
	}
	rest, err := access.Events(t.Context(), db, first[1].ID, 2)
	if err != nil || len(rest) != 1 || rest[0].ID != 1 {
		t.Errorf("second page %+v (%v)", rest, err)
	}
}

func last(t *testing.T, db access.Database) string {
	t.Helper()
	list, err := access.Events(t.Context(), db, 0, 1)
	if err != nil || len(list) == 0 {
		t.Fatalf("the audit has %v (%v)", list, err)
	}
	return list[0].Outcome
}

// An event whose target, name and details hold what the database refuses is recorded all the same.
func TestOddTextIsRecorded(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	e := access.Event{Visitor: access.Visitor{Name: "a\x00\xff", Address: "\x00"}, Action: "resume", Target: "queue \x00\xff\x1b[31m",
		Detail: map[string]string{"note": "\x00\xff"}}
	if err := access.RecordRefused(t.Context(), db, e); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := db.QueryRow(t.Context(), "SELECT count(*) FROM queue.audit WHERE target LIKE 'queue %'").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows (%v), want one", rows, err)
	}
}
