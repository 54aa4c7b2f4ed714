package xlsx

import (
	"bytes"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"text/template"

	"github.com/xuri/excelize/v2"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

const (
	chartsColumn = 105 // the width of the column that describes the charts: as wide as they are, and as a printed page
	chartWidth   = 960 // in pixels
	barHeight    = 34
	chartFrame   = 120 // title and axis
	rowPixels    = 21  // of a row of lineHeight
)

// drawing is a chart and where the table is that it is drawn from.
type drawing struct {
	table.Chart
	summary table.Summary
	sheet   string
	header  int // the row of its headings
}

// drawings are the charts that the workbook has.
func (w *Writer) drawings() []drawing {
	var list []drawing
	if w.book.Doc.Layout.NoCharts {
		return nil
	}
	for _, s := range w.book.Summaries {
		sheet := w.book.Summary(s)
		for _, c := range s.Charts {
			list = append(list, drawing{Chart: c, summary: s, sheet: sheet.Name, header: 1 + len(sheet.Lines) + 1})
		}
	}
	return list
}

// writeCharts puts the charts on a sheet of their own, the last: the one departure from the checklist. What each shows
// also stands in words above them, and as the text that screen readers speak for it.
func (w *Writer) writeCharts() error {
	drawings := w.drawings()
	if len(drawings) == 0 {
		return nil
	}
	if err := w.addSheet(frontmatter.ChartsSheet); err != nil {
		return err
	}
	s, err := w.newSheet(frontmatter.ChartsSheet, 0, chartsColumn)
	if err != nil {
		return err
	}
	if err := w.describeCharts(s, drawings); err != nil {
		return err
	}
	row := s.row + 2
	for _, d := range drawings {
		height := d.height()
		if err := w.file.AddChart(frontmatter.ChartsSheet, "A"+strconv.Itoa(row), d.chart(height)); err != nil {
			return fmt.Errorf("draw %s: %w", d.Title, err)
		}
		row += height/rowPixels + 2
	}
	s.drawing = true
	if err := s.end(); err != nil {
		return err
	}
	for i, d := range drawings {
		chart, err := d.xml()
		if err == nil {
			err = w.archive.put(fmt.Sprintf("xl/charts/chart%d.xml", i+1), chart)
		}
		if err != nil {
			return fmt.Errorf("draw %s: %w", d.Title, err)
		}
	}
	return nil
}

func (w *Writer) describeCharts(s *sheet, drawings []drawing) error {
	count := fmt.Sprintf("This sheet has %d charts and no table.", len(drawings))
	if len(drawings) == 1 {
		count = "This sheet has one chart and no table."
	}
	lines := []table.Line{{Text: count + " The figures are as at " + frontmatter.Moment(w.book.Doc.AsAt) + "."}}
	for _, d := range drawings {
		lines = append(lines, table.Line{Text: d.Title + ": the figures are on the sheet " + d.sheet, Link: "#" + d.sheet}, table.Line{Text: d.Alt})
	}
	if err := s.put(w.book.Doc.Title+": charts", &w.styles.title); err != nil {
		return err
	}
	for _, l := range lines {
		if err := s.line(l, &w.styles.wrapped, &w.styles.wrappedLink); err != nil {
			return err
		}
	}
	return nil
}

func (d drawing) height() int {
	if d.Line {
		return 480
	}
	return chartFrame + barHeight*(d.Last-d.First+1)
}

// chart has excelize make what leads to the chart. What it makes of the chart itself has no values, which viewers that
// do not compute show as nothing, and an order of elements that the schema does not know: [drawing.xml] takes its
// place.
func (d drawing) chart(height int) *excelize.Chart {
	return &excelize.Chart{
		Type:      excelize.Bar,
		Series:    []excelize.ChartSeries{{Values: d.Cells(d.Value)}},
		Format:    excelize.GraphicOptions{AltText: d.Alt, Name: d.Title, Positioning: "oneCell"},
		Dimension: excelize.ChartDimension{Width: chartWidth, Height: uint(height)},
	}
}

//go:embed parts/chart.xml
var chartXML string

var chartTemplate = template.Must(template.New("chart").Funcs(template.FuncMap{
	"text": func(text string) string { return string(appendAttribute(nil, text)) },
}).Parse(chartXML))

// xml is a chart of one colour, with a label on each bar or point: colour says nothing.
func (d drawing) xml() ([]byte, error) {
	var b bytes.Buffer
	err := chartTemplate.Execute(&b, d)
	return b.Bytes(), err
}

// Heading is that of the column that is drawn, Points are the texts of a column in the rows that are.
func (d drawing) Heading() string { return d.summary.Columns[d.Value].Heading() }

func (d drawing) Points(column int) []string {
	var list []string
	for _, row := range d.summary.Rows[d.First : d.Last+1] {
		list = append(list, row[column].String())
	}
	return list
}

// HeadingCell is where the heading of the column that is drawn stands.
func (d drawing) HeadingCell() string { return d.reference(d.Value, d.header, d.header) }

// Cells are those of a column in the rows that are drawn.
func (d drawing) Cells(column int) string {
	first := d.header + 1
	return d.reference(column, first+d.First, first+d.Last)
}

func (d drawing) reference(column, first, last int) string {
	letters, _ := excelize.ColumnNumberToName(column + 1)
	sheet := "'" + strings.ReplaceAll(d.sheet, "'", "''") + "'"
	if first == last {
		return fmt.Sprintf("%s!$%s$%d", sheet, letters, first)
	}
	return fmt.Sprintf("%s!$%s$%d:$%[2]s$%[4]d", sheet, letters, first, last)
}
