package gias

import (
	"cpd-jobs/jobs/gias/format"
)

// sampleSize is how many differences of each part a summary shows.
const sampleSize = 20

// Summary is what a sync reports of itself.
type Summary struct {
	DryRun         bool         `json:"dry_run,omitempty"`
	Note           string       `json:"note,omitempty"`
	Establishments *PartSummary `json:"establishments,omitempty"`
	Links          *PartSummary `json:"links,omitempty"`
	// Events counts changes by what they mean, Fields by the register's heading; the first sync has none.
	Events map[string]int64 `json:"events,omitempty"`
	Fields map[string]int64 `json:"fields,omitempty"`
	Sample []Difference     `json:"sample,omitempty"`
}

// PartSummary accounts for one file: Read is Merged plus Unchanged plus Rejected, and Merged is Added plus Changed plus
// Returned.
type PartSummary struct {
	File      string `json:"file"`
	SHA256    string `json:"sha256"`
	SizeBytes int64  `json:"size_bytes"`
	Layout    string `json:"layout,omitempty"`
	Encoding  string `json:"encoding,omitempty"`
	Note      string `json:"note,omitempty"`

	Read          int64 `json:"read"`
	Merged        int64 `json:"merged"`
	Unchanged     int64 `json:"unchanged"`
	Rejected      int64 `json:"rejected"`
	ValuesLeftOut int64 `json:"values_left_out"`
	Doubts        int64 `json:"doubts"`

	Added    int64 `json:"added"`
	Changed  int64 `json:"changed"`
	Returned int64 `json:"returned"`
	Gone     int64 `json:"gone"`

	// Issues counts what is wrong by reason.
	Issues map[format.Scope]map[string]int64 `json:"issues,omitempty"`
}

func (s *PartSummary) read(p *part, c format.Counts) {
	s.Layout, s.Encoding = p.layout.Name, string(p.file.Encoding)
	s.Read, s.Rejected, s.ValuesLeftOut, s.Doubts = c.Read, c.Rejected, c.Values, c.Doubts
}

// differ takes the counts of the comparison.
func (s *PartSummary) differ(counts map[string]int64) {
	s.Added, s.Changed, s.Returned, s.Gone = counts["new"], counts["changed"], counts["returned"], counts["gone"]
	s.Merged = s.Added + s.Changed + s.Returned
	s.Unchanged = s.Read - s.Rejected - s.Merged
}

// Difference is one changed field.
type Difference struct {
	URN     string  `json:"urn"`
	LinkURN string  `json:"link_urn,omitempty"`
	Event   string  `json:"event"`
	Field   string  `json:"field"`
	Old     *string `json:"old"`
	New     *string `json:"new"`
}

// masked hides school contact addresses, which may name a person.
func (d Difference) masked() Difference {
	contact := d.Event == "contact_changed"
	d.Old, d.New = mask(d.Old, contact), mask(d.New, contact)
	return d
}

// mask hides the value of a column of contact addresses, and an address that stands in any other.
func mask(value *string, contact bool) *string {
	if value == nil || !contact && !format.HoldsAddress(*value) {
		return value
	}
	stars := "***"
	return &stars
}
