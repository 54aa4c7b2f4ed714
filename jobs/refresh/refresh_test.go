package refresh_test

import (
	"encoding/json"
	"strings"
	"testing"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/refresh"
	"cpd-jobs/reports"
)

func kinds(d refresh.Deps) (report, onboarding run.Kind) {
	list := refresh.Kinds(d)
	return list[0], list[1]
}

func TestBothKindsHoldOneLease(t *testing.T) {
	t.Parallel()
	report, onboarding := kinds(refresh.Deps{})
	want := "report:school_onboarding"
	for name, got := range map[string]string{
		"report_refresh":             report.Lease(json.RawMessage(`{"report": "school_onboarding"}`)),
		"report_refresh, by default": report.Lease(nil),
		"school_onboarding_refresh":  onboarding.Lease(nil),
		"the same, with an argument": onboarding.Lease(json.RawMessage(`{"force": true}`)),
	} {
		if got != want {
			t.Errorf("%s: got lease %q, want %q", name, got, want)
		}
	}
}

func TestUnknownReport(t *testing.T) {
	t.Parallel()
	report, _ := kinds(refresh.Deps{})
	_, err := report.Check(json.RawMessage(`{"report": "school_onbording"}`))
	if run.ClassOf(err) != run.ClassInvalid || !strings.Contains(err.Error(), "school_onboarding") {
		t.Errorf("got %v, want bad input that names the nearest report", err)
	}
}

func TestRefreshOfNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	if err := reports.EnsureTables(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	_, onboarding := kinds(refresh.Deps{DB: db})
	_, err := onboarding.Work(t.Context(), &run.Local{}, nil)
	if run.ClassOf(err) == run.ClassTransient || err == nil {
		t.Errorf("before any sync: got %v, want a refusal", err)
	}
	_, err = onboarding.Work(t.Context(), &run.Local{}, json.RawMessage(`{"allow": ["no_such_check"]}`))
	if run.ClassOf(err) != run.ClassInvalid {
		t.Errorf("unknown check: got %v, want bad input", err)
	}
}
