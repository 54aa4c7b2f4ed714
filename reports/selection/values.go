package selection

import (
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"cpd-jobs/reports/table"
)

// plain makes the driver's values those that [Page] promises. What no calendar or number has becomes a text.
func plain(values []any) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = plainValue(v)
	}
	return out
}

func plainValue(v any) any {
	switch v := v.(type) {
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case time.Time:
		return v.UTC()
	case pgtype.InfinityModifier:
		return v.String()
	case pgtype.Numeric:
		return decimal(v)
	case []any:
		list := make([]string, len(v))
		for i, item := range v {
			list[i], _ = item.(string)
		}
		return list
	default:
		return v
	}
}

func decimal(n pgtype.Numeric) any {
	text, err := n.Value()
	s, ok := text.(string)
	switch {
	case err != nil || !ok:
		return nil
	case n.NaN || n.InfinityModifier != pgtype.Finite:
		return s
	default:
		return json.Number(s)
	}
}

// Cell is a value of a row as files have it. A day is told from an instant by its column's type.
func Cell(v any, kind table.Type) table.Value {
	switch v := v.(type) {
	case string:
		return table.String(v)
	case int64:
		return table.Int(v)
	case bool:
		return table.Bool(v)
	case json.Number:
		return table.Number(v.String())
	case []string:
		return table.Strings(v)
	case time.Time:
		if kind == table.Date {
			return table.Day(v)
		}
		return table.Time(v)
	default:
		return table.Value{}
	}
}
