package cpd

import (
	"context"
	"fmt"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/guard"
)

// compare counts the source's rows under one snapshot and says what a sync would do. It changes nothing.
func (s *syncing) compare(ctx context.Context) (run.Outcome, error) {
	var outcome run.Outcome
	err := s.run.Step(ctx, "count", func(ctx context.Context, step *run.Step) error {
		snap, err := s.src.begin(ctx)
		if err != nil {
			return err
		}
		defer snap.end(ctx)
		details, err := s.count(ctx, snap)
		if err != nil {
			return err
		}
		step.SetRows(details.rows(), 0)
		outcome.Summary = summarise(snap.AsOf, s.tables, s.last.Tables, details)
		found := append(guardTime(s.last.AsAt, snap.AsOf), guardRows(s.tables, s.last.Tables, details.Tables)...)
		return guard.Stop(s.run.Log(), s.allow, found)
	})
	return outcome, err
}

func (s *syncing) count(ctx context.Context, snap *snapshot) (Details, error) {
	details := Details{Tables: map[string]Count{}, Replica: snap.Replica}
	counted := map[string]int64{}
	for _, t := range s.tables {
		rows, ok := counted[t.Name]
		if !ok {
			// Of a column that is copied: no more may be readable.
			err := snap.sessions[0].QueryRow(ctx, "SELECT count(id) FROM "+t.from().quoted()).Scan(&rows)
			if err != nil {
				return details, sourceFailure(ctx, fmt.Sprintf("count %s", t.Name), err)
			}
			counted[t.Name] = rows
		}
		details.Tables[t.String()] = Count{Rows: rows}
	}
	return details, nil
}
