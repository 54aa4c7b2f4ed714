package export

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/selection"
)

// twoVersions publishes five schools, then a version that renames one of them, loses one and gains one, with its change
// log.
func (b *bench) twoVersions() {
	b.t.Helper()
	first := schools(5)
	b.refresh(1, first...)
	_, err := b.DB.Exec(b.t.Context(), `
		INSERT INTO reports.school_onboarding_changes (version, urn, action, column_name, old, new, row_as_of)
		SELECT 2, urn, 'removed', NULL, to_jsonb(s), NULL, as_of FROM reports.school_onboarding s WHERE urn = '99992'
		UNION ALL SELECT 2, urn, 'changed', 'name', to_jsonb(name), '"Renamed"'::jsonb, as_of FROM reports.school_onboarding WHERE urn = '99991'
		UNION ALL SELECT 2, '99999', 'added', NULL, NULL, NULL, NULL`)
	if err != nil {
		b.t.Fatal(err)
	}
	second := slices.DeleteFunc(first, func(s school) bool { return s.urn == "99992" })
	second[slices.IndexFunc(second, func(s school) bool { return s.urn == "99991" })].name = "Renamed"
	b.refresh(2, append(second, school{urn: "99999", name: "New"})...)
	if _, err := b.DB.Exec(b.t.Context(), "UPDATE reports.refreshes SET added = 1, removed = 1, changed = 1 WHERE version = 2"); err != nil {
		b.t.Fatal(err)
	}
}

// forget removes every file and record.
func (b *bench) forget(files []File) {
	b.t.Helper()
	if _, err := b.DB.Exec(b.t.Context(), "DELETE FROM reports.exports"); err != nil {
		b.t.Fatal(err)
	}
	for _, f := range files {
		for _, key := range []string{f.Name, f.Name + "-metadata.json"} {
			if err := b.Store.Delete(b.t.Context(), key); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

func TestEarlierVersionIsExportedAsItWasPublished(t *testing.T) {
	b := newBench(t)
	a := b.args()
	a.Formats = []string{"csv", "parquet"}
	b.refresh(1, schools(5)...)
	_, live := b.export(a)
	b.forget(live.Files)
	if _, err := b.DB.Exec(t.Context(), "DELETE FROM reports.refreshes"); err != nil {
		t.Fatal(err)
	}

	b.twoVersions()
	between := asOf.Add(90 * time.Second)
	a.AsOf = &between
	out, past := b.export(a)
	if out.Version != 1 || past.Rows != 5 {
		t.Errorf("version %d with %d rows, want version 1 with 5", out.Version, past.Rows)
	}
	if got := column(t, b.csvRows(past.Files[0].Name), "urn"); !slices.Equal(got, []string{"99991", "99992", "99993", "99994", "99995"}) {
		t.Errorf("schools %q", got)
	}
	for i, f := range past.Files[:1] { // Parquet and workbooks say that they are of an earlier version
		if f.SHA256 != live.Files[i].SHA256 {
			t.Errorf("%s is not the file that was exported while it was live", f.Name)
		}
	}
	if again, _ := b.export(a); again.Changed {
		t.Error("the same version is exported twice")
	}
}

func TestWorkbookOfAnEarlierVersion(t *testing.T) {
	b := newBench(t)
	b.twoVersions()
	between := asOf.Add(90 * time.Second)
	a := Args{Report: "school_onboarding", Formats: []string{"xlsx", "ods"}, AsOf: &between}
	_, summary := b.export(a)
	f := b.workbook(summary.Files[0].Name)
	if sheets := f.GetSheetList(); !slices.Equal(sheets, []string{"Cover", "Contents", "Notes", "Data dictionary", "Schools"}) {
		t.Errorf("sheets %q, want none of what is live today", sheets)
	}
	notes, err := f.GetRows("Notes")
	if err != nil || !strings.Contains(strings.Join(slices.Concat(notes...), "\n"), "an earlier version of the report") {
		t.Errorf("notes %q, %v", notes, err)
	}
}

func TestPartOfAnEarlierVersion(t *testing.T) {
	b := newBench(t)
	b.twoVersions()
	between := asOf.Add(90 * time.Second)
	a := Args{Report: "school_onboarding", Formats: []string{"csv"}, AsOf: &between, Where: selection.Where{"name": {"School 99991"}}, Columns: []string{"urn", "name"}}
	_, summary := b.export(a)
	if got := b.csvRows(summary.Files[0].Name); len(got) != 2 || !slices.Equal(got[1], []string{"99991", "School 99991"}) {
		t.Errorf("rows %q, want the school under its old name", got)
	}
}

func TestWithdrawnVersionIsNotExported(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(5)...)
	if _, err := b.DB.Exec(t.Context(), "UPDATE reports.refreshes SET withdrawn_at = now(), withdrawn_why = 'wrong regions'"); err != nil {
		t.Fatal(err)
	}
	_, err := Export(t.Context(), &run.Local{}, b.Deps, b.args())
	if run.ClassOf(err) != run.ClassBlocked || !strings.Contains(err.Error(), "wrong regions") {
		t.Errorf("error %v, want a refusal that says why", err)
	}
	b.wantFiles()
}
