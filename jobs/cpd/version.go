package cpd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/inputs"
)

// Details are kept with each version of input cpd.
type Details struct {
	// Copy is the number of the physical tables.
	Copy   int64            `json:"copy"`
	Tables map[string]Count `json:"tables"`
	// System is the identifier of the source's server, SystemWas that of the copy before where it was another.
	System    string `json:"system,omitempty"`
	SystemWas string `json:"system_was,omitempty"`
	// Replica is set where the source was a standby.
	Replica *Replica `json:"replica,omitempty"`
}

// Count is what was copied of one table.
type Count struct {
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
	Hash  string `json:"hash"`
}

func (d Details) rows() int64 {
	var sum int64
	for _, c := range d.Tables {
		sum += c.Rows
	}
	return sum
}

// contentHash is equal for equal content: the same tables and columns with the same rows, in whatever order.
func (d Details) contentHash(tables []Table) string {
	sum := sha256.New()
	for _, t := range tables {
		count := d.Tables[t.String()]
		fmt.Fprintf(sum, "%s %v %d %s\n", t, t.all(), count.Rows, count.Hash)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// published is the live version with its details; zero if there is none.
type published struct {
	inputs.Version
	Details
}

func lastPublished(ctx context.Context, db pg.Querier) (published, error) {
	list, err := inputs.Live(ctx, db)
	if err != nil {
		return published{}, err
	}
	for _, v := range list {
		if v.Input != inputs.CPD {
			continue
		}
		p := published{Version: v}
		if err := json.Unmarshal(v.Details, &p.Details); err != nil {
			return published{}, fmt.Errorf("read the details of version %d of cpd: %w", v.Version, err)
		}
		return p, nil
	}
	return published{}, nil
}
