package access_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
)

// filledAudit has n events that several processes recorded at once, each with its outcome.
func filledAudit(t *testing.T, n int) *pgxpool.Pool {
	t.Helper()
	db := pgtest.New(t)
	var writers sync.WaitGroup
	for i := range n {
		writers.Go(func() {
			event := access.Event{Visitor: access.AtTerminal("a@b"), Action: "download", Target: fmt.Sprintf("export %d", i), Detail: map[string]any{"name": "x.csv"}}
			if err := access.Audited(t.Context(), db, event, func() error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	return db
}

func TestTheAuditProvesThatItIsWhole(t *testing.T) {
	t.Parallel()
	db := filledAudit(t, 8)
	got, err := access.VerifyAudit(t.Context(), db)
	if err != nil || got.Rows != 16 || got.Unsealed != 0 || got.Seal.ID != 16 {
		t.Fatalf("found %+v (%v)", got, err)
	}
	seal, err := access.LatestSeal(t.Context(), db)
	if err != nil || seal != got.Seal {
		t.Errorf("sealed as %+v (%v), want %+v", seal, err, got.Seal)
	}
	for name, c := range map[string]struct{ sql, says string }{
		"another actor":            {"UPDATE queue.audit SET actor = 'c@d' WHERE id = 3", "row 3 is not as it was written"},
		"another outcome":          {"UPDATE queue.audit SET outcome = 'failed' WHERE id = 5", "row 5 is not as it was written"},
		"a row taken away":         {"DELETE FROM queue.audit WHERE id = 4", "rows 4 to 4 are missing"},
		"the first one taken away": {"DELETE FROM queue.audit WHERE id = 1", "rows 1 to 1 are missing"},
		"the last one taken away":  {"DELETE FROM queue.audit WHERE id = 16", "row 16, which was sealed, is missing"},
		"a hash taken away":        {"UPDATE queue.audit SET hash = NULL WHERE id = 7", "row 7 is not as it was written"},
		"a new chain": {`UPDATE queue.audit SET target = 'export 99' WHERE id = 16;
			UPDATE queue.audit AS a SET hash = queue.audit_hash((SELECT hash FROM queue.audit WHERE id = 15), a) WHERE id = 16`, "row 16 is not the one that was sealed"},
	} {
		tx, err := db.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// Only the owner of the table can do this.
		if _, err := tx.Exec(t.Context(), "ALTER TABLE queue.audit DISABLE TRIGGER USER; "+c.sql); err != nil {
			t.Fatal(err)
		}
		if _, err := access.VerifyAudit(t.Context(), tx, seal); run.ClassOf(err) != run.ClassBlocked || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRowsOfTheAuditStayAsTheyAre(t *testing.T) {
	t.Parallel()
	db := filledAudit(t, 2)
	for _, sql := range []string{
		"UPDATE queue.audit SET actor = 'c@d' WHERE id = 1", "UPDATE queue.audit SET outcome = 'failed' WHERE id = 4",
		"DELETE FROM queue.audit WHERE id = 1", "TRUNCATE queue.audit",
	} {
		if _, err := db.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s: done", sql)
		}
	}
	if _, err := access.VerifyAudit(t.Context(), db); err != nil {
		t.Error(err)
	}
}

// TestTheReleaseBeforeGoesOnToRecord: it updates the row of an event with its outcome, and deletes by age alone.
func TestTheReleaseBeforeGoesOnToRecord(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	if _, err := db.Exec(t.Context(), `
		INSERT INTO queue.audit (at, actor, via, action, target, address, outcome) VALUES
			(now() - interval '402 days', 'a', 'token', 'retry', 'job 1', '', 'done'), (now() - interval '401 days', 'a', 'token', 'retry', 'job 2', '', 'done'),
			(now(), 'a', 'token', 'retry', 'job 3', '', 'begun');
		UPDATE queue.audit SET outcome = 'done', finished_at = clock_timestamp() WHERE id = 3;
		DELETE FROM queue.audit WHERE at < now() - interval '400 days'`); err != nil {
		t.Fatal(err)
	}
	list, err := access.Events(t.Context(), db, 0, 10)
	if err != nil || len(list) != 1 || list[0].Outcome != "done" {
		t.Errorf("the audit has %+v (%v)", list, err)
	}
	if got, err := access.VerifyAudit(t.Context(), db); err != nil || got.Rows != 2 {
		t.Errorf("verified %+v (%v)", got, err)
	}
}

func TestSealsAreFoundInTheLog(t *testing.T) {
	t.Parallel()
	db := filledAudit(t, 1)
	if _, err := db.Exec(t.Context(), `
		INSERT INTO queue.logs (job_id, attempt, at, level, message, attrs) VALUES (1, 1, now(), 'INFO', $1, '{"row": 2, "hash": "ab"}'),
			(1, 1, now(), 'INFO', $1, '{"row": "nonsense"}'), (1, 1, now(), 'INFO', 'another', '{"row": 1, "hash": "cd"}')`, access.SealLogged); err != nil {
		t.Fatal(err)
	}
	list, err := access.Seals(t.Context(), db)
	if err != nil || len(list) != 1 || list[0] != (access.Seal{ID: 2, Hash: "ab"}) {
		t.Errorf("found %+v (%v)", list, err)
	}
}
