package export

import (
	"time"

	"cpd-jobs/internal/run"
)

// Summary is what an export leaves as its result.
type Summary struct {
	Report string `json:"report"`
	// State is published, current (there are such files already) or dry run.
	State   string    `json:"state"`
	Version int64     `json:"version"`
	AsOf    time.Time `json:"as_of"`
	Rows    int64     `json:"rows"`
	Store   string    `json:"store"`
	Files   []File    `json:"files"`
}

// File is one file of a result.
type File struct {
	ID     int64  `json:"id,omitempty"` // of the export; 0 in a dry run
	Format string `json:"format"`
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	// Coerced is how many values the format cannot hold as they are; the file lists them.
	Coerced int64 `json:"altered,omitempty"`
}

func (j *job) outcome(published bool) run.Outcome {
	s := Summary{Report: j.def.Name, State: "current", Version: j.live.Version, AsOf: j.live.AsOf, Rows: j.sum.Rows(), Store: j.Store.String()}
	for _, e := range j.found {
		s.Rows = e.Rows
		s.Files = append(s.Files, File{ID: e.ID, Format: e.Format, Name: e.Name, Size: e.Size, SHA256: e.SHA256, Coerced: e.Coerced})
	}
	for i, f := range j.files {
		made := File{Format: f.format.Name, Name: f.name, Size: f.size, SHA256: f.sha256, Coerced: f.coerced}
		if published {
			made.ID = j.made[i].ID
		}
		s.Files = append(s.Files, made)
	}
	switch {
	case published:
		s.State = "published"
	case len(j.files) > 0:
		s.State = "dry run"
	}
	return run.Outcome{Changed: published, Version: j.live.Version, Summary: s}
}
