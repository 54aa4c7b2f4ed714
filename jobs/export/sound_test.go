package export

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/store"
	"cpd-jobs/reports/table"
)

// halfBroken is a store that spoils the files of one ending.
type halfBroken struct {
	store.Store
	broken *brokenStore
	ending string
}

func (s *halfBroken) Create(ctx context.Context, key string) (store.Draft, error) {
	if strings.HasSuffix(key, s.ending) {
		return s.broken.Create(ctx, key)
	}
	return s.Store.Create(ctx, key)
}

func TestSoundFormatsArePublished(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(5)...)
	whole := b.Store
	b.Store = &halfBroken{Store: whole, broken: &brokenStore{Store: whole, spoil: flipByte}, ending: ".xlsx"}
	_, err := Export(t.Context(), &run.Local{}, b.Deps, b.args())
	if err == nil || !strings.Contains(err.Error(), ".xlsx was not stored as it was written") || !strings.Contains(err.Error(), "the other files were published") {
		t.Errorf("error %v, want one that says what was published", err)
	}
	b.wantFiles(baseName+".csv", baseName+".csv-metadata.json")
	b.Store = whole
	if out, s := b.export(b.args()); !out.Changed || len(s.Files) != 2 {
		t.Errorf("the retry made %+v", s.Files)
	}
	b.wantFiles(baseName+".csv", baseName+".csv-metadata.json", baseName+".xlsx")
}

// TestVerifyingNamesRowAndColumn has the table differ from the files, as a faulty writer would.
func TestVerifyingNamesRowAndColumn(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(5)...)
	def, err := reports.Find("school_onboarding")
	if err != nil {
		t.Fatal(err)
	}
	j, err := newJob(b.Deps, &run.Local{}, def, b.args())
	if err != nil {
		t.Fatal(err)
	}
	defer j.giveUp()
	if err := j.write(t.Context(), run.NewStep("write")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.DB.Exec(t.Context(), "UPDATE reports.school_onboarding SET name = 'Changed' WHERE urn = (SELECT urn FROM reports.school_onboarding ORDER BY urn::int OFFSET 2 LIMIT 1)"); err != nil {
		t.Fatal(err)
	}
	j.sum, j.hashes = table.Sum{}, nil
	err = pgx.BeginFunc(t.Context(), b.DB, func(tx pgx.Tx) error {
		snap := &snapshot{tx: tx, def: def}
		if err := snap.find(t.Context(), nil); err != nil {
			return err
		}
		return snap.rows(t.Context(), j.selection, func(row []table.Value) error {
			j.sum.Add(row)
			j.hashes = append(j.hashes, j.sum.Last())
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	err = j.verify(t.Context(), run.NewStep("verify"))
	if err == nil {
		t.Fatal("files that are not as the table were found sound")
	}
	for _, want := range []string{baseName + ".xlsx is not what was read from the table", baseName + ".csv is not", "row 3, ", `the file has "`, `the table "Changed"`, "nothing was published"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %s", err, want)
		}
	}
}

// TestTimesThatNoCalendarHasArePublished has what PostgreSQL can hold and spreadsheets cannot.
func TestTimesThatNoCalendarHasArePublished(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(5)...)
	for urn, at := range map[string]string{"99991": "10000-01-01 00:00:00+00", "99992": "infinity", "99993": "0044-03-15 12:00:00+00 BC", "99994": "294276-12-31 23:59:59+00"} {
		tag, err := b.DB.Exec(t.Context(), "UPDATE reports.school_onboarding SET first_contacted_at = $1::text::timestamptz WHERE urn = $2", at, urn)
		if err != nil || tag.RowsAffected() != 1 {
			t.Fatal(tag, err)
		}
	}
	out, s := b.export(b.everyFormat())
	if !out.Changed || len(s.Files) != len(b.everyFormat().Formats) {
		t.Errorf("made %+v", s)
	}
	for _, f := range s.Files {
		if f.Coerced == 0 && (f.Format == "xlsx" || f.Format == "ods" || f.Format == "parquet") {
			t.Errorf("%s lists no value that it could not hold", f.Format)
		}
	}
	csv := b.read(baseName + ".csv")
	for _, want := range []string{"10000-01-01T00:00:00Z", ",infinity,", "-0043-03-15T12:00:00Z", "294276-12-31T23:59:59Z"} {
		if !strings.Contains(csv, want) {
			t.Errorf("the CSV does not have %s", want)
		}
	}
}

func TestRawCSV(t *testing.T) {
	b := newBench(t)
	b.refresh(1, hostileSchools()...)
	a := b.args()
	a.Formats, a.Raw = []string{"csv"}, true
	_, s := b.export(a)
	if len(s.Files) != 1 || s.Files[0].Name != baseName+"-raw.csv" || s.Files[0].Coerced != 0 {
		t.Fatalf("made %+v", s.Files)
	}
	if raw := b.read(baseName + "-raw.csv"); strings.Contains(raw, `"'=`) || !strings.Contains(raw, "=cmd|") {
		t.Error("the raw file does not have the texts as they are")
	}
	a.Raw = false
	if _, s = b.export(a); s.Files[0].Name != baseName+".csv" || s.Files[0].Coerced == 0 {
		t.Errorf("made %+v", s.Files)
	}
}
