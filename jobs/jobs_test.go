package jobs_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"cpd-jobs/internal/source"
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

// TestEverySourceInArgumentsIsChecked: a kind with an argument that names a source must have it checked.
func TestEverySourceInArgumentsIsChecked(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, kind := range jobs.All(jobs.Deps{Allow: &source.Allowed{}}) {
		for _, p := range kind.Params {
			if p.Name != "source" && p.Name != "links" {
				continue
			}
			checked++
			if _, err := kind.Check(json.RawMessage(fmt.Sprintf(`{%q: "https://example.org/x.csv"}`, p.Name))); err == nil {
				t.Errorf("%s: %s may be anything", kind.Name, p.Name)
			}
		}
	}
	if checked != 3 {
		t.Errorf("%d arguments name sources, want 3", checked)
	}
}
