package exports_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/storetest"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/store"
)

func TestWithdrawTakesTheFilesOfVersionsAway(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	files, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for version, name := range map[int64]string{1: "1.csv", 2: "2.csv", 3: "3.csv"} {
		add(t, db, name, "csv", version, exports.Selection{})
		storetest.Put(t, files, name, "0123456789")
	}
	withdraw := func(versions []int64) (gone []string) {
		err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
			list, err := exports.Withdraw(t.Context(), tx, files, "school_onboarding", versions)
			gone = names(list)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return gone
	}
	if gone := withdraw([]int64{2, 7}); !slices.Equal(gone, []string{"2.csv"}) {
		t.Errorf("withdrew %q, want the file of version 2", gone)
	}
	if left := storetest.Keys(t, files); !slices.Equal(left, []string{"1.csv", "3.csv"}) {
		t.Errorf("in the store %q, want those of the other versions", left)
	}
	if gone := withdraw(nil); !slices.Equal(gone, []string{"1.csv", "3.csv"}) || len(storetest.Keys(t, files)) != 0 {
		t.Errorf("withdrew %q, want all that were left", gone)
	}
	if list, err := exports.List(t.Context(), db, "", 10); err != nil || len(list) != 0 {
		t.Errorf("recorded are %v, %v, want none", list, err)
	}
}

func TestFilesOfAWithdrawnVersionAreRefused(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	_, err := db.Exec(t.Context(), `
		INSERT INTO reports.definitions (report, title, about, definition_version, definition_hash, layout_hash, ensured_at)
		VALUES ('school_onboarding', '', '', '1.0', '', '', now());
		INSERT INTO reports.refreshes (report, version, run_id, as_of, published_at, rows, added, removed, changed, content_version,
			definition_version, definition_hash, program_version, inputs, steps, withdrawn_at, withdrawn_why)
		VALUES ('school_onboarding', 1, 1, now(), now(), 1, 1, 0, 0, 1, '1.0', '', '', '[]', '[]', now(), 'schools were missing')`)
	if err != nil {
		t.Fatal(err)
	}
	err = pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		_, err := exports.Add(t.Context(), tx, exports.Export{Report: "school_onboarding", Version: 1, Size: 1})
		return err
	})
	if run.ClassOf(err) != run.ClassBlocked {
		t.Errorf("got %v, want it refused", err)
	}
}
