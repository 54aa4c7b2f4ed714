package exports_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/storetest"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/selection"
	"cpd-jobs/reports/store"
)

// place is a database and a store.
type place struct {
	t     *testing.T
	db    *pgxpool.Pool
	store store.Store
	dir   string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	t.Parallel()
	dir := t.TempDir()
	s, err := store.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &place{t: t, db: pgtest.New(t), store: s, dir: dir}
}

// publish records a file that is there, made days ago.
func (p *place) publish(version int64, format string, days int, s exports.Selection) exports.Export {
	p.t.Helper()
	name := nameOf(version, format)
	if !s.Whole() {
		name = fmt.Sprintf("x-2026-11-22T0610Z-selection-0000%04x.%s", version, format)
	}
	content := "content of " + name
	storetest.Put(p.t, p.store, name, content)
	sum := sha256.Sum256([]byte(content))
	e := exports.Export{Report: "school_onboarding", Version: version, DefinitionVersion: "1.0", DefinitionHash: "abc", Selection: s, Format: format, Name: name,
		Key: name, Size: int64(len(content)), Rows: 2, Checksum: "sum", SHA256: hex.EncodeToString(sum[:]), AsOf: asOf, RunID: 5, JobID: 6}
	if format == "csv" {
		storetest.Put(p.t, p.store, name+"-metadata.json", "{}")
		e.Sidecars = []string{name + "-metadata.json"}
	}
	err := pgx.BeginFunc(p.t.Context(), p.db, func(tx pgx.Tx) (err error) {
		if e, err = exports.Add(p.t.Context(), tx, e); err != nil {
			return err
		}
		_, err = tx.Exec(p.t.Context(), "UPDATE reports.exports SET created_at = now() - make_interval(days => $2) WHERE id = $1", e.ID, days)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}

func nameOf(version int64, format string) string {
	return fmt.Sprintf("school-onboarding-2026-11-22T0610Z-v%d.%s", version, format)
}

func (p *place) recorded() []string {
	p.t.Helper()
	list, err := exports.List(p.t.Context(), p.db, "", 1000)
	if err != nil {
		p.t.Fatal(err)
	}
	keys := names(list)
	slices.Sort(keys)
	return keys
}

// want compares what is recorded, and that the store has exactly that and what stands beside it.
func (p *place) want(keys ...string) {
	p.t.Helper()
	slices.Sort(keys)
	if got := p.recorded(); !slices.Equal(got, keys) {
		p.t.Errorf("recorded %q, want %q", got, keys)
	}
	var files []string
	for _, key := range keys {
		files = append(files, key)
		if filepath.Ext(key) == ".csv" {
			files = append(files, key+"-metadata.json")
		}
	}
	slices.Sort(files)
	if got := storetest.Keys(p.t, p.store); !slices.Equal(got, files) {
		p.t.Errorf("in the store %q, want %q", got, files)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, test := range map[string]struct {
		retention exports.Retention
		want      []int64 // versions of whole CSV files that are left
	}{
		"count and age":                 {exports.Retention{Keep: 2, OlderThan: 30 * day}, []int64{3, 4, 5}},
		"young ones whatever the count": {exports.Retention{Keep: 1, OlderThan: 365 * day}, []int64{1, 2, 3, 4, 5}},
		"many whatever the age":         {exports.Retention{Keep: 4}, []int64{2, 3, 4, 5}},
		"never the newest":              {exports.Retention{}, []int64{5}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			for version, days := range map[int64]int{1: 100, 2: 60, 3: 29, 4: 40, 5: 35} {
				p.publish(version, "csv", days, exports.Selection{})
			}
			p.publish(1, "xlsx", 100, exports.Selection{})
			_, err := exports.Prune(t.Context(), p.db, p.store, test.retention, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := []string{nameOf(1, "xlsx")}
			for _, v := range test.want {
				want = append(want, nameOf(v, "csv"))
			}
			p.want(want...)
			if again, err := exports.Prune(t.Context(), p.db, p.store, test.retention, nil); err != nil || len(again) != 0 {
				t.Errorf("a second time %q, %v", names(again), err)
			}
		})
	}
}

func TestPruneCountsPartsTogether(t *testing.T) {
	p := newPlace(t)
	for i := range int64(4) {
		p.publish(1+i, "ods", 100, exports.Selection{Selection: selection.Selection{Where: selection.Where{"urn": {fmt.Sprint(i)}}}})
	}
	whole := p.publish(1, "ods", 100, exports.Selection{})
	deleted, err := exports.Prune(t.Context(), p.db, p.store, exports.Retention{Keep: 1}, nil)
	if err != nil || len(deleted) != 3 {
		t.Fatalf("deleted %q, %v, want 3", names(deleted), err)
	}
	p.want(whole.Name, "x-2026-11-22T0610Z-selection-00000004.ods")
}

func TestPruneWhoseJobIsLostDeletesNothing(t *testing.T) {
	p := newPlace(t)
	p.publish(1, "ods", 100, exports.Selection{})
	p.publish(2, "ods", 100, exports.Selection{})
	lost := func(context.Context, pgx.Tx) error { return run.ErrLost }
	if _, err := exports.Prune(t.Context(), p.db, p.store, exports.Retention{}, lost); !errors.Is(err, run.ErrLost) {
		t.Errorf("error %v, want %v", err, run.ErrLost)
	}
	p.want(nameOf(1, "ods"), nameOf(2, "ods"))
}

// stuck is a store that deletes nothing.
type stuck struct{ store.Store }

var errDown = errors.New("the store is down")

func (stuck) Delete(context.Context, string) error { return errDown }

func TestPruneKeepsTheRecordOfAFileThatItCannotDelete(t *testing.T) {
	p := newPlace(t)
	p.publish(1, "ods", 100, exports.Selection{})
	p.publish(2, "ods", 100, exports.Selection{})
	if _, err := exports.Prune(t.Context(), p.db, stuck{p.store}, exports.Retention{}, nil); !errors.Is(err, errDown) {
		t.Errorf("error %v, want %v", err, errDown)
	}
	p.want(nameOf(1, "ods"), nameOf(2, "ods"))
}

func TestVerify(t *testing.T) {
	p := newPlace(t)
	whole, gone, altered, alone := p.publish(1, "ods", 0, exports.Selection{}), p.publish(2, "ods", 0, exports.Selection{}),
		p.publish(3, "ods", 0, exports.Selection{}), p.publish(4, "csv", 0, exports.Selection{})
	if e, err := exports.Verify(t.Context(), p.db, p.store, whole.ID); err != nil || e.ID != whole.ID {
		t.Errorf("a whole file: %v", err)
	}
	p.delete(gone.Key)
	p.delete(alone.Sidecars[0])
	storetest.Put(t, p.store, altered.Key, "c0ntent of "+altered.Name)
	for what, id := range map[string]int64{"a file that is gone": gone.ID, "an altered file": altered.ID, "a file without its description": alone.ID} {
		if _, err := exports.Verify(t.Context(), p.db, p.store, id); run.ClassOf(err) != run.ClassBlocked {
			t.Errorf("%s: %v, want a refusal", what, err)
		}
	}
	if _, err := exports.Verify(t.Context(), p.db, p.store, 1_000_000); !errors.Is(err, exports.ErrNone) {
		t.Errorf("no such export: %v", err)
	}
}

func (p *place) delete(key string) {
	p.t.Helper()
	if err := p.store.Delete(p.t.Context(), key); err != nil {
		p.t.Fatal(err)
	}
}

// age makes a file in the store old.
func (p *place) age(key string, age time.Duration) {
	p.t.Helper()
	at := asOf.Add(-age)
	if err := os.Chtimes(filepath.Join(p.dir, key), at, at); err != nil {
		p.t.Fatal(err)
	}
}

func TestOrphansAreFoundAndMended(t *testing.T) {
	p := newPlace(t)
	whole := p.publish(1, "csv", 0, exports.Selection{})
	gone, short, alone := p.publish(2, "ods", 0, exports.Selection{}), p.publish(3, "ods", 0, exports.Selection{}), p.publish(4, "csv", 0, exports.Selection{})
	p.delete(gone.Key)
	p.delete(alone.Sidecars[0])
	storetest.Put(t, p.store, short.Key, "cut")
	for _, key := range []string{nameOf(9, "xlsx"), nameOf(9, "csv"), nameOf(9, "csv") + "-metadata.json", nameOf(8, "parquet"), "family.jpg", "notes-2026.csv"} {
		storetest.Put(t, p.store, key, "x")
		p.age(key, 48*time.Hour)
	}
	p.age(nameOf(8, "parquet"), time.Hour) // it may be about to be recorded

	found, err := exports.Audit(t.Context(), p.db, p.store, asOf)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(found.Lost), []string{gone.Name, short.Name, alone.Name}; !slices.Equal(got, want) {
		t.Errorf("lost %q, want %q", got, want)
	}
	var unreferenced []string
	for _, s := range found.Unreferenced {
		unreferenced = append(unreferenced, s.Key)
	}
	if want := []string{nameOf(9, "csv"), nameOf(9, "csv") + "-metadata.json", nameOf(9, "xlsx")}; !slices.Equal(unreferenced, want) {
		t.Errorf("unreferenced %q, want %q", unreferenced, want)
	}
	if lost, deleted, err := exports.Repair(t.Context(), p.db, p.store, found, nil); err != nil || lost != 3 || deleted != 3 {
		t.Errorf("mended %d and %d, %v, want 3 and 3", lost, deleted, err)
	}
	if got := p.recorded(); !slices.Equal(got, []string{whole.Name}) {
		t.Errorf("recorded %q", got)
	}
	if got, want := storetest.Keys(t, p.store), []string{"family.jpg", "notes-2026.csv", whole.Name, whole.Sidecars[0], nameOf(8, "parquet")}; !slices.Equal(got, want) {
		t.Errorf("in the store %q, want %q", got, want)
	}
	if again, err := exports.Audit(t.Context(), p.db, p.store, asOf); err != nil || len(again.Lost)+len(again.Unreferenced) != 0 {
		t.Errorf("a second time: %+v, %v", again, err)
	}
}

func TestWhatIsMendedMeanwhileIsLeftAlone(t *testing.T) {
	p := newPlace(t)
	lost := p.publish(1, "ods", 0, exports.Selection{})
	stray := nameOf(2, "ods")
	p.delete(lost.Key)
	storetest.Put(t, p.store, stray, "content of "+stray)
	p.age(stray, 48*time.Hour)
	found, err := exports.Audit(t.Context(), p.db, p.store, asOf)
	if err != nil || len(found.Lost) != 1 || len(found.Unreferenced) != 1 {
		t.Fatalf("found %+v, %v", found, err)
	}
	storetest.Put(t, p.store, lost.Key, "content of "+lost.Name)
	p.publish(2, "ods", 0, exports.Selection{})
	if lost, unreferenced, err := exports.Repair(t.Context(), p.db, p.store, found, nil); err != nil || lost != 0 || unreferenced != 0 {
		t.Errorf("mended %d and %d, %v, want none", lost, unreferenced, err)
	}
	p.want(nameOf(1, "ods"), nameOf(2, "ods"))
}

func TestTheWrongStoreIsNotMended(t *testing.T) {
	p := newPlace(t)
	for i := range int64(12) {
		p.publish(i+1, "ods", 0, exports.Selection{})
	}
	empty, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	found, err := exports.Audit(t.Context(), p.db, empty, asOf)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := exports.Repair(t.Context(), p.db, empty, found, nil); run.ClassOf(err) != run.ClassBlocked {
		t.Errorf("an empty store: %v, want a refusal", err)
	}
	other := pgtest.New(t)
	for i := range int64(12) {
		p.age(nameOf(i+1, "ods"), 48*time.Hour)
	}
	if found, err = exports.Audit(t.Context(), other, p.store, asOf); err != nil {
		t.Fatal(err)
	}
	if _, _, err := exports.Repair(t.Context(), other, p.store, found, nil); run.ClassOf(err) != run.ClassBlocked {
		t.Errorf("another installation's store: %v, want a refusal", err)
	}
	if got := len(p.recorded()); got != 12 || len(storetest.Keys(t, p.store)) != 12 {
		t.Errorf("%d recorded, want 12", got)
	}
}
