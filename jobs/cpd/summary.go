package cpd

import (
	"time"
)

// Summary is the result of a sync, or of a dry run.
type Summary struct {
	AsOf   time.Time      `json:"as_of"`
	Rows   int64          `json:"rows"`
	Tables []TableSummary `json:"tables"`
	// Replica is set where the source was a standby.
	Replica *Replica `json:"replica,omitempty"`
	// OtherServer says that the copy before came from a server with another system identifier.
	OtherServer bool `json:"other_server,omitempty"`
}

// TableSummary says how many rows a table has, and had in the copy before (nil: none was made).
type TableSummary struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	Before *int64 `json:"before,omitempty"`
}

func summarise(asOf time.Time, tables []Table, before map[string]Count, now Details) Summary {
	s := Summary{AsOf: asOf, Rows: now.rows(), Replica: now.Replica, OtherServer: now.SystemWas != ""}
	for _, t := range tables {
		row := TableSummary{Name: t.String(), Rows: now.Tables[t.String()].Rows}
		if was, ok := before[t.String()]; ok {
			row.Before = &was.Rows
		}
		s.Tables = append(s.Tables, row)
	}
	return s
}
