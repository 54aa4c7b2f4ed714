package export

import (
	"slices"
	"testing"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/s3test"
	"cpd-jobs/internal/testing/storetest"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/store"
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

// A store that goes away while files are made fails the attempt in a way that is tried again; the one after it
// finishes.
func TestStoreThatIsDownForAWhile(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"write", "verify", "publish"} {
		t.Run(step, func(t *testing.T) {
			b := newBench(t)
			b.refresh(1, schools(50)...)
			server := s3test.Start(t)
			var err error
			if b.Store, err = store.Open(server.Address, ""); err != nil {
				t.Fatal(err)
			}
			r := &run.Local{Now: asOf.UTC, OnStep: func(s *run.Step, finished bool, _ time.Duration, _ error) {
				if s.Name == step && !finished {
					server.Stop()
				}
			}}
			if _, err := Export(t.Context(), r, b.Deps, b.args()); run.ClassOf(err) != run.ClassUnreachable {
				t.Errorf("error %v of class %s, want one that is tried again", err, run.ClassOf(err))
			}
			if n := count(t, b.DB, "SELECT count(*) FROM reports.exports"); n != 0 {
				t.Errorf("%d exports are recorded", n)
			}
			server.Restart(t)
			if keys := storetest.Keys(t, b.Store); len(keys) != 0 {
				t.Errorf("to be found: %q", keys)
			}
			if out, _ := b.export(b.args()); !out.Changed {
				t.Error("the next attempt did nothing")
			}
		})
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
	plain := false
	b.export(Args{Report: "school_onboarding", Formats: []string{"xlsx", "ods"}, Charts: &plain, FreezePanes: true, FilterButtons: true})
	if _, err := b.DB.Exec(t.Context(), "DELETE FROM reports.exports"); err != nil {
		t.Fatal(err)
	}
	found, err := exports.Audit(t.Context(), b.DB, b.Store, time.Now().Add(48*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if all := storetest.Keys(t, b.Store); len(found.Unreferenced) != len(all) || len(all) != 3*6+2 {
		t.Errorf("%d of %d files are known as exports: %q", len(found.Unreferenced), len(all), all)
	}
}
