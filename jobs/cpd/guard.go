package cpd

import (
	"context"
	"fmt"
	"math"
	"time"

	"cpd-jobs/jobs/guard"
	"cpd-jobs/jobs/profile"
	"cpd-jobs/reports/inputs"
)

// guardRows finds the tables that have lost more of their rows than they may, or all of them. A table that was not
// copied before has nothing to lose.
func guardRows(tables []Table, before, now map[string]Count) []guard.Breach {
	var found []guard.Breach
	for _, t := range tables {
		was, is := before[t.String()].Rows, now[t.String()].Rows
		limit := guard.Of("cpd", t.Name, "").Gone
		if lost := was - is; lost <= 0 || is > 0 && !guard.ExceedsShare(limit, lost, was) {
			continue
		}
		found = append(found, guard.Breach{Guard: t.Name, Reason: fmt.Sprintf("%s from %d rows to %d (at most %g %% may go)", t.Name, was, is, *limit*100)})
	}
	return found
}

// guardAsOf allows a copy that is older than the live one.
const guardAsOf = "as_of"

// guardTime refuses a source whose clock shows an earlier moment than the live copy is of: one that was restored, or another
// one.
func guardTime(live, now time.Time) []guard.Breach {
	if !now.Before(live) {
		return nil
	}
	return []guard.Breach{{Guard: guardAsOf, Reason: fmt.Sprintf(
		"the CPD database is as of %s, before the live copy of %s: it was restored, is another one, or its clock is wrong",
		now.UTC().Format(time.RFC3339), live.UTC().Format(time.RFC3339))}}
}

// guardColumns finds the columns that were emptied, became constant, or have times that cannot be, by comparing the
// profiles of two copies.
func guardColumns(before map[[2]string]profile.Column, now []profile.Column) []guard.Breach {
	var found []guard.Breach
	for _, p := range now {
		was, known := before[[2]string{p.Part, p.Name}]
		c := guard.Column{
			Source: "cpd", Table: p.Part, Name: p.Part + "." + p.Name, Heading: p.Part + "." + p.Name, Read: p.Filled, Distinct: p.Distinct,
		}
		c.Now.Value, c.Now.Share = p.Top()
		if known && was.Rows > 0 {
			// How many of the rows that are still there would have a value.
			share := math.Min(1, float64(p.Rows)/float64(was.Rows))
			c.Before, c.DistinctWas = int64(share*float64(was.Filled)), was.Distinct
			c.Lost = max(0, c.Before-p.Filled)
			c.Unreadable = max(0, p.Unreadable-was.Unreadable)
			c.Was.Value, c.Was.Share = was.Top()
		}
		found = append(found, c.Breaches()...)
	}
	return found
}

// sampledKeys is how many of a table's keys are looked for in the new copy.
const sampledKeys = 1000

// guardKeys finds the tables whose keys are others than before: a service that was loaded anew, or another one.
func (c *tableCopy) guardKeys(ctx context.Context) ([]guard.Breach, error) {
	var found []guard.Breach
	for _, t := range c.tables {
		if c.last.Tables[t.String()].Rows == 0 {
			continue
		}
		var sampled, kept int64
		err := c.deps.DB.QueryRow(ctx, fmt.Sprintf(`SELECT count(*), count(n.id) FROM (SELECT id FROM %s LIMIT %d) AS o LEFT JOIN %s AS n USING (id)`,
			t.to().quoted(), sampledKeys, t.physical(c.number).quoted())).Scan(&sampled, &kept)
		if err != nil {
			return nil, fmt.Errorf("look for the keys of %s: %w", t, err)
		}
		limit := guard.Of("cpd", t.Name, "id").Changed
		if lost := sampled - kept; guard.Exceeds(limit, lost, sampled) {
			found = append(found, guard.Breach{Guard: guard.ColumnPrefix + t.String() + ".id",
				Reason: fmt.Sprintf("%s.id: of %d keys here %d are in the source no more", t, sampled, lost)})
		}
	}
	return found, nil
}

// guard stops a copy that has lost what it may not lose, before it is swapped in.
func (c *tableCopy) guard(ctx context.Context) error {
	before, err := profile.Latest(ctx, c.deps.DB, inputs.CPD)
	if err != nil {
		return err
	}
	keys, err := c.guardKeys(ctx)
	if err != nil {
		return err
	}
	found := append(guardRows(c.tables, c.last.Tables, c.details.Tables), keys...)
	return guard.Stop(c.run.Log(), c.allow, append(found, guardColumns(before, c.profiles)...))
}
