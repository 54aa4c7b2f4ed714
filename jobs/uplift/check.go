package uplift

import (
	"context"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
)

// Checked is what a look at a source finds without loading it.
type Checked struct {
	Source    string    `json:"source"`
	AsAt      time.Time `json:"as_at,omitzero"` // where the source says
	Name      string    `json:"name"`
	SizeBytes int64     `json:"size_bytes"`
	SHA256    string    `json:"sha256"`
	Encoding  string    `json:"encoding"`
	Layout    string    `json:"layout"`
	Year      int       `json:"year,omitempty"` // where the name says
}

// Check fetches a file and reads its header: is it there, and has it the columns?
func Check(ctx context.Context, from string, fetch source.Options) (Checked, error) {
	if from == "" {
		return Checked{}, run.Invalid("set UPLIFT_SOURCE", "the uplift file has no source")
	}
	d, err := source.Open(ctx, from, fetch)
	if err != nil {
		return Checked{}, err
	}
	defer func() { _ = d.Close() }()
	f, err := table(ctx, d)
	if err != nil {
		return Checked{}, err
	}
	r, err := newReader(ctx, f)
	if err != nil {
		return Checked{}, err
	}
	r.close()
	year, _ := yearOf(Args{}, f.Name) // a job may name it instead
	return Checked{
		Source: d.Source, AsAt: d.AsAt, Name: f.Name, SizeBytes: f.SizeBytes, SHA256: f.SHA256,
		Encoding: string(f.Encoding), Layout: r.layout.String(), Year: year,
	}, nil
}
