package lint

import (
	"archive/zip"
	"strings"

	"cpd-jobs/reports/xmlscan"
)

// ods reads the parts of an OpenDocument spreadsheet.
type ods struct {
	zip     *zip.Reader
	styles  odsStyles
	areas   map[string][]area // by sheet
	cursors map[string]string // by sheet
	active  string
	printed string
}

func openODS(z *zip.Reader) (*workbook, error) {
	o := &ods{zip: z, styles: odsStyles{}, areas: map[string][]area{}, cursors: map[string]string{}}
	b := &workbook{walk: o.walk}
	var meta struct {
		Title    string `xml:"meta>title"`
		Subject  string `xml:"meta>subject"`
		Creator  string `xml:"meta>creator"`
		Initial  string `xml:"meta>initial-creator"`
		Language string `xml:"meta>language"`
	}
	if err := decode(z, "meta.xml", &meta); err != nil {
		return nil, err
	}
	b.title, b.subject, b.author, b.language = meta.Title, meta.Subject, meta.Creator, meta.Language
	if b.author == "" {
		b.author = meta.Initial
	}
	if err := o.settings(); err != nil {
		return nil, err
	}
	for _, f := range z.File {
		b.macros = b.macros || strings.HasPrefix(f.Name, "Basic/") || strings.HasPrefix(f.Name, "Scripts/")
		if strings.HasPrefix(f.Name, "Pictures/") {
			b.images++
		}
		if f.Name == "styles.xml" {
			if err := stream(z, f.Name, o.readStyles); err != nil {
				return nil, err
			}
		}
	}
	if err := stream(z, "content.xml", func(t *xmlscan.Scanner) error { return o.survey(t, b) }); err != nil {
		return nil, err
	}
	for i, s := range b.sheets {
		s.tables, s.cursor, s.printed = o.areas[s.name], o.cursors[s.name], o.printed
		if s.name == o.active {
			b.active = i
		}
	}
	return b, nil
}

// settings say where the cursor is.
func (o *ods) settings() error {
	type item struct {
		Name string `xml:"name,attr"`
		Text string `xml:",chardata"`
	}
	var all struct {
		Views []struct {
			Items  []item `xml:"config-item"`
			Tables []struct {
				Name    string `xml:"name,attr"`
				Entries []struct {
					Name  string `xml:"name,attr"`
					Items []item `xml:"config-item"`
				} `xml:"config-item-map-entry"`
			} `xml:"config-item-map-named"`
		} `xml:"settings>config-item-set>config-item-map-indexed>config-item-map-entry"`
	}
	if err := decode(o.zip, "settings.xml", &all); err != nil {
		return err
	}
	for _, view := range all.Views {
		for _, i := range view.Items {
			if i.Name == "ActiveTable" {
				o.active = i.Text
			}
		}
		for _, tables := range view.Tables {
			for _, t := range tables.Entries {
				at := map[string]string{"CursorPositionX": "0", "CursorPositionY": "0", "HorizontalSplitMode": "0", "VerticalSplitMode": "0"}
				for _, i := range t.Items {
					at[i.Name] = i.Text
				}
				o.cursors[t.Name] = odsCursor(at)
			}
		}
	}
	return nil
}

// frozenMark stands behind the cursor of a sheet with panes that stay in view.
const frozenMark = " frozen"

func odsCursor(at map[string]string) string {
	const frozen = "2"
	cursor := cellName(atoi(at["CursorPositionX"]), atoi(at["CursorPositionY"])+1)
	if at["HorizontalSplitMode"] == frozen || at["VerticalSplitMode"] == frozen {
		cursor += frozenMark
	}
	return cursor
}

// survey finds what stands behind the rows and must be known before them: styles, and where the tables are.
func (o *ods) survey(t *xmlscan.Scanner, b *workbook) error {
	return t.Each(func() error {
		switch string(t.Name) {
		case "style":
			return o.styles.read(t)
		case "table":
			b.sheets = append(b.sheets, &sheet{name: t.String("name"), hidden: o.styles[t.String("style-name")].hidden})
			return skipRows(t)
		case "database-range":
			o.addArea(t)
		}
		return nil
	})
}

// skipRows goes to the end of a sheet. Tables may hold tables.
func skipRows(t *xmlscan.Scanner) error {
	for depth := 1; depth > 0 && t.Kind != xmlscan.Empty; {
		if err := t.Next(); err != nil {
			return err
		}
		if t.Kind != xmlscan.Text && t.Is("table") {
			switch t.Kind {
			case xmlscan.Start:
				depth++
			case xmlscan.End:
				depth--
			}
		}
	}
	return nil
}

func (o *ods) addArea(t *xmlscan.Scanner) {
	first, last, found := strings.Cut(t.String("target-range-address"), ":")
	sheet, from := splitAddress(first)
	if !found {
		last = first
	}
	_, to := splitAddress(last)
	a := area{name: t.String("name"), headers: 1, filters: t.True("display-filter-buttons")}
	if string(t.Attr("contains-header")) == "false" {
		a.headers = 0
	}
	a.left, a.top = parseCell(from)
	a.right, a.bottom = parseCell(to)
	if a.top > 0 && a.bottom >= a.top && a.right >= a.left {
		o.areas[sheet] = append(o.areas[sheet], a)
	}
}

// splitAddress takes $'A sheet'.$B$7 apart.
func splitAddress(text string) (sheet, cell string) {
	at := strings.LastIndexByte(text, '.')
	if at < 0 {
		return "", text
	}
	sheet = strings.TrimPrefix(text[:at], "$")
	if inner, ok := strings.CutPrefix(sheet, "'"); ok {
		sheet = strings.ReplaceAll(strings.TrimSuffix(inner, "'"), "''", "'")
	}
	return sheet, text[at+1:]
}
