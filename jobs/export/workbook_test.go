package export

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/format"
)

// change records what a version changed.
func (b *bench) change(version int, sql string) {
	b.t.Helper()
	for _, statement := range []string{
		fmt.Sprintf("UPDATE reports.refreshes SET added = 1, removed = 1, changed = 2 WHERE version = %d", version),
		"INSERT INTO reports.school_onboarding_changes (version, urn, action, reason, column_name, old, new) VALUES " + sql,
	} {
		if _, err := b.DB.Exec(b.t.Context(), statement); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) workbook(name string) *excelize.File {
	b.t.Helper()
	f, err := excelize.OpenReader(strings.NewReader(b.read(name)))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestWorkbookShowsWhatChanged(t *testing.T) {
	b := newBench(t)
	b.refresh(2, schools(20)...)
	b.change(2, `(2, '100001', 'added', NULL, NULL, NULL, NULL),
		(2, '98765', 'removed', 'closed', NULL, '{"name": "The Old School"}', NULL),
		(2, '100002', 'changed', NULL, 'flags', '["no_tutor"]', '["contact_failed", "no_tutor"]'),
		(2, '100002', 'changed', NULL, 'name', '"Old name"', '"School 100002"'),
		(2, '100002', 'changed', NULL, 'nomination_email_opened_at', NULL, '"2026-07-01T10:00:00+01:00"'),
		(1, '100003', 'added', NULL, NULL, NULL, NULL)`)
	a := b.args()
	a.Formats = []string{"xlsx"}
	b.export(a)
	f := b.workbook(baseName + ".xlsx")
	got := f.GetSheetList()
	if n := len(got); !slices.Equal(got[:5], []string{"Cover", "Contents", "Notes", "Data dictionary", "Funnel"}) || !slices.Equal(got[n-3:], []string{"Changes", "Schools", "Charts"}) {
		t.Errorf("sheets %q", got)
	}
	rows, err := f.GetRows("Changes")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"URN", "Name", "Change", "Column", "Before", "After", "Reason"},
		{"98765", "The Old School", "removed", "", "", "", "closed"},
		{"100001", "School 100001", "added"},
		{"100002", "School 100002", "changed", "School name", "Old name", "School 100002"},
		{"100002", "School 100002", "changed", "Latest nomination email opened", "", "2026-07-01T09:00:00Z"},
		{"100002", "School 100002", "changed", "Flags", "no_tutor", "contact_failed; no_tutor"},
	}
	if got := rows[len(rows)-len(want):]; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("changes\n got %q\nwant %q", got, want)
	}
	linked, target, err := f.GetCellHyperLink("Schools", "B7")
	if want := "https://get-information-schools.service.gov.uk/Establishments/Establishment/Details/99991"; !linked || target != want || err != nil {
		t.Errorf("the first URN leads to %q, %v, want %q", target, err, want)
	}
}

func TestNoSheetOfChangesWhereAllIsNew(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(3)...)
	b.export(b.args())
	if sheets := b.workbook(baseName + ".xlsx").GetSheetList(); slices.Contains(sheets, "Changes") {
		t.Errorf("sheets %q", sheets)
	}
}

func TestLayoutIsAChoice(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(30)...)
	b.export(b.args())
	none := false
	a := b.args()
	a.Charts, a.FreezePanes, a.FilterButtons = &none, true, true
	_, s := b.export(a)
	if want := baseName + "-no-charts-frozen-filters.xlsx"; s.State != "published" || s.Files[0].Name != want {
		t.Fatalf("%+v, want a file %s", s, want)
	}
	f := b.workbook(s.Files[0].Name)
	if sheets := f.GetSheetList(); slices.Contains(sheets, "Charts") {
		t.Errorf("sheets %q", sheets)
	}
	if panes, err := f.GetPanes("Schools"); err != nil || !panes.Freeze {
		t.Errorf("panes %+v, %v", panes, err)
	}
	advice := count(t, b.DB, "SELECT count(*) FROM reports.exports WHERE name LIKE '%no-charts%xlsx' AND lint @> '[{\"rule\": \"filters\"}, {\"rule\": \"freeze-panes\"}]'")
	if kept := count(t, b.DB, "SELECT count(*) FROM reports.exports WHERE format = 'xlsx' AND selection = '{}' AND lint = '[]'"); advice != 1 || kept != 1 {
		t.Errorf("%d exports with advice, %d without, want 1 each", advice, kept)
	}
}

func TestWorkbookThatFailsTheChecklistIsRefused(t *testing.T) {
	b := newBench(t)
	book := excelize.NewFile()
	defer book.Close()
	if err := book.MergeCell("Sheet1", "A1", "B2"); err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if err := book.Write(&content); err != nil {
		t.Fatal(err)
	}
	draft, err := b.Store.Create(t.Context(), "bad.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	defer draft.Discard()
	if _, err := draft.Write(content.Bytes()); err != nil {
		t.Fatal(err)
	}
	r, err := draft.Reopen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = (&file{order: order{format: format.Format{Workbook: true}, plain: "bad.xlsx"}, name: "bad.xlsx"}).checkAccess(r)
	if err == nil || run.ClassOf(err) != run.ClassBlocked || !strings.Contains(err.Error(), "no title") {
		t.Errorf("error %v of class %s, want a refusal that says why", err, run.ClassOf(err))
	}
}

func TestChartsOfTheFunnel(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(30)...)
	b.export(b.args())
	book := b.read(baseName + ".xlsx")
	alt := "Bar chart of Schools by stage (all schools): Not contacted 0; Contacted 30; Email opened 0; Tutor nominated 0; Tutor signed in 0; " +
		"Programme chosen 0; Partnership challenged 0; Provision in place 0; Participants registered 0; No early career teachers 0."
	f, err := excelize.OpenReader(strings.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("Charts")
	if err != nil || len(rows) < 8 || rows[3][0] != alt || !strings.HasPrefix(rows[5][0], "Bar chart of How many have reached each stage (all schools): ") ||
		!strings.HasPrefix(rows[7][0], "Bar chart of Schools by region (all schools): ") {
		t.Errorf("the sheet of charts says %q, %v, want %q, then who reached each stage, then regions", rows, err, alt)
	}
}
