package run_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/run"
)

type args struct {
	Report  string            `json:"report" default:"school_onboarding" help:"name of the report"`
	Formats []string          `json:"formats" default:"[\"xlsx\"]"`
	Rows    int               `json:"rows"`
	Force   bool              `json:"force"`
	Where   map[string]string `json:"where,omitempty"`
	AsOf    *time.Time        `json:"as_of,omitempty"`
}

func (a args) Validate() error {
	if a.Rows < 0 {
		return errors.New("rows: must not be negative")
	}
	return nil
}

func export(work func(args) error) run.Kind {
	return run.NewKind(run.Kind{Name: "export"}, func(a args) string { return "report:" + a.Report },
		func(_ context.Context, _ run.Run, a args) (run.Outcome, error) { return run.Outcome{}, work(a) })
}

func TestCheckFillsInDefaults(t *testing.T) {
	t.Parallel()
	k := export(nil)
	for _, c := range []struct{ given, want string }{
		{``, `{"report":"school_onboarding","formats":["xlsx"],"rows":0,"force":false}`},
		{`{"formats":["csv"],"rows":3}`, `{"report":"school_onboarding","formats":["csv"],"rows":3,"force":false}`},
	} {
		got, err := k.Check(json.RawMessage(c.given))
		if err != nil || string(got) != c.want {
			t.Errorf("Check(%s) = %s, %v; want %s", c.given, got, err, c.want)
		}
	}
	if got := k.Lease(json.RawMessage(`{}`)); got != "report:school_onboarding" {
		t.Errorf("lease is %q", got)
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ given, want string }{
		{`{"reprot":"x"}`, `unknown field "reprot"; export takes report (text, default school_onboarding), formats (list, default ["xlsx"]), rows (number)`},
		{`{"rows":"many"}`, "cannot unmarshal string"},
		{`{"rows":-1}`, "rows: must not be negative"},
		{`[]`, "cannot unmarshal array"},
	} {
		_, err := export(nil).Check(json.RawMessage(c.given))
		if err == nil || !strings.Contains(err.Error(), c.want) || run.ClassOf(err) != run.ClassInvalid {
			t.Errorf("Check(%s): %v, want it to say %q", c.given, err, c.want)
		}
	}
}

func TestWorkGetsTheArguments(t *testing.T) {
	t.Parallel()
	var got args
	k := export(func(a args) error { got = a; return nil })
	if _, err := k.Work(t.Context(), &run.Local{}, json.RawMessage(`{"rows":5,"where":{"stage":"contacted"}}`)); err != nil {
		t.Fatal(err)
	}
	if got.Rows != 5 || got.Report != "school_onboarding" || got.Where["stage"] != "contacted" {
		t.Errorf("arguments are %+v", got)
	}
}

func TestParamsAsTyped(t *testing.T) {
	t.Parallel()
	k := export(nil)
	for _, c := range []struct{ name, text, want string }{
		{"report", "a,b", `"a,b"`}, {"formats", "xlsx,csv", `["xlsx","csv"]`}, {"formats", "", `[]`},
		{"rows", "12", `12`}, {"force", "true", `true`}, {"where", "stage=contacted,route=", `{"route":"","stage":"contacted"}`},
		{"as_of", "2026-11-22T06:10:00Z", `"2026-11-22T06:10:00Z"`},
	} {
		p, err := k.Param(c.name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Parse(c.text)
		if err != nil || string(got) != c.want {
			t.Errorf("%s=%s is %s, %v; want %s", c.name, c.text, got, err, c.want)
		}
	}
	for _, c := range []struct{ name, text string }{{"rows", "twelve"}, {"force", "yes"}, {"where", "stage"}} {
		p, err := k.Param(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Parse(c.text); run.ClassOf(err) != run.ClassInvalid || err == nil {
			t.Errorf("%s=%s: %v, want bad input", c.name, c.text, err)
		}
	}
	if _, err := k.Param("format"); err == nil || !strings.Contains(err.Error(), "did you mean formats?") {
		t.Errorf("a misspelt name: %v", err)
	}
}

func TestExitStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("connection reset"), 1},
		{run.Blocked("look", "too few rows"), 1},
		{fmt.Errorf("merge: %w", run.Invalid("", "no register")), 2},
		{run.Unreachable("", "refused"), 3},
	} {
		if got := run.ExitStatus(c.err); got != c.want {
			t.Errorf("ExitStatus(%v) = %d, want %d", c.err, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"gias_sync", "cpd_sync", "probe"}
	for typed, want := range map[string]string{"gias-sync": "gias_sync", "cpdsync": "cpd_sync", "prob": "probe", "export": "", "": ""} {
		if got := run.Nearest(typed, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestNeedsSource(t *testing.T) {
	t.Parallel()
	k := export(nil)
	k.NotReady = run.NeedsSource("", "GIAS_SOURCE")
	if got := k.Lacks(json.RawMessage(`{"source":""}`)); got != "GIAS_SOURCE is not set" {
		t.Errorf("without a source it lacks %q", got)
	}
	if got := k.Lacks(json.RawMessage(`{"source":"file.csv"}`)); got != "" {
		t.Errorf("with a source of its own it lacks %q", got)
	}
}

func TestLocalNamesTheStepThatFailed(t *testing.T) {
	t.Parallel()
	var told []string
	l := &run.Local{Now: time.Now, OnStep: func(s *run.Step, finished bool, _ time.Duration, err error) {
		told = append(told, fmt.Sprintf("%s finished=%v failed=%v", s.Name, finished, err != nil))
	}}
	err := l.Step(t.Context(), "merge", func(context.Context, *run.Step) error { return run.Blocked("", "no") })
	if err == nil || err.Error() != "merge: no" || run.ClassOf(err) != run.ClassBlocked {
		t.Errorf("error is %v", err)
	}
	if got, want := strings.Join(told, ", "), "merge finished=false failed=false, merge finished=true failed=true"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}
