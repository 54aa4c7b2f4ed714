package housekeeping

import (
	"fmt"

	"cpd-jobs/internal/clock"
	"cpd-jobs/reports/exports"
)

// Args are the arguments of housekeeping. Their defaults are those of package retention, as a test checks.
type Args struct {
	Keep      int    `json:"keep" default:"20" help:"exported files of each report and format that stay whatever their age"`
	OlderThan string `json:"older_than" default:"30d" help:"age from which other exported files go, such as 30d or 12h"`
}

// Validate looks at the age.
func (a Args) Validate() error {
	_, err := a.Retention()
	return err
}

// Retention is what the arguments say of exported files. It fails where they do not make sense.
func (a Args) Retention() (exports.Retention, error) {
	if a.Keep < 0 {
		return exports.Retention{}, fmt.Errorf("keep: %d is less than none", a.Keep)
	}
	age, err := clock.ParseDuration(a.OlderThan)
	if err != nil {
		return exports.Retention{}, fmt.Errorf("older_than: %q is no age such as 30d or 12h", a.OlderThan)
	}
	return exports.Retention{Keep: a.Keep, OlderThan: age}, nil
}
