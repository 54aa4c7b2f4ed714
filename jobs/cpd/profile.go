package cpd

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/jobs/profile"
)

// measures is what is asked of the copied rows for the profiles of a table, in the pass that hashes them.
type measures struct {
	sql  []string
	into []any
	list []profile.Column
}

// outside are times that no event of the service has.
const outside = "count(*) FILTER (WHERE %[1]s < '2000-01-01' OR %[1]s >= date_trunc('year', now()) + interval '2 years')"

// newMeasures asks for the number of values of each column, the order of times and numbers, and the length of texts. Of
// restricted tables no value is kept.
func newMeasures(t Table) *measures {
	m := &measures{}
	columns := t.all()
	m.list = make([]profile.Column, len(columns))
	for i, c := range columns {
		p, name := &m.list[i], pg.Ident(c.Name)
		*p = profile.Column{Part: t.String(), Name: c.Name, Frequent: []profile.Frequent{}}
		m.ask(&p.Filled, "count(%s)", name)
		switch c.Type {
		case timestamp:
			m.ask(&p.Unreadable, outside, name)
			fallthrough
		case integer, smallint:
			if !t.Restricted {
				m.ask(&p.Smallest, "min(%s)::text", name)
				m.ask(&p.Largest, "max(%s)::text", name)
			}
		case text, citext, varchar:
			m.ask(&p.Shortest, "min(length(%s::text))", name)
			m.ask(&p.Longest, "max(length(%s::text))", name)
		}
	}
	return m
}

func (m *measures) ask(into any, format, column string) {
	m.sql, m.into = append(m.sql, fmt.Sprintf(format, column)), append(m.into, into)
}

// profiles completes the profiles by what ANALYZE has found: how many values there are, and which are the most
// frequent.
func (m *measures) profiles(ctx context.Context, tx pgx.Tx, t Table, copyNumber, rows int64) ([]profile.Column, error) {
	at := map[string]*profile.Column{}
	for i := range m.list {
		m.list[i].Rows = rows
		at[m.list[i].Name] = &m.list[i]
	}
	where := t.physical(copyNumber)
	found, _ := tx.Query(ctx, `
		SELECT attname, n_distinct, coalesce(most_common_vals::text::text[], '{}'), coalesce(most_common_freqs, '{}')
		FROM pg_stats WHERE schemaname = $1 AND tablename = $2`, where.schema, where.relation)
	var name string
	var distinct float64
	var values []string
	var shares []float32
	_, err := pgx.ForEachRow(found, []any{&name, &distinct, &values, &shares}, func() error {
		p := at[name]
		if p == nil {
			return nil
		}
		if distinct < 0 { // a share of the rows
			distinct *= -float64(rows)
		}
		p.Distinct = int64(math.Round(distinct))
		if t.Restricted {
			return nil
		}
		for i := range min(5, len(values), len(shares)) {
			p.Frequent = append(p.Frequent, profile.Frequent{Value: shown(values[i]), Rows: int64(math.Round(float64(shares[i]) * float64(rows)))})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the statistics: %w", err)
	}
	return m.list, nil
}

// shown is the beginning of a value.
func shown(value string) string {
	if runes := []rune(value); len(runes) > 100 {
		return string(runes[:99]) + "…"
	}
	return strings.ToValidUTF8(value, "?")
}
