package jobs_test

import (
	"slices"
	"testing"
	"time"

	"cpd-jobs/jobs"
)

func TestEveryKindIsComplete(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, kind := range jobs.All(jobs.Deps{}) {
		if seen[kind.Name] {
			t.Errorf("%s is there twice", kind.Name)
		}
		seen[kind.Name] = true
		if kind.About == "" || kind.Timeout <= 0 || kind.Timeout > time.Hour || kind.MaxAttempts < 1 {
			t.Errorf("%s: got about %q, timeout %s, %d attempts", kind.Name, kind.About, kind.Timeout, kind.MaxAttempts)
		}
		if !slices.Contains([]string{"syncs", "reports", "exports", "default"}, kind.Queue) {
			t.Errorf("%s: no worker has a queue %q", kind.Name, kind.Queue)
		}
		if _, err := kind.Check(nil); err != nil {
			t.Errorf("%s: no arguments: %v", kind.Name, err)
		}
		for _, p := range kind.Params {
			if p.About == "" {
				t.Errorf("%s: argument %s has no help", kind.Name, p.Name)
			}
		}
	}
	for _, name := range []string{
		"gias_sync", "uplift_sync", "cpd_sync", "report_refresh", "school_onboarding_refresh", "report_export",
		"housekeeping", "probe",
	} {
		if !seen[name] {
			t.Errorf("there is no kind %s", name)
		}
	}
}
