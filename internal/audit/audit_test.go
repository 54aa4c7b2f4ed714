package audit_test

import (
	"context"
	"errors"
	"testing"

	"cpd-jobs/internal/audit"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
)

func TestWhatPeopleDoIsRecordedWithItsOutcome(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	deed := audit.Deed{Actor: "person a@b", Via: audit.Terminal, Action: "download", Target: "export 3", Detail: map[string]any{"name": "x.csv"}, Address: "command line"}
	for _, test := range []struct {
		err  error
		want string
	}{{nil, "done"}, {run.Blocked("", "no"), "refused"}, {run.Invalid("", "no"), "refused"}, {errors.New("disk full"), "failed"}} {
		ctx, leave := context.WithCancel(t.Context())
		var during string
		err := audit.Do(ctx, db, deed, func() error {
			during = last(t, db)
			leave() // who leaves meanwhile is recorded all the same
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
	err := audit.Do(t.Context(), db, audit.Deed{Actor: "a", Via: "magic", Action: "download", Target: "export 3"}, func() error {
		t.Error("it was done")
		return nil
	})
	if err == nil {
		t.Error("nothing is said")
	}
}

func last(t *testing.T, db audit.Database) (outcome string) {
	t.Helper()
	if err := db.QueryRow(t.Context(), "SELECT outcome FROM queue.audit ORDER BY id DESC LIMIT 1").Scan(&outcome); err != nil {
		t.Fatal(err)
	}
	return outcome
}
