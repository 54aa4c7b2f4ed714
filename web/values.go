package web

import (
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
	case bool:
		return map[bool]template.HTML{true: "Yes", false: "No"}[v]
	case []string:
		list := make([]string, len(v))
		for i, item := range v {
			list[i] = template.HTMLEscapeString(codeWords(item))
		}
		return template.HTML(strings.Join(list, "<br>"))
	case string:
		if c.Name == "stage" || c.Name == "route" || c.Name == "eligibility" {
			return template.HTML(template.HTMLEscapeString(codeWords(v)))
		}
		return template.HTML(template.HTMLEscapeString(v))
	case nil:
		return ""
	default:
		return template.HTML(template.HTMLEscapeString(fmt.Sprint(v)))
	}
}

// codeWords says a code of the report in words: a stage in its own, any other as it is written.
func codeWords(code string) string {
	switch {
	case stageTitles[code] != "":
		return stageTitles[code]
	case code == "cip_only":
		return "Service only"
	default:
		return words(code)
	}
}
