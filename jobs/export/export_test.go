package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/xuri/excelize/v2"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/selection"
)

const baseName = "school-onboarding-2026-11-22T0610Z"

func TestExportPublishesVerifiedFiles(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(30)...)
	out, summary := b.export(b.args())
	if !out.Changed || out.Version != 1 || summary.State != "published" || summary.Rows != 30 || len(summary.Files) != 2 {
		t.Errorf("outcome %+v", out)
	}
	b.wantFiles(baseName+".csv", baseName+".csv-metadata.json", baseName+".xlsx")
	list, err := exports.List(t.Context(), b.DB, "school_onboarding", 10)
	if err != nil || len(list) != 2 {
		t.Fatalf("exports %+v, %v", list, err)
	}
	for _, e := range list {
		content := b.read(e.Key)
		sum := sha256.Sum256([]byte(content))
		if e.Size != int64(len(content)) || e.SHA256 != hex.EncodeToString(sum[:]) || e.Rows != 30 || e.Version != 1 || !e.AsOf.Equal(asOf) {
			t.Errorf("recorded %+v of a file of %d bytes, %x", e, len(content), sum)
		}
		if e.Checksum != list[0].Checksum || e.Coerced != 0 {
			t.Errorf("the formats differ: checksums %s and %s", e.Checksum, list[0].Checksum)
		}
	}
}

func TestRowsAreInOrderAndTyped(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(30)...)
	b.export(b.args())
	rows := b.csvRows(baseName + ".csv")
	urns := column(t, rows, "urn")
	for i, urn := range urns {
		if want := fmt.Sprint(99_991 + i); urn != want {
			t.Fatalf("row %d has URN %s, want %s: in order of the number", i, urn, want)
		}
	}
	first := map[string]string{"school_status_code": "1", "in_partnership": "true", "nomination_email_opened_at": "2026-11-21T01:10:30.000002Z",
		"induction_tutor_signed_in": "", "flags": "", "lead_provider": "", "as_of": "2026-11-22T06:10:30Z"}
	for name, want := range first {
		if got := column(t, rows, name)[0]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := column(t, rows, "flags")[1]; got != "contact_failed; no_tutor" {
		t.Errorf("flags %q", got)
	}
	def, _ := reports.Find("school_onboarding")
	if want := columnNames(def); !slices.Equal(rows[0], want) {
		t.Errorf("header %q, want %q", rows[0], want)
	}
}

func TestUnchangedReportIsNotStoredTwice(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(5)...)
	_, first := b.export(b.args())
	out, again := b.export(b.args())
	if out.Changed || again.State != "current" || out.Version != 1 || again.Rows != 5 {
		t.Errorf("outcome %+v", out)
	}
	slices.SortFunc(first.Files, func(a, b File) int { return strings.Compare(a.Format, b.Format) })
	if !slices.Equal(first.Files, again.Files) {
		t.Errorf("files\n got %+v\nwant %+v", again.Files, first.Files)
	}
	if n := count(t, b.DB, "SELECT count(*) FROM reports.exports"); n != 2 {
		t.Errorf("%d exports are recorded, want 2", n)
	}
}

func TestOnlyWhatIsMissingIsMade(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(5)...)
	_, first := b.export(b.args())
	csv := b.read(baseName + ".csv")
	if err := b.Store.Delete(t.Context(), baseName+".csv"); err != nil {
		t.Fatal(err)
	}
	out, again := b.export(b.args())
	if !out.Changed || len(again.Files) != 2 {
		t.Errorf("outcome %+v", out)
	}
	if got := b.read(baseName + ".csv"); got != csv {
		t.Error("the file that was lost differs from the one made in its place")
	}
	if n := count(t, b.DB, "SELECT count(*) FROM reports.exports"); n != 2 {
		t.Errorf("%d exports are recorded, want 2", n)
	}
	for _, f := range again.Files {
		if f.Format == "xlsx" && f != first.Files[0] {
			t.Errorf("the workbook %+v was made again, was %+v", f, first.Files[0])
		}
	}
}

func TestSameVersionSameBytes(t *testing.T) {
	b := newBench(t)
	b.refresh(4, schools(300)...)
	b.export(b.args())
	before := map[string]string{}
	for _, name := range []string{".csv", ".xlsx", ".csv-metadata.json"} {
		before[name] = b.read(baseName + name)
		if err := b.Store.Delete(t.Context(), baseName+name); err != nil {
			t.Fatal(err)
		}
	}
	b.export(b.args())
	for name, want := range before {
		if got := b.read(baseName + name); got != want {
			t.Errorf("%s: two exports of one refresh differ", name)
		}
	}
}

func TestNewVersionOfTheSameMinuteGetsAnotherName(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(5)...)
	b.export(b.args())
	b.refresh(2, schools(6)...)
	out, _ := b.export(b.args())
	if !out.Changed || out.Version != 2 {
		t.Errorf("outcome %+v", out)
	}
	b.wantFiles(baseName+"-v2.csv", baseName+"-v2.csv-metadata.json", baseName+"-v2.xlsx", baseName+".csv", baseName+".csv-metadata.json", baseName+".xlsx")
}

func TestSelection(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		where    selection.Where
		search   string
		sort     string
		columns  []string
		wantRows int
		wantCols []string
	}{
		"a text":                 {where: selection.Where{"region_code": {"E12000001"}}, wantRows: 4},
		"a number":               {where: selection.Where{"school_phase_type": {"3"}}, wantRows: 4},
		"a truth":                {where: selection.Where{"induction_tutor_signed_in": {"true"}}, wantRows: 15},
		"nothing in the cell":    {where: selection.Where{"induction_tutor_signed_in": {""}}, wantRows: 15},
		"an item of a list":      {where: selection.Where{"flags": {"no_tutor"}}, wantRows: 15},
		"no item in a list":      {where: selection.Where{"flags": {""}}, wantRows: 15},
		"a time":                 {where: selection.Where{"nomination_email_opened_at": {"2026-11-22T06:10:30Z"}}, wantRows: 1},
		"two of them":            {where: selection.Where{"flags": {"no_tutor"}, "school_phase_type": {"4"}}, wantRows: 4},
		"any of two texts":       {where: selection.Where{"region_code": {"E12000002", "E12000001"}}, wantRows: 8},
		"other than an item":     {where: selection.Where{"flags.not": {"no_tutor"}}, wantRows: 15},
		"from a number":          {where: selection.Where{"school_phase_type.from": {"3"}, "school_phase_type.to": {"4"}}, wantRows: 8},
		"another order":          {sort: "-urn", wantRows: 30},
		"no such rows":           {where: selection.Where{"name": {"' OR true --"}}, wantRows: 0},
		"columns in their order": {columns: []string{"urn", "name", "flags"}, wantRows: 30, wantCols: []string{"urn", "name", "flags"}},
		"a beginning of a key":   {search: " 10000 ", where: selection.Where{"school_phase_type": {"3"}}, wantRows: 2},
		"what nothing has":       {search: "no' such%", wantRows: 0},
		"both":                   {where: selection.Where{"urn": {"100000"}}, columns: []string{"name"}, wantRows: 1, wantCols: []string{"name"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.refresh(1, schools(30)...)
			a := b.args()
			a.Where, a.Search, a.Columns, a.Sort = test.where, test.search, test.columns, test.sort
			out, summary := b.export(a)
			if !out.Changed || summary.Rows != int64(test.wantRows) {
				t.Errorf("outcome %+v, want %d rows", out, test.wantRows)
			}
			file := summary.Files[1].Name
			if !strings.HasPrefix(file, baseName+"-selection-") || summary.Files[1].Format != "csv" {
				t.Errorf("name %s", file)
			}
			rows := b.csvRows(file)
			if len(rows)-1 != test.wantRows || test.wantCols != nil && !slices.Equal(rows[0], test.wantCols) {
				t.Errorf("%d rows of %q", len(rows)-1, rows[0])
			}
			if again, _ := b.export(a); again.Changed {
				t.Error("exported twice")
			}
		})
	}
}

func TestArgumentsAreComparedWithTheDefinition(t *testing.T) {
	t.Parallel()
	kind := Kinds(Deps{})[0]
	tests := map[string]struct{ args, want string }{
		"unknown report":   {`{"report": "school_onbording"}`, "did you mean school_onboarding?"},
		"unknown format":   {`{"formats": ["xls"]}`, "did you mean xlsx?"},
		"no format":        {`{"formats": []}`, "name at least one"},
		"format twice":     {`{"formats": ["csv", "csv"]}`, "csv is there twice"},
		"unknown column":   {`{"columns": ["urn", "regoin_code"]}`, "did you mean region_code?"},
		"column twice":     {`{"columns": ["urn", "urn"]}`, "urn is there twice"},
		"where":            {`{"where": {"regoin_name": "London"}}`, "did you mean region_name?"},
		"no number":        {`{"where": {"school_phase_type": "primary"}}`, `where: school_phase_type: "primary" is no whole number`},
		"no truth":         {`{"where": {"in_partnership": "yes"}}`, `"yes" is no true or false`},
		"no time":          {`{"where": {"as_of": "yesterday"}}`, `"yesterday" is no date and time`},
		"no value":         {`{"where": {"region_name": []}}`, "region_name: give one value"},
		"a value of parts": {`{"where": {"region_name": [["London"]]}}`, "is no value"},
		"two bounds":       {`{"where": {"cohort.from": ["1", "2"]}}`, "cohort.from: give one value"},
		"no comparison":    {`{"where": {"cohort.like": "1"}}`, "no comparison is called"},
		"unknown order":    {`{"sort": "-regoin_name"}`, "did you mean region_name?"},
		"unknown argument": {`{"format": "csv"}`, "unknown field"},
		"two at once":      {`{"formats": ["pdf"], "columns": ["nope"]}`, `"nope" is no column`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := kind.Check(json.RawMessage(test.args))
			if err == nil || !strings.Contains(err.Error(), test.want) || run.ExitStatus(err) != 2 {
				t.Errorf("error %v (exit status %d), want one with %q and 2", err, run.ExitStatus(err), test.want)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	kind := Kinds(Deps{})[0]
	got, err := kind.Check(nil)
	if want := `{"report":"school_onboarding","formats":["xlsx","csv"]}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	if lease := kind.Lease(nil); lease != "export:school_onboarding" {
		t.Errorf("lease %q", lease)
	}
	where, err := kind.Check(json.RawMessage(`{"where": {"cohort": 2026, "in_partnership": true, "name": null}}`))
	if want := `{"report":"school_onboarding","formats":["xlsx","csv"],"where":{"cohort":"2026","in_partnership":"true","name":""}}`; err != nil || string(where) != want {
		t.Errorf("%s, %v, want %s", where, err, want)
	}
}

func TestAsOf(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(1)...)
	for name, test := range map[string]struct {
		at   time.Time
		want string
	}{
		"the moment that the report describes": {asOf, ""},
		"since it was published":               {asOf.Add(time.Hour), ""},
		"before":                               {asOf.Add(-time.Hour), "it had no version then"},
	} {
		a := b.args()
		a.AsOf = &test.at
		_, err := Export(t.Context(), &run.Local{}, b.Deps, a)
		if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) || run.ExitStatus(err) != 2) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

func TestNothingToExport(t *testing.T) {
	b := newBench(t)
	_, err := Export(t.Context(), &run.Local{}, b.Deps, b.args())
	if err == nil || !strings.Contains(err.Error(), "never refreshed") || run.ClassOf(err) != run.ClassBlocked {
		t.Errorf("error %v, want a refusal", err)
	}
	b.wantFiles()
}

func TestDryRunLeavesNothing(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(5)...)
	out, err := Export(t.Context(), &run.Local{Dry: true}, b.Deps, b.args())
	if err != nil {
		t.Fatal(err)
	}
	summary := out.Summary.(Summary)
	if out.Changed || summary.State != "dry run" || len(summary.Files) != 2 || summary.Files[0].Size == 0 {
		t.Errorf("outcome %+v", out)
	}
	b.wantFiles()
	if n := count(t, b.DB, "SELECT count(*) FROM reports.exports"); n != 0 {
		t.Errorf("%d exports were recorded", n)
	}
}

func TestTableChangedByHandIsRefused(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(5)...)
	if _, err := b.DB.Exec(t.Context(), "DELETE FROM reports.school_onboarding WHERE urn = '99991'"); err != nil {
		t.Fatal(err)
	}
	_, err := Export(t.Context(), &run.Local{}, b.Deps, b.args())
	if err == nil || !strings.Contains(err.Error(), "4 rows where version 1 had 5") || run.ClassOf(err) != run.ClassBlocked {
		t.Errorf("error %v, want a refusal", err)
	}
	b.wantFiles()
}

func TestDamagedFileIsNotPublished(t *testing.T) {
	t.Parallel()
	damage := func(p []byte) []byte {
		if len(p) > 100 {
			p[100] ^= 1
		}
		return p
	}
	for _, format := range []string{"xlsx", "csv"} {
		t.Run(format, func(t *testing.T) {
			b := newBench(t)
			b.refresh(1, schools(5)...)
			whole := b.Store
			b.Store = &brokenStore{Store: whole, spoil: damage}
			a := b.args()
			a.Formats = []string{format}
			_, err := Export(t.Context(), &run.Local{}, b.Deps, a)
			if err == nil || !strings.Contains(err.Error(), "nothing was published") {
				t.Errorf("error %v, want one that says that nothing was published", err)
			}
			b.wantFiles()
			b.Store = whole
			if out, _ := b.export(a); !out.Changed {
				t.Error("the retry did nothing")
			}
		})
	}
}

func TestWrongValuesAreNotPublished(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(5)...)
	def, err := reports.Find("school_onboarding")
	if err != nil {
		t.Fatal(err)
	}
	job, err := newJob(b.Deps, &run.Local{}, def, b.args())
	if err != nil {
		t.Fatal(err)
	}
	defer job.giveUp()
	if err := job.write(t.Context(), run.NewStep("write")); err != nil {
		t.Fatal(err)
	}
	job.sum.Add(nil) // as though one more row had been read than written
	err = job.verify(t.Context(), run.NewStep("verify"))
	if err == nil || !strings.Contains(err.Error(), "5 rows where the table has 6") {
		t.Errorf("error %v, want one that counts the rows", err)
	}
}

func TestFailureAtTheLastMomentLeavesNothing(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(5)...)
	whole := b.Store
	b.Store = &brokenStore{Store: whole, publish: func(key string) error {
		if strings.HasSuffix(key, ".csv") {
			return errors.New("the disk is gone")
		}
		return nil
	}}
	if _, err := Export(t.Context(), &run.Local{}, b.Deps, b.args()); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("error %v", err)
	}
	b.wantFiles()
	if n := count(t, b.DB, "SELECT count(*) FROM reports.exports"); n != 0 {
		t.Errorf("%d exports were recorded", n)
	}
}

// lost is a run that another worker has taken over.
type lost struct{ run.Local }

func (lost) Fence(context.Context, pgx.Tx) error { return run.ErrLost }

func TestAttemptTakenOverPublishesNothing(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(5)...)
	if _, err := Export(t.Context(), &lost{}, b.Deps, b.args()); !errors.Is(err, run.ErrLost) {
		t.Errorf("error %v, want %v", err, run.ErrLost)
	}
	b.wantFiles()
}

func TestCancelledExportLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"write", "verify", "publish"} {
		t.Run(at, func(t *testing.T) {
			b := newBench(t)
			b.refresh(1, schools(500)...)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r := &run.Local{Now: func() time.Time { return asOf }, OnStep: func(s *run.Step, finished bool, _ time.Duration, _ error) {
				if s.Name == at && !finished {
					cancel()
				}
			}}
			if _, err := Export(ctx, r, b.Deps, b.args()); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want cancelled", err)
			}
			b.wantFiles()
			if out, _ := b.export(b.args()); !out.Changed {
				t.Error("the retry did nothing")
			}
		})
	}
}

func TestWhatTheWorkbookSaysOfItself(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(30)...)
	b.export(b.args())
	got := dump(t, b, baseName+".xlsx")
	for _, want := range []string{
		"School onboarding", "CPD service: 22 November 2026, 06:10 UTC (version 7, 1,234,567 rows)",
		"Get Information about Schools (the register): 22 November 2026, 02:00 UTC (version 3, 52,000 rows)",
		"Version 1 of the report, published on 22 November 2026, 06:11 UTC by run 17", "computed by cpd-jobs 1.2.3",
		"All rows and columns", "team@example.org", "Request an accessible format from team@example.org", "Open Government Licence v3.0", "Schools: 30 rows", "Funnel: 30 rows",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the cover does not say %q:\n%s", want, got)
		}
	}
}

// dump is the text of the workbook's cover.
func dump(t *testing.T, b *bench, key string) string {
	t.Helper()
	f, err := excelize.OpenReader(strings.NewReader(b.read(key)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("Cover")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range rows {
		lines = append(lines, strings.Join(r, " | "))
	}
	return strings.Join(lines, "\n")
}
