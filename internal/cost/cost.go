// Package cost measures what one attempt at a job costs: processor time of this program, the wait for databases, and
// bytes. A [Meter] travels in the job's context; who reads or writes on the job's behalf counts there.
package cost

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Cost is what something cost.
type Cost struct {
	// CPUSeconds is processor time of this program, user and system together. Jobs that ran at one time in one process
	// share what it used in equal parts: exact for a job that ran alone.
	CPUSeconds float64 `json:"cpu_seconds"`
	// DatabaseSeconds is how long its connections waited for their servers, summed up: what the job costs there, at most.
	DatabaseSeconds float64 `json:"database_seconds"`
	// BytesRead and BytesWritten went over its connections to databases, and from and to files: those of the register and
	// of uplifts as they are once unpacked, and those of the store of exports.
	BytesRead    int64 `json:"bytes_read"`
	BytesWritten int64 `json:"bytes_written"`
}

// Plus is both together.
func (c Cost) Plus(d Cost) Cost {
	return Cost{
		CPUSeconds: c.CPUSeconds + d.CPUSeconds, DatabaseSeconds: c.DatabaseSeconds + d.DatabaseSeconds,
		BytesRead: c.BytesRead + d.BytesRead, BytesWritten: c.BytesWritten + d.BytesWritten,
	}
}

// Meter counts. It is safe for concurrent use, and counts nothing on a nil pointer.
type Meter struct {
	read, written, waited atomic.Int64
}

// Read counts bytes that came in.
func (m *Meter) Read(bytes int64) {
	if m != nil {
		m.read.Add(bytes)
	}
}

// Wrote counts bytes that went out.
func (m *Meter) Wrote(bytes int64) {
	if m != nil {
		m.written.Add(bytes)
	}
}

// Waited counts time that a database took.
func (m *Meter) Waited(d time.Duration) {
	if m != nil {
		m.waited.Add(int64(d))
	}
}

// Total is what was counted so far, and the given processor time.
func (m *Meter) Total(processor time.Duration) Cost {
	return Cost{
		CPUSeconds: round(processor), DatabaseSeconds: round(time.Duration(m.waited.Load())),
		BytesRead: m.read.Load(), BytesWritten: m.written.Load(),
	}
}

// round keeps whole microseconds: more digits would pretend.
func round(d time.Duration) float64 { return float64(d.Microseconds()) / 1e6 }

type key struct{}

// With has what is done under the context counted by m.
func With(ctx context.Context, m *Meter) context.Context { return context.WithValue(ctx, key{}, m) }

// From is the context's meter, nil if it has none.
func From(ctx context.Context) *Meter {
	m, _ := ctx.Value(key{}).(*Meter)
	return m
}

// Words say it in the units that people pay for; size words a number of bytes. It has nothing to say of nil.
func (c *Cost) Words(size func(bytes int64) string) string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf("%.2f s of processor, %.2f s of waiting for databases, %s read, %s written",
		c.CPUSeconds, c.DatabaseSeconds, size(c.BytesRead), size(c.BytesWritten))
}
