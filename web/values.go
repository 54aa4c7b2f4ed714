package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/table"
)

// showValue is a value as people read it; nothing for an empty cell.
func showValue(c definition.Column, v any) template.HTML {
	switch v := v.(type) {
	case time.Time:
		if table.Type(c.Type) == table.Date {
			return template.HTML(v.Format("2 January 2006"))
		}
		return timeTag(v)
	case []string:
		list := make([]string, len(v))
		for i, item := range v {
			list[i] = template.HTMLEscapeString(c.Labels.Text(item))
		}
		return template.HTML(strings.Join(list, "<br>"))
	default:
		return template.HTML(template.HTMLEscapeString(valueText(c, v)))
	}
}

// valueText is a value that is neither a time nor a list, in a line.
func valueText(c definition.Column, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		return map[bool]string{true: "Yes", false: "No"}[v]
	default:
		return c.Labels.Text(fmt.Sprint(v))
	}
}

// jsonText is a value of the log of changes as people read it.
func jsonText(c definition.Column, raw json.RawMessage) string {
	var v any
	if raw == nil || json.Unmarshal(raw, &v) != nil {
		return ""
	}
	switch v := v.(type) {
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil && table.Type(c.Type) == table.Timestamp {
			return ukTime(at)
		}
		return c.Labels.Text(v)
	case []any:
		list := make([]string, len(v))
		for i, item := range v {
			list[i] = c.Labels.Text(fmt.Sprint(item))
		}
		return strings.Join(list, ", ")
	case float64:
		return c.Labels.Text(string(raw))
	default:
		return valueText(c, v)
	}
}
