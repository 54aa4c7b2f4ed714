package metrics

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// promtool finds one of the programs of Debian's package prometheus, or ends the test.
func promtool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed; .ci/prepare installs it", name)
	}
	t.Skipf("%s is not installed; .ci/prepare installs it", name)
	return ""
}

func TestPromtoolFindsNothing(t *testing.T) {
	t.Parallel()
	m, _ := aDay(t)
	check := exec.CommandContext(t.Context(), promtool(t, "promtool"), "check", "metrics")
	check.Stdin = strings.NewReader(scrape(t, m))
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
