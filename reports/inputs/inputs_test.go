package inputs_test

import (
	"encoding/json"
	"testing"
	"time"

	"cpd-jobs/reports/inputs"
)

func TestHowFarAVersionWasBehind(t *testing.T) {
	t.Parallel()
	for details, want := range map[string]time.Duration{
		`{"replica": {"replayed_at": "2026-11-22T06:00:00Z", "caught_up": false, "lag_seconds": 1.5}}`: 1500 * time.Millisecond,
		`{"replica": {"replayed_at": null, "caught_up": true, "lag_seconds": 0}}`:                      0,
		`{"copy": 3, "tables": {}}`: 0,
		`["another input's"]`:       0,
		``:                          0,
	} {
		if got := (inputs.Version{Details: json.RawMessage(details)}).Behind(); got != want {
			t.Errorf("%s: got %s, want %s", details, got, want)
		}
	}
}
