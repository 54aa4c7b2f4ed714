package lint

import (
	"archive/zip"
	"strings"

	"cpd-jobs/reports/xmlscan"
)

// styleSheet is the part of a workbook that says how cells look.
type styleSheet struct {
	Fonts []struct {
		Name   value     `xml:"name"`
		Size   *number   `xml:"sz"`
		Bold   *flag     `xml:"b"`
		Colour *xlColour `xml:"color"`
		Align  value     `xml:"vertAlign"`
	} `xml:"fonts>font"`
	Fills []struct {
		Pattern struct {
			Type   string    `xml:"patternType,attr"`
			Colour *xlColour `xml:"fgColor"`
		} `xml:"patternFill"`
		Gradient *struct{} `xml:"gradientFill"`
	} `xml:"fills>fill"`
	Borders []struct{}  `xml:"borders>border"`
	Masters []cellLook  `xml:"cellStyleXfs>xf"`
	Looks   []cellLook  `xml:"cellXfs>xf"`
	Named   []namedLook `xml:"cellStyles>cellStyle"`
	Indexed []struct {
		RGB string `xml:"rgb,attr"`
	} `xml:"colors>indexedColors>rgbColor"`
}

type (
	value struct {
		Val string `xml:"val,attr"`
	}
	number struct {
		Val float64 `xml:"val,attr"`
	}
	flag struct {
		Val string `xml:"val,attr"`
	}
	xlColour struct {
		RGB     string  `xml:"rgb,attr"`
		Theme   *int    `xml:"theme,attr"`
		Indexed *int    `xml:"indexed,attr"`
		Tint    float64 `xml:"tint,attr"`
	}
	cellLook struct {
		Font   int `xml:"fontId,attr"`
		Fill   int `xml:"fillId,attr"`
		Border int `xml:"borderId,attr"`
		Master int `xml:"xfId,attr"`
		Align  struct {
			Wrap       string `xml:"wrapText,attr"`
			Horizontal string `xml:"horizontal,attr"`
		} `xml:"alignment"`
	}
	namedLook struct {
		Name    string `xml:"name,attr"`
		Master  int    `xml:"xfId,attr"`
		BuiltIn *int   `xml:"builtinId,attr"`
	}
)

// Numbers of the built-in styles.
const (
	builtInTitle    = 15
	builtInHeading1 = 16
)

// heading says that a style makes a heading of a cell.
func (n namedLook) heading() bool {
	if n.BuiltIn != nil {
		return *n.BuiltIn == builtInTitle || *n.BuiltIn == builtInHeading1
	}
	return headingName(n.Name)
}

// headingName is true of the names that programs have for the style of a sheet's title.
func headingName(name string) bool {
	name = strings.TrimPrefix(name, "Excel Built-in ") // LibreOffice's, of what came from Excel
	return name == "Heading 1" || name == "Heading" || name == "Title"
}

// xlsxLooks are the looks of cells by number.
func xlsxLooks(z *zip.Reader, part, theme string, s *styleSheet) ([]look, error) {
	if err := decode(z, part, s); err != nil {
		return nil, err
	}
	p, err := readPalette(z, theme)
	if err != nil {
		return nil, err
	}
	for _, c := range s.Indexed {
		p.indexed = append(p.indexed, c.RGB)
	}
	headings := map[int]bool{}
	for _, n := range s.Named {
		headings[n.Master] = headings[n.Master] || n.heading()
	}
	looks := make([]look, len(s.Looks))
	for i, xf := range s.Looks {
		looks[i] = look{heading: headings[xf.Master], wrap: xf.Align.Wrap == "1" || xf.Align.Wrap == "true", align: xf.Align.Horizontal, colour: black, fill: white}
		s.setFont(&looks[i], xf.Font, p)
		s.setFill(&looks[i], xf.Fill, p)
	}
	return looks, nil
}

func (s *styleSheet) setFont(l *look, id int, p palette) {
	if id < 0 || id >= len(s.Fonts) {
		return
	}
	f := s.Fonts[id]
	l.font, l.superscript = f.Name.Val, f.Align.Val == "superscript"
	l.bold = f.Bold != nil && f.Bold.Val != "0" && f.Bold.Val != "false"
	if f.Size != nil {
		l.size = f.Size.Val
	}
	if c, ok := p.resolve(f.Colour); ok {
		l.colour = c
	}
}

func (s *styleSheet) setFill(l *look, id int, p palette) {
	if id < 0 || id >= len(s.Fills) {
		return
	}
	f := s.Fills[id]
	if l.filled = f.Gradient != nil; l.filled || f.Pattern.Type == "" || f.Pattern.Type == "none" || f.Pattern.Type == "gray125" && id < 2 {
		return // of a gradient no contrast can be told
	}
	c, ok := p.resolve(f.Pattern.Colour)
	if !ok {
		c = black
	}
	l.fill, l.filled = c, c != white
}

// palette has the colours that others are given by.
type palette struct {
	theme   []rgb
	indexed []string
}

// legacy are the first colours of the old palette, which are there twice.
var legacy = []string{"000000", "FFFFFF", "FF0000", "00FF00", "0000FF", "FFFF00", "FF00FF", "00FFFF"}

// firstTheme is the order in which colours refer to those of a theme: light before dark.
var firstTheme = []string{"lt1", "dk1", "lt2", "dk2", "accent1", "accent2", "accent3", "accent4", "accent5", "accent6", "hlink", "folHlink"}

func readPalette(z *zip.Reader, part string) (palette, error) {
	p := palette{}
	if part == "" {
		return p, nil
	}
	named := map[string]rgb{}
	err := stream(z, part, func(t *xmlscan.Scanner) error {
		name := ""
		return t.Each(func() error {
			attribute := map[string]string{"srgbClr": "val", "sysClr": "lastClr"}[string(t.Name)]
			if attribute == "" {
				name = string(t.Name)
			} else if _, again := named[name]; !again {
				named[name], _ = parseRGB(t.String(attribute))
			}
			return nil
		})
	})
	for _, name := range firstTheme {
		p.theme = append(p.theme, named[name])
	}
	return p, err
}

func (p palette) resolve(c *xlColour) (rgb, bool) {
	switch {
	case c == nil:
		return rgb{}, false
	case c.Theme != nil && *c.Theme >= 0 && *c.Theme < len(p.theme):
		return p.theme[*c.Theme].tint(c.Tint), true
	case c.RGB != "":
		found, ok := parseRGB(strings.ToUpper(c.RGB))
		return found.tint(c.Tint), ok
	case c.Indexed != nil && *c.Indexed >= 0 && *c.Indexed < len(p.indexed):
		return parseRGB(p.indexed[*c.Indexed])
	case c.Indexed != nil && *c.Indexed >= 0 && *c.Indexed < 16:
		return parseRGB(legacy[*c.Indexed%8])
	}
	return rgb{}, false
}
