package ods

import (
	"cpd-jobs/reports/table"
)

// look is the name of a cell's style in parts/styles.xml.
type look string

const (
	none          look = "" // that of the column
	title         look = "Heading_20_1"
	subtitle      look = "Heading_20_2"
	heading       look = "Column_20_heading"
	numberHeading look = "Number_20_heading"
	line          look = "Line"
	lineLink      look = "Line_20_link"
	wrapped       look = "Text"
	wrappedLink   look = "Link"
	number        look = "Number"
	decimal       look = "Decimal"
	truth         look = "Truth"
	timeOfDay     look = "Time"
	day           look = "Date"
)

// lookOf is that of the values of a column.
func lookOf(t table.Type) look {
	switch t {
	case table.Integer:
		return number
	case table.Decimal:
		return decimal
	case table.Boolean:
		return truth
	case table.Timestamp:
		return timeOfDay
	case table.Date:
		return day
	default:
		return wrapped
	}
}

func looksOf(columns []table.Column) []look {
	looks := make([]look, len(columns))
	for i, c := range columns {
		looks[i] = lookOf(c.Type)
	}
	return looks
}

// headingOf stands where the values below it do: numbers to the right, all else to the left.
func headingOf(t table.Type) look {
	if t == table.Integer || t == table.Decimal {
		return numberHeading
	}
	return heading
}
