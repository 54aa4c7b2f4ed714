package schedule

import (
	"context"
	"fmt"
	"time"

	"cpd-jobs/internal/run"
)

// The kinds of these tests have the names and arguments of the real ones, and do nothing.
type (
	syncArgs struct {
		Source string   `json:"source"`
		Links  string   `json:"links"`
		Allow  []string `json:"allow"`
	}
	upliftArgs struct {
		Source string `json:"source"`
		Year   int    `json:"year"`
	}
	refreshArgs struct {
		Report string `json:"report" default:"school_onboarding"`
	}
	exportArgs struct {
		Report  string            `json:"report" default:"school_onboarding"`
		Formats []string          `json:"formats" default:"[\"xlsx\", \"csv\"]"`
		Where   map[string]string `json:"where,omitempty"`
		Columns []string          `json:"columns,omitempty"`
		AsOf    *time.Time        `json:"as_of,omitempty"`
	}
	probeArgs struct {
		Sleep string `json:"sleep,omitempty"`
		Fail  bool   `json:"fail,omitempty"`
		Rows  int    `json:"rows,omitempty"`
		Note  string `json:"note,omitempty"`
	}
)

func (a probeArgs) Validate() error {
	if a.Rows < 0 {
		return fmt.Errorf("rows: %d is less than nothing", a.Rows)
	}
	return nil
}

var testKinds = []run.Kind{
	fake[syncArgs]("gias_sync"), fake[upliftArgs]("uplift_sync"), fake[struct{}]("cpd_sync"),
	fake[struct{}]("school_onboarding_refresh"), fake[refreshArgs]("report_refresh"),
	fake[exportArgs]("report_export"), fake[struct{}]("housekeeping"), fake[probeArgs]("probe"),
}

func fake[T any](name string) run.Kind {
	return run.NewKind(run.Kind{Name: name}, nil, func(context.Context, run.Run, T) (run.Outcome, error) {
		return run.Outcome{}, nil
	})
}

func kindsForTest(name string) (run.Kind, error) {
	var names []string
	for _, k := range testKinds {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	hint := ""
	if near := run.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return run.Kind{}, run.Invalid(hint, "there is no kind %q", name)
}
