package xlsx

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

const (
	chartsColumn = 105 // the width of the column that describes the charts: as wide as they are, and as a printed page
	chartWidth   = 960 // in pixels
	barHeight    = 34
	chartFrame   = 120      // title and axis
	rowPixels    = 21       // of a row of lineHeight
	chartColour  = "12436D" // the Analysis Function's dark blue: 10.4 to 1 against white
)

// drawing is a chart and where the table is that it is drawn from.
type drawing struct {
	table.Chart
	sheet  string
	header int // the row of its headings
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
			list = append(list, drawing{Chart: c, sheet: sheet.Name, header: 1 + len(sheet.Lines) + 1})
		}
	}
	return list
}

// writeCharts puts the charts on a sheet of their own, the last: the one departure from the checklist. What each shows also
// stands in words above them, and as the text that screen readers speak for it.
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
	return s.end()
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

// chart is of one colour, with a label on each bar: colour says nothing.
func (d drawing) chart(height int) *excelize.Chart {
	kind := excelize.Bar // lying, so that long names have room
	if d.Line {
		kind = excelize.Line
	}
	fonts := excelize.Font{Family: font, Size: fontSize, Color: "000000"}
	fill := excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{chartColour}}
	gap := uint(40)
	one := false
	return &excelize.Chart{
		Type: kind,
		Series: []excelize.ChartSeries{{
			Name: d.reference(d.Value, d.header, d.header), Categories: d.cells(d.Label), Values: d.cells(d.Value),
			Fill: fill, DataLabel: excelize.ChartDataLabel{Font: fonts}, Line: excelize.LineOptions{Width: 2, Fill: fill},
		}},
		Format:     excelize.GraphicOptions{AltText: d.Alt, Name: d.Title, Positioning: "oneCell"},
		Dimension:  excelize.ChartDimension{Width: chartWidth, Height: uint(height)},
		Legend:     excelize.ChartLegend{Position: "none"},
		Title:      excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: d.Title, Font: &excelize.Font{Family: font, Size: 14, Bold: true, Color: "000000"}}}},
		VaryColors: &one,
		GapWidth:   &gap,
		XAxis:      excelize.ChartAxis{Font: fonts, ReverseOrder: !d.Line},
		YAxis:      excelize.ChartAxis{Font: fonts, NumFmt: excelize.ChartNumFmt{CustomNumFmt: "#,##0"}},
		PlotArea:   excelize.ChartPlotArea{ShowVal: true, NumFmt: excelize.ChartNumFmt{CustomNumFmt: "#,##0"}},
	}
}

// cells are those of a column in the rows that are drawn.
func (d drawing) cells(column int) string {
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
