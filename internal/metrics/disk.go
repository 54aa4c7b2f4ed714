package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"cpd-jobs/internal/disk"
)

// Disks collects how much room there is where this process writes files.
type Disks struct {
	dirs map[string]string // by what they are for
	free *prometheus.Desc
}

// NewDisks makes a collector of folders by what they are for; [Metrics.Register] takes it.
func NewDisks(dirs map[string]string) *Disks {
	return &Disks{dirs: dirs, free: desc("disk_free_bytes", "How much room there is for data, temporary files and exports of this process (data, temporary, exports); absent where it is not known.", "place")}
}

// Describe declares the metric to Prometheus.
func (d *Disks) Describe(to chan<- *prometheus.Desc) { to <- d.free }

// Collect asks the system.
func (d *Disks) Collect(to chan<- prometheus.Metric) {
	for place, dir := range d.dirs {
		if free, err := disk.Free(dir); err == nil {
			to <- constant(d.free, float64(free), place)
		}
	}
}
