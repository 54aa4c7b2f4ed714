package lint

import (
	"strconv"
	"strings"

	"cpd-jobs/reports/xmlscan"
)

// odsStyle is a style, with what it does not say itself left to its parent.
type odsStyle struct {
	name, parent string
	look         look
	set          struct{ colour, fill, wrap, size, font, align, bold bool }
	width        float64 // of a column, in digits
	hidden       bool    // of a sheet
}

// odsStyles are those of a file by name: those of cells, columns, sheets and texts, whose names differ in practice.
type odsStyles map[string]odsStyle

// readStyles reads the named styles, and headers and footers.
func (o *ods) readStyles(t *xmlscan.Scanner) error {
	return t.Each(func() error {
		switch string(t.Name) {
		case "style", "default-style":
			return o.styles.read(t)
		case "header", "footer", "header-left", "footer-left":
			return o.readPrinted(t)
		}
		return nil
	})
}

// readPrinted reads a header or footer, which may be there and not be shown.
func (o *ods) readPrinted(t *xmlscan.Scanner) error {
	shown := string(t.Attr("display")) != "false"
	return t.Inside(func() error {
		if t.Kind == xmlscan.Text && shown {
			o.printed += strings.TrimSpace(string(t.Text))
		}
		return nil
	})
}

// read reads one style.
func (all odsStyles) read(t *xmlscan.Scanner) error {
	s := odsStyle{name: t.String("display-name"), parent: t.String("parent-style-name")}
	name := t.String("name")
	if s.name == "" {
		s.name = name
	}
	if t.Is("default-style") {
		name = defaultStyle + t.String("family")
	}
	err := t.Inside(func() error {
		if t.Kind <= xmlscan.Empty {
			s.property(t)
		}
		return nil
	})
	all[name] = s
	return err
}

// defaultStyle and a family is where the style is that others of the family begin from.
const defaultStyle = "default of "

func (s *odsStyle) property(t *xmlscan.Scanner) {
	switch string(t.Name) {
	case "text-properties":
		s.textProperties(t)
	case "table-cell-properties":
		if fill := t.String("background-color"); fill != "" {
			s.set.fill = true
			s.look.fill, s.look.filled = parseRGB(fill)
			if !s.look.filled {
				s.look.fill = white
			}
			s.look.filled = s.look.filled && s.look.fill != white
		}
		if wrap := t.Attr("wrap-option"); wrap != nil {
			s.set.wrap, s.look.wrap = true, string(wrap) == "wrap"
		}
	case "paragraph-properties":
		if align := t.String("text-align"); align != "" {
			s.set.align, s.look.align = true, strings.NewReplacer("start", "left", "end", "right").Replace(align)
		}
	case "table-column-properties":
		s.width = length(t.String("column-width")) / digitWidth
	case "table-properties":
		s.hidden = string(t.Attr("display")) == "false"
	}
}

func (s *odsStyle) textProperties(t *xmlscan.Scanner) {
	if c, ok := parseRGB(t.String("color")); ok {
		s.set.colour, s.look.colour = true, c
	}
	if size := t.String("font-size"); strings.HasSuffix(size, "pt") {
		s.set.size, s.look.size = true, length(size)
	}
	font := t.String("font-name")
	if font == "" {
		font = strings.Trim(t.String("font-family"), "'")
	}
	if font != "" {
		s.set.font, s.look.font = true, font
	}
	if weight := t.Attr("font-weight"); weight != nil {
		s.set.bold, s.look.bold = true, string(weight) == "bold"
	}
	s.look.superscript = strings.HasPrefix(t.String("text-position"), "super")
}

// digitWidth is about that of a digit of the font, in points.
const digitWidth = 6.67

// length is in points.
func length(text string) float64 {
	for unit, points := range map[string]float64{"pt": 1, "in": 72, "cm": 28.3465, "mm": 2.83465, "px": 0.75} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			n, _ := strconv.ParseFloat(number, 64)
			return n * points
		}
	}
	return 0
}

// of is the look of cells of a style: its own, and what it has from its ancestors.
func (all odsStyles) of(name string) look {
	var l look
	l.colour, l.fill = black, white
	var set odsStyle
	for range 20 { // a style could be its own ancestor
		s, ok := all[name]
		if !ok {
			break
		}
		l.heading = l.heading || headingName(s.name)
		l.superscript = l.superscript || s.look.superscript
		set.inherit(&l, s)
		if name = s.parent; name == "" {
			name = defaultStyle + "table-cell"
		}
	}
	return l
}

// inherit takes what is not set yet.
func (s *odsStyle) inherit(l *look, from odsStyle) {
	take := func(is *bool, has bool, do func()) {
		if has && !*is {
			*is = true
			do()
		}
	}
	take(&s.set.colour, from.set.colour, func() { l.colour = from.look.colour })
	take(&s.set.fill, from.set.fill, func() { l.fill, l.filled = from.look.fill, from.look.filled })
	take(&s.set.wrap, from.set.wrap, func() { l.wrap = from.look.wrap })
	take(&s.set.size, from.set.size, func() { l.size = from.look.size })
	take(&s.set.font, from.set.font, func() { l.font = from.look.font })
	take(&s.set.align, from.set.align, func() { l.align = from.look.align })
	take(&s.set.bold, from.set.bold, func() { l.bold = from.look.bold })
}
