package lint

import (
	"archive/zip"
	"strings"
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
	if err := stream(z, "content.xml", func(t *tokens) error { return o.survey(t, b) }); err != nil {
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
func (o *ods) survey(t *tokens, b *workbook) error {
	for {
		if err := t.next(); err != nil {
			return err
		}
		if t.kind == endTag || t.kind == textPiece {
			continue
		}
		switch string(t.name) {
		case "style":
			if err := o.styles.read(t); err != nil {
				return err
			}
		case "table":
			b.sheets = append(b.sheets, &sheet{name: t.str("name"), hidden: o.styles[t.str("style-name")].hidden})
			if err := skipRows(t); err != nil {
				return err
			}
		case "database-range":
			o.addArea(t)
		}
	}
}

// skipRows goes to the end of a sheet. Tables may hold tables.
func skipRows(t *tokens) error {
	for depth := 1; depth > 0 && t.kind != emptyTag; {
		if err := t.next(); err != nil {
			return err
		}
		if t.kind != textPiece && t.is("table") {
			switch t.kind {
			case startTag:
				depth++
			case endTag:
				depth--
			}
		}
	}
	return nil
}

func (o *ods) addArea(t *tokens) {
	first, last, found := strings.Cut(t.str("target-range-address"), ":")
	sheet, from := splitAddress(first)
	if !found {
		last = first
	}
	_, to := splitAddress(last)
	a := area{name: t.str("name"), headers: 1, filters: truth(t.attr("display-filter-buttons"))}
	if string(t.attr("contains-header")) == "false" {
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
