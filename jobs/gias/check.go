package gias

import (
	"context"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias/format"
)

// Checked is what a look at a source finds without syncing it.
type Checked struct {
	Source string    `json:"source"`
	AsAt   time.Time `json:"as_at,omitzero"` // where the source says
	Files  []Part    `json:"files"`
}

// Part is one file of a source.
type Part struct {
	Part      string   `json:"part"`
	Name      string   `json:"name"`
	SizeBytes int64    `json:"size_bytes"`
	SHA256    string   `json:"sha256"`
	Encoding  string   `json:"encoding"`
	Layout    string   `json:"layout"`
	Missing   []string `json:"missing"` // columns that the file lacks
	Ignored   []string `json:"ignored"` // columns that mean nothing here
}

// Check fetches a source of the register and reads its headers: is it there, do the credentials work, has it the
// columns?
func Check(ctx context.Context, from string, fetch source.Options) (Checked, error) {
	if from == "" {
		return Checked{}, run.Invalid("set GIAS_SOURCE", "the register has no source")
	}
	x, err := format.Open(ctx, from, fetch)
	if err != nil {
		return Checked{}, err
	}
	defer func() { _ = x.Close() }()
	c := Checked{Source: x.Source, AsAt: x.AsAt}
	for _, p := range []part{{table: &format.Establishments, file: x.Establishments}, {table: &format.Links, file: x.Links}} {
		if p.file == nil {
			continue
		}
		r, err := format.NewReader(ctx, p.table, p.file)
		if err != nil {
			return c, err
		}
		_ = r.Close()
		c.Files = append(c.Files, checkedPart(p, r.Layout))
	}
	return c, nil
}

func checkedPart(p part, l format.Layout) Part {
	present := make(map[int]bool, len(l.Present))
	for _, at := range l.Present {
		present[at] = true
	}
	checked := Part{
		Part: p.table.Part, Name: p.file.Name, SizeBytes: p.file.SizeBytes, SHA256: p.file.SHA256,
		Encoding: string(p.file.Encoding), Layout: l.Name, Missing: []string{}, Ignored: l.Ignored,
	}
	for at, c := range p.table.Columns {
		if !present[at] {
			checked.Missing = append(checked.Missing, c.Heading)
		}
	}
	return checked
}
