package xlsx

import (
	"fmt"

	"github.com/xuri/excelize/v2"

	"cpd-jobs/reports/table"
)

// Fonts and sizes as the Analysis Function's guidance has them: one plain sans-serif, nothing under 12 points.
const (
	font     = "Arial"
	fontSize = 12
	// linkColour is that of GOV.UK links: 5.6 to 1 against white.
	linkColour = "1D70B8"
)

// style is one look of cells. Beside its number it has the XML that stands between a cell's reference and its value,
// which is written millions of times.
type style struct {
	id                                int
	textTag, keptTag, numberTag, bool string // keptTag is of a text whose spaces at either end count
	sharedTag                         string
	// wraps says that text goes on in the next line, height that every row of this style has one; both decide how high a
	// row is.
	wraps  bool
	bold   bool
	height float64
}

// styles are the few looks that a workbook has. Colour is never a signal, and no cell is filled.
type styles struct {
	title, subtitle, heading, numberHeading, text, wrapped, link, wrappedLink, number, decimal, time, day style
}

func newStyles(f *excelize.File) (*styles, error) {
	if err := setDefaultFont(f); err != nil {
		return nil, err
	}
	var s styles
	left := &excelize.Alignment{Vertical: "top", Horizontal: "left"}
	wrap := &excelize.Alignment{Vertical: "top", WrapText: true}
	right := &excelize.Alignment{Vertical: "top", Horizontal: "right", Indent: 1} // clear of the text beside it
	wrapRight := &excelize.Alignment{Vertical: "top", Horizontal: "right", Indent: 1, WrapText: true}
	plain := &excelize.Font{Family: font, Size: fontSize}
	bold := &excelize.Font{Family: font, Size: fontSize, Bold: true}
	link := &excelize.Font{Family: font, Size: fontSize, Color: linkColour, Underline: "single"}
	timeFormat, dayFormat := "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"
	for _, look := range []struct {
		as    *style
		style excelize.Style
	}{
		{&s.title, excelize.Style{Font: &excelize.Font{Family: font, Size: 16, Bold: true}}},
		{&s.subtitle, excelize.Style{Font: &excelize.Font{Family: font, Size: 14, Bold: true}}},
		{&s.heading, excelize.Style{Font: bold, Alignment: wrap}},
		{&s.numberHeading, excelize.Style{Font: bold, Alignment: wrapRight}},
		{&s.text, excelize.Style{Font: plain, Alignment: left}},
		{&s.wrapped, excelize.Style{Font: plain, Alignment: wrap}},
		{&s.link, excelize.Style{Font: link, Alignment: left}},
		{&s.wrappedLink, excelize.Style{Font: link, Alignment: wrap}},
		{&s.number, excelize.Style{Font: plain, Alignment: right, NumFmt: 1}},
		{&s.decimal, excelize.Style{Font: plain, Alignment: right}},
		{&s.time, excelize.Style{Font: plain, Alignment: left, CustomNumFmt: &timeFormat}},
		{&s.day, excelize.Style{Font: plain, Alignment: left, CustomNumFmt: &dayFormat}},
	} {
		id, err := f.NewStyle(&look.style)
		if err != nil {
			return nil, fmt.Errorf("make a style: %w", err)
		}
		*look.as = newStyle(id, look.style)
	}
	s.title.height, s.subtitle.height = titleHeight, subtitleHeight
	nameStyle(f, s.title.id, "Heading 1", 16)
	nameStyle(f, s.subtitle.id, "Heading 2", 17)
	return &s, nil
}

func newStyle(id int, look excelize.Style) style {
	s := fmt.Sprintf(`" s="%d"`, id)
	return style{
		id:        id,
		textTag:   s + ` t="inlineStr"><is><t>`,
		keptTag:   s + ` t="inlineStr"><is><t xml:space="preserve">`,
		numberTag: s + `><v>`,
		sharedTag: s + ` t="s"><v>`,
		bool:      s + ` t="b"><v>`,
		wraps:     look.Alignment != nil && look.Alignment.WrapText,
		bold:      look.Font.Bold,
	}
}

// headingOf stands where the values below it do: numbers to the right, all else to the left.
func (s *styles) headingOf(t table.Type) *style {
	if t == table.Integer || t == table.Decimal {
		return &s.numberHeading
	}
	return &s.heading
}

func setDefaultFont(f *excelize.File) error {
	if err := f.SetDefaultFont(font); err != nil {
		return err
	}
	size := float64(fontSize)
	f.Styles.Fonts.Font[0].Sz.Val = &size
	return nil
}

// nameStyle makes a built-in cell style of the one with the given id, so that screen readers find it as a
// heading. excelize has no call for it, but its model of the styles is open.
func nameStyle(f *excelize.File, id int, name string, builtIn int) {
	s := f.Styles
	xf := s.CellXfs.Xf[id] // a copy
	master := len(s.CellStyleXfs.Xf)
	s.CellXfs.Xf[id].XfID = &master
	xf.XfID = nil
	s.CellStyleXfs.Xf = append(s.CellStyleXfs.Xf, xf)
	s.CellStyleXfs.Count = len(s.CellStyleXfs.Xf)
	named := *s.CellStyles.CellStyle[0]
	named.Name, named.XfID, named.BuiltInID, named.CustomBuiltIn = name, master, &builtIn, nil
	s.CellStyles.CellStyle = append(s.CellStyles.CellStyle, &named)
	s.CellStyles.Count = len(s.CellStyles.CellStyle)
}
