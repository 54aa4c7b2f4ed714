package ods

import (
	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

// value writes a cell with a typed value. What it shows is written too: not every program works that out from the
// value.
func (x *xml) value(v table.Value, column look) {
	if s, ok := v.AsText(); ok {
		x.text(s, differing(wrapped, column), "")
		return
	}
	if b, ok := v.AsBool(); ok {
		x.boolean(b, column)
		return
	}
	if at, ok := v.AsTime(); ok && frontmatter.TimeHolds(at) {
		x.time(v, column)
		return
	}
	if at, ok := v.AsDay(); ok && frontmatter.TimeHolds(at) {
		x.typed(day, column, `date" office:date-value="`, v)
		return
	}
	x.number(v, column)
}

func (x *xml) boolean(b bool, column look) {
	x.cell(differing(truth, column))
	if b {
		x.raw(`boolean" office:boolean-value="true"><text:p>TRUE</text:p></table:table-cell>`)
	} else {
		x.raw(`boolean" office:boolean-value="false"><text:p>FALSE</text:p></table:table-cell>`)
	}
}

// time writes an instant without a zone, which spreadsheets do not have; headings say that it is UTC.
func (x *xml) time(v table.Value, column look) {
	const dayAndSeconds, dayOnly = len("2006-01-02T15:04:05"), len("2006-01-02")
	x.cell(differing(timeOfDay, column))
	x.raw(`date" office:date-value="`)
	from := len(x.b)
	x.b = v.Append(x.b)
	x.b = x.b[:len(x.b)-len("Z")]
	x.raw(`"><text:p>`)
	x.b = append(x.b, x.b[from:from+dayAndSeconds]...)
	x.b[len(x.b)-dayAndSeconds+dayOnly] = ' '
	x.raw(`</text:p></table:table-cell>`)
}

// number writes a number, or as a text what no cell can hold as the value that it is.
func (x *xml) number(v table.Value, column look) {
	if _, ok := v.AsInt(); ok {
		if n := v.String(); !frontmatter.ManyDigits(n) {
			x.typed(number, column, `float" office:value="`, v)
			return
		}
	}
	if d, ok := v.AsDecimal(); ok && !frontmatter.ManyDigits(d) {
		x.typed(decimal, column, `float" office:value="`, v)
		return
	}
	x.text(v.String(), differing(wrapped, column), "")
}

// cell begins a cell, up to its type.
func (x *xml) cell(own look) {
	x.raw(`<table:table-cell `)
	if own != none {
		x.raw(`table:style-name="`)
		x.raw(string(own))
		x.raw(`" `)
	}
	x.raw(`office:value-type="`)
}

// typed writes a value in an attribute, and once more as it is shown.
func (x *xml) typed(own, column look, attribute string, v table.Value) {
	x.cell(differing(own, column))
	x.raw(attribute)
	from := len(x.b)
	x.b = v.Append(x.b)
	to := len(x.b)
	x.raw(`"><text:p>`)
	x.b = append(x.b, x.b[from:to]...)
	x.raw(`</text:p></table:table-cell>`)
}

// differing is a cell's look, none where it is the column's.
func differing(own, column look) look {
	if own == column {
		return none
	}
	return own
}
