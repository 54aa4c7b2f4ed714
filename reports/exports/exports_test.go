package exports_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/selection"
)

var asOf = time.Date(2026, 11, 22, 6, 10, 0, 0, time.UTC)

// add records an export of school_onboarding and gives its id.
func add(t *testing.T, db *pgxpool.Pool, name, format string, version int64, s exports.Selection) exports.Export {
	t.Helper()
	var added exports.Export
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) (err error) {
		added, err = exports.Add(t.Context(), tx, exports.Export{Report: "school_onboarding", Version: version, DefinitionVersion: "1.0", DefinitionHash: "abc",
			Selection: s, Format: format, Name: name, Key: name, Size: 10, Rows: 2, Checksum: "sum", SHA256: "sha", AsOf: asOf, RunID: 5, JobID: 6})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func names(list []exports.Export) []string {
	var names []string
	for _, e := range list {
		names = append(names, e.Name)
	}
	return names
}

func TestListAndFind(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	part := exports.Selection{Selection: selection.Selection{Where: selection.Where{"region_name": {"London"}}, Columns: []string{"urn", "name"}}}
	add(t, db, "1.xlsx", "xlsx", 1, exports.Selection{})
	add(t, db, "1.csv", "csv", 1, exports.Selection{})
	newest := add(t, db, "2.csv", "csv", 2, exports.Selection{})
	add(t, db, "part.csv", "csv", 3, part)

	list, err := exports.List(t.Context(), db, "school_onboarding", 3)
	if want := []string{"part.csv", "2.csv", "1.csv"}; err != nil || !slices.Equal(names(list), want) {
		t.Errorf("list %q, %v, want %q", names(list), err, want)
	}
	if all, err := exports.List(t.Context(), db, "", 100); err != nil || len(all) != 4 {
		t.Errorf("%d exports of all reports, %v, want 4", len(all), err)
	}
	if other, err := exports.List(t.Context(), db, "another", 100); err != nil || len(other) != 0 {
		t.Errorf("%d exports of another report, %v", len(other), err)
	}
	if e, err := exports.Find(t.Context(), db, newest.ID); err != nil || e.Name != "2.csv" || e.CreatedAt.IsZero() || !e.AsOf.Equal(asOf) {
		t.Errorf("found %+v, %v", e, err)
	}
	if _, err := exports.Find(t.Context(), db, 1_000_000); !errors.Is(err, exports.ErrNone) {
		t.Errorf("error %v, want none", err)
	}
	same, err := exports.Same(t.Context(), db, "school_onboarding", 3, "abc", part)
	if err != nil || len(same) != 1 || !slices.Equal(same[0].Selection.Columns, part.Columns) || !slices.Equal(same[0].Selection.Where["region_name"], selection.Values{"London"}) {
		t.Errorf("same %+v, %v", same, err)
	}
}

func TestExpiredFilesAreNotFound(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for name, test := range map[string]struct {
		expires string
		found   bool
	}{"over.csv": {"-1 second", false}, "soon.csv": {"1 hour", true}} {
		e := add(t, db, name, "csv", 1, exports.Selection{})
		if _, err := db.Exec(t.Context(), "UPDATE reports.exports SET expires_at = now() + $1::interval WHERE id = $2", test.expires, e.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := exports.Find(t.Context(), db, e.ID); (err == nil) != test.found || !test.found && !errors.Is(err, exports.ErrNone) {
			t.Errorf("%s: found: %v, want %v", name, err, test.found)
		}
		list, err := exports.List(t.Context(), db, "", 10)
		if err != nil || (len(list) == 1) != test.found {
			t.Errorf("%s: listed %v, %v, want %v", name, names(list), err, test.found)
		}
		same, err := exports.Same(t.Context(), db, "school_onboarding", 1, "abc", exports.Selection{})
		if err != nil || (len(same) == 1) != test.found {
			t.Errorf("%s: the same as %v, %v, want %v", name, names(same), err, test.found)
		}
	}
}

func TestSameContentIsRecordedOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	first := add(t, db, "1.csv", "csv", 1, exports.Selection{})
	again := add(t, db, "1.csv", "csv", 1, exports.Selection{})
	if first.ID != again.ID {
		t.Errorf("ids %d and %d", first.ID, again.ID)
	}
	taken, err := exports.Taken(t.Context(), db, []string{"1.csv", "2.csv"}, "school_onboarding", 1, "abc", exports.Selection{})
	if err != nil || len(taken) != 0 {
		t.Errorf("taken %q, %v: by itself", taken, err)
	}
	taken, err = exports.Taken(t.Context(), db, []string{"1.csv", "2.csv"}, "school_onboarding", 2, "abc", exports.Selection{})
	if err != nil || !slices.Equal(taken, []string{"1.csv"}) {
		t.Errorf("taken %q, %v, want 1.csv", taken, err)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(exports.Export{ID: 3, Report: "school_onboarding", Version: 7, DefinitionVersion: "1.0", Format: "csv", Name: "x.csv", Key: "secret/x.csv",
		Size: 5, Rows: 2, Checksum: "aa", SHA256: "bb", AsOf: asOf, RunID: 8, JobID: 9, CreatedAt: asOf})
	want := `{"id":3,"report":"school_onboarding","version":7,"definition_version":"1.0","selection":{},"format":"csv","name":"x.csv","size":5,"rows":2,` +
		`"checksum":"aa","altered":0,"sha256":"bb","as_of":"2026-11-22T06:10:00Z","run_id":8,"job_id":9,"created_at":"2026-11-22T06:10:00Z"}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s\nwant %s, %v", got, want, err)
	}
}
