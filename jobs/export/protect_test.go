package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/storetest"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/lint"
	"cpd-jobs/reports/selection"
	"cpd-jobs/reports/store"
)

const passphrase = "correct horse battery staple"

// secretName is a name in a restricted report, which must be found nowhere but where it belongs.
const secretName = "Zebedee Quillfeather"

// newRestricted is a bench whose report has personal data: the schools' own, under the rules of one that has.
func newRestricted(t *testing.T, protection definition.Protection) (*bench, *definition.Definition) {
	t.Helper()
	b := newBench(t)
	b.Passphrase = passphrase
	list := schools(40)
	list[7].name = secretName
	b.refresh(1, list...)
	if _, err := b.DB.Exec(t.Context(), "CREATE TABLE restricted.school_onboarding AS TABLE reports.school_onboarding"); err != nil {
		t.Fatal(err)
	}
	found, err := reports.Find("school_onboarding")
	if err != nil {
		t.Fatal(err)
	}
	def := *found
	def.Schema, def.Protection, def.Retention, def.Views, def.Lists = "restricted", protection, 24*time.Hour, nil, nil
	def.Columns = slices.Clone(def.Columns)
	for i := range def.Columns {
		def.Columns[i].Personal = def.Columns[i].Name == "name"
	}
	return b, &def
}

// exportRestricted does the job of a definition that is none of the program's own.
func (b *bench) exportRestricted(ctx context.Context, r run.Run, def *definition.Definition, formats ...string) (run.Outcome, error) {
	j, err := newJob(b.Deps, r, def, Args{Report: def.Name, Formats: formats})
	if err != nil {
		return run.Outcome{}, err
	}
	return j.do(ctx)
}

func TestEncryptedFilesAreNeverInClear(t *testing.T) {
	b, def := newRestricted(t, definition.Encrypted)
	var spoken bytes.Buffer
	r := &run.Local{Now: asOf.UTC, Logger: slog.New(slog.NewTextHandler(&spoken, nil)), OnStep: func(s *run.Step, _ bool, _ time.Duration, _ error) {
		for path, content := range filesBelow(t, b.dir) { // drafts as well, while they are written
			if bytes.Contains(content, []byte(secretName)) || bytes.HasPrefix(content, []byte("PK\x03\x04")) && bytes.Contains(content, []byte("[Content_Types]")) {
				t.Errorf("%s is in clear while %s goes on", path, s.Name)
			}
		}
	}}
	out, err := b.exportRestricted(t.Context(), r, def, "csv", "csv-excel", "ods", "parquet", "xlsx")
	if err != nil {
		t.Fatal(err)
	}
	b.wantFiles(baseName+"-excel.csv.zip", baseName+".csv.zip", baseName+".ods.zip", baseName+".parquet.zip", baseName+".xlsx.zip")
	told, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{spoken.String(), string(told), recordsOf(t, b)} {
		if strings.Contains(where, secretName) || strings.Contains(where, passphrase) {
			t.Errorf("a name or the passphrase is told in\n%s", where)
		}
	}
}

// recordsOf is all that is recorded of exports, as text.
func recordsOf(t *testing.T, b *bench) string {
	t.Helper()
	var all string
	if err := b.DB.QueryRow(t.Context(), "SELECT coalesce(jsonb_agg(e)::text, '') FROM reports.exports e").Scan(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

func filesBelow(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		found[path], err = os.ReadFile(path)
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return found
}

func TestSevenZipOpensAnEncryptedExport(t *testing.T) {
	b, def := newRestricted(t, definition.Encrypted)
	program, err := exec.LookPath("7z")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("needs 7z (Debian: p7zip-full)")
		}
		t.Skip("needs 7z (Debian: p7zip-full)")
	}
	if _, err := b.exportRestricted(t.Context(), &run.Local{}, def, "csv", "xlsx"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{baseName + ".csv.zip", baseName + ".xlsx.zip"} {
		out, err := exec.CommandContext(t.Context(), program, "x", "-y", "-p"+passphrase, "-o"+dir, filepath.Join(b.dir, name)).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	opened := filesBelow(t, dir)
	if csv := opened[filepath.Join(dir, baseName+".csv")]; !bytes.Contains(csv, []byte(secretName)) {
		t.Errorf("the CSV file has no such name:\n%.500s", csv)
	}
	var described struct{ URL string }
	if err := json.Unmarshal(opened[filepath.Join(dir, baseName+".csv-metadata.json")], &described); err != nil || described.URL != baseName+".csv" {
		t.Errorf("its description is of %q, %v", described.URL, err)
	}
	book := opened[filepath.Join(dir, baseName+".xlsx")]
	findings, err := lint.Check(bytes.NewReader(book), int64(len(book)), "book")
	if err != nil || len(lint.EssentialOf(findings)) > 0 {
		t.Errorf("the workbook: %v, %v", findings, err)
	}
}

func TestFilesOfARestrictedReportExpire(t *testing.T) {
	b, def := newRestricted(t, definition.Restricted)
	if _, err := b.exportRestricted(t.Context(), &run.Local{}, def, "csv"); err != nil {
		t.Fatal(err)
	}
	var left float64 // hours, on the clock that decides
	err := b.DB.QueryRow(t.Context(), "SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 / 3600 FROM reports.exports").Scan(&left)
	if err != nil || left <= 0 || left > def.Retention.Hours() {
		t.Errorf("the file expires in %.2f hours, %v, want it within %v", left, err, def.Retention)
	}
	if _, err := b.DB.Exec(t.Context(), "UPDATE reports.exports SET expires_at = now() - interval '1 second'"); err != nil {
		t.Fatal(err)
	}
	if list, err := exports.List(t.Context(), b.DB, def.Name, 10); err != nil || len(list) != 0 {
		t.Errorf("%d files are listed that have expired, %v", len(list), err)
	}
	gone, err := exports.Prune(t.Context(), b.DB, b.Store, exports.Retention{Keep: 20, OlderThan: 1000 * time.Hour}, nil)
	if err != nil || len(gone) != 1 {
		t.Errorf("%d files were deleted, %v, want the one", len(gone), err)
	}
	b.wantFiles()

	if _, err := b.exportRestricted(t.Context(), &run.Local{}, def, "csv"); err != nil {
		t.Fatal(err)
	}
	list, err := exports.List(t.Context(), b.DB, def.Name, 10)
	if err != nil || len(list) != 1 || list[0].ExpiresAt == nil || list[0].Encrypted || !strings.Contains(b.read(baseName+".csv"), secretName) {
		t.Errorf("listed %+v, %v, want one file in clear that expires", list, err)
	}
}

func TestWithoutAPassphraseNothingIsMade(t *testing.T) {
	b, def := newRestricted(t, definition.Encrypted)
	for _, weak := range []string{"", "short"} {
		b.Passphrase = weak
		if _, err := b.exportRestricted(t.Context(), &run.Local{}, def, "csv"); err == nil || run.ExitStatus(err) != 2 || !strings.Contains(err.Error(), "exports passphrase") {
			t.Errorf("passphrase %q: %v, want a hint at how to make one", weak, err)
		}
	}
	b.wantFiles()
}

func TestANewPassphraseMakesNewFiles(t *testing.T) {
	b, def := newRestricted(t, definition.Encrypted)
	for _, step := range []struct {
		passphrase string
		changed    bool
	}{{passphrase, true}, {passphrase, false}, {"another battery staple horse", true}, {"another battery staple horse", false}} {
		b.Passphrase = step.passphrase
		out, err := b.exportRestricted(t.Context(), &run.Local{}, def, "csv")
		if err != nil || out.Changed != step.changed {
			t.Errorf("%+v: changed %v, %v", step, out.Changed, err)
		}
	}
}

func TestWhoMayNotReadAReportMayNotExportIt(t *testing.T) {
	b, def := newRestricted(t, definition.Restricted)
	role := fmt.Sprintf("reader_%d", time.Now().UnixNano()) // roles are the server's, which other tests share
	if _, err := b.DB.Exec(t.Context(), "CREATE ROLE "+role+" LOGIN"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := b.DB.Exec(context.Background(), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
			t.Error(err)
		}
	})
	may := func() error {
		return pgx.BeginFunc(t.Context(), b.DB, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), "SET LOCAL ROLE "+role); err != nil {
				return err
			}
			return MayRead(t.Context(), tx, def)
		})
	}
	if err := may(); run.ClassOf(err) != run.ClassBlocked || !strings.Contains(err.Error(), "cpd_jobs_personal") {
		t.Errorf("without the right: %v, want a refusal that names the role", err)
	}
	if _, err := b.DB.Exec(t.Context(), "GRANT USAGE ON SCHEMA restricted TO "+role+"; GRANT SELECT ON restricted.school_onboarding TO "+role); err != nil {
		t.Fatal(err)
	}
	if err := may(); err != nil {
		t.Errorf("with the right: %v", err)
	}
}

func TestPersonalColumnsAreNotAskedForByValue(t *testing.T) {
	t.Parallel()
	a := Args{Where: selection.Where{"name": {"somebody"}}}
	def := &definition.Definition{Columns: []definition.Column{{Name: "name", Type: "text", Personal: true}}}
	if err := a.checkPrivate(def); err == nil || strings.Contains(err.Error(), "somebody") {
		t.Errorf("error %v, want one that does not quote the value", err)
	}
}

func TestDamageOfARestrictedFileIsNotQuoted(t *testing.T) {
	b, def := newRestricted(t, definition.Restricted)
	b.Store = &brokenStore{Store: b.Store, spoil: func(p []byte) []byte {
		return bytes.ReplaceAll(p, []byte(secretName), []byte(strings.ToUpper(secretName)))
	}}
	_, err := b.exportRestricted(t.Context(), &run.Local{}, def, "csv")
	if err == nil || strings.Contains(strings.ToLower(err.Error()), strings.ToLower(secretName)) {
		t.Errorf("error %v, want one without the name", err)
	}
	b.wantFiles()
}

func TestFilesOfEncryptedReportsFailWhole(t *testing.T) {
	b, def := newRestricted(t, definition.Encrypted)
	whole := b.Store
	b.Store = &brokenStore{Store: whole, publish: func(string) error { return errors.New("the store is down") }}
	if _, err := b.exportRestricted(t.Context(), &run.Local{}, def, "csv", "xlsx"); err == nil {
		t.Error("nothing is said of a store that is down")
	}
	b.Store = whole
	b.wantFiles()
	if keys := storetest.Keys(t, whole); len(keys) != 0 {
		t.Errorf("left: %q", keys)
	}
}

var _ store.File = clearFile{}
