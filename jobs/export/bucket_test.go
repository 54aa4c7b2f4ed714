package export

import (
	"slices"
	"testing"
	"time"

	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/store"
	"cpd-jobs/reports/store/s3test"
	"cpd-jobs/reports/store/storetest"
)

func TestExportToABucket(t *testing.T) {
	b := newBench(t)
	list := hostileSchools()
	b.refresh(1, list...)
	_, toFolder := b.export(b.everyFormat())
	if _, err := b.DB.Exec(t.Context(), "DELETE FROM reports.exports"); err != nil {
		t.Fatal(err)
	}
	var err error
	if b.Store, err = store.Open(s3test.Start(t).Address, ""); err != nil {
		t.Fatal(err)
	}
	_, toBucket := b.export(b.everyFormat())
	for i := range toFolder.Files {
		toFolder.Files[i].ID = toBucket.Files[i].ID
	}
	if !slices.Equal(toFolder.Files, toBucket.Files) {
		t.Errorf("files\n got %+v\nwant %+v", toBucket.Files, toFolder.Files)
	}
	for _, f := range toBucket.Files {
		if _, err := exports.Verify(t.Context(), b.DB, b.Store, f.ID); err != nil {
			t.Error(err)
		}
	}
	if out, _ := b.export(b.everyFormat()); out.Changed {
		t.Error("exported twice")
	}
}

// The audit knows exports by their names, which are made here.
func TestAuditKnowsTheNamesOfExports(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(5)...)
	b.export(b.everyFormat())
	b.refresh(2, schools(6)...)
	b.export(b.everyFormat())
	part := b.everyFormat()
	part.Columns = []string{"urn"}
	b.export(part)
	if _, err := b.DB.Exec(t.Context(), "DELETE FROM reports.exports"); err != nil {
		t.Fatal(err)
	}
	found, err := exports.Audit(t.Context(), b.DB, b.Store, time.Now().Add(48*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if all := storetest.Keys(t, b.Store); len(found.Strays) != len(all) || len(all) != 3*6 {
		t.Errorf("%d of %d files are known as exports: %q", len(found.Strays), len(all), all)
	}
}
