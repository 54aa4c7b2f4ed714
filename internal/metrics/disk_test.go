package metrics

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestFreeSpaceIsMeasuredWhereItIsKnown(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	registry.MustRegister(NewDisks(map[string]string{"data": t.TempDir(), "exports": "/nowhere/at/all"}))
	found, err := registry.Gather()
	if err != nil || len(found) != 1 || len(found[0].Metric) != 1 || found[0].Metric[0].GetGauge().GetValue() <= 0 || !strings.HasSuffix(found[0].GetName(), "disk_free_bytes") {
		t.Errorf("gathered %v (%v), want the free bytes of one place", found, err)
	}
}
