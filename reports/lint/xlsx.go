package lint

import (
	"archive/zip"
	"errors"
	"path"
	"strings"

	"cpd-jobs/reports/xmlscan"
)

// xlsx reads the parts of an Excel workbook.
type xlsx struct {
	zip    *zip.Reader
	book   *workbook
	looks  []look
	styled bool // it has a part of styles
	shared []sharedText
	parts  map[*sheet]string
}

func openXLSX(z *zip.Reader) (*workbook, error) {
	x := &xlsx{zip: z, parts: map[*sheet]string{}}
	top, err := relations(z, "")
	if err != nil {
		return nil, err
	}
	b := &workbook{walk: x.walk}
	x.book = b
	b.checkParts(z)
	workbook := ""
	for _, r := range top {
		switch {
		case r.is("officeDocument"):
			workbook = r.Target
		case r.is("core-properties"):
			if err := x.properties(b, r.Target); err != nil {
				continue // which checkParts has found
			}
		}
	}
	if workbook == "" {
		return nil, errors.New("the archive has no workbook")
	}
	for _, f := range z.File {
		base := path.Base(f.Name)
		b.macros = b.macros || base == "vbaProject.bin" || strings.Contains(f.Name, "/macrosheets/")
		if strings.Contains(f.Name, "/media/") {
			b.images++
		}
	}
	return b, x.workbook(b, workbook)
}

func (x *xlsx) properties(b *workbook, part string) error {
	var core struct {
		Title    string `xml:"title"`
		Creator  string `xml:"creator"`
		Subject  string `xml:"subject"`
		Language string `xml:"language"`
	}
	err := decode(x.zip, part, &core)
	b.title, b.author, b.subject, b.language = core.Title, core.Creator, core.Subject, core.Language
	return err
}

func (x *xlsx) workbook(b *workbook, part string) error {
	var workbook struct {
		Settings struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Names []definedName `xml:"definedNames>definedName"`
		Views []struct {
			Active int `xml:"activeTab,attr"`
		} `xml:"bookViews>workbookView"`
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			ID    string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := decode(x.zip, part, &workbook); err != nil {
		return err
	}
	related, err := relations(x.zip, part)
	if err != nil {
		return err
	}
	targets := map[string]string{}
	var styles, theme string
	for _, r := range related {
		targets[r.ID] = r.Target
		switch {
		case r.is("styles"):
			styles = r.Target
		case r.is("theme"):
			theme = r.Target
		case r.is("sharedStrings"):
			if err := x.sharedTexts(r.Target); err != nil {
				return err
			}
		}
	}
	if len(workbook.Views) > 0 {
		b.active = workbook.Views[0].Active
	}
	for _, s := range workbook.Sheets {
		found := &sheet{name: s.Name, hidden: s.State != "" && s.State != "visible"}
		if x.parts[found] = targets[s.ID]; x.parts[found] == "" {
			b.damaged(s.Name, "", "the workbook does not say where its sheet %s is", s.Name)
			continue
		}
		b.sheets = append(b.sheets, found)
	}
	b.date1904 = workbook.Settings.Date1904 == "1" || workbook.Settings.Date1904 == "true"
	b.checkSheetNames()
	b.checkDefinedNames(workbook.Names)
	var known styleSheet
	if x.looks, err = xlsxLooks(x.zip, styles, theme, &known); err != nil {
		return nil // which checkParts has found
	}
	x.styled = styles != ""
	b.checkStyles(&known)
	return nil
}

// walk reads sheet by sheet: first what the sheet refers to, then its rows.
func (x *xlsx) walk(v visitor, b *workbook) error {
	for _, s := range b.sheets {
		part := x.parts[s]
		outside := targets{sound: map[string]struct{}{}, unsound: map[string]string{}, inside: map[string]string{}}
		err := eachRelation(x.zip, part, func(r relation) error {
			if r.Mode == "External" {
				outside.note(r)
				return nil
			}
			outside.inside[r.ID] = path.Base(r.Type)
			return x.refer(s, r)
		})
		if err != nil {
			return err
		}
		v.begin(s)
		if path.Base(path.Dir(part)) != "worksheets" { // a sheet that is one chart
			s.charts = append(s.charts, chart{name: s.name})
		} else if err := x.sheet(s, part, outside, v); err != nil {
			return err
		}
		v.end(s)
	}
	b.checkTables()
	return nil
}

// targets are where links of a sheet lead, by their names. Of a proper address, of which there may be tens of
// thousands, it is enough to know that it is one.
type targets struct {
	inside  map[string]string // parts of the workbook: their kinds
	sound   map[string]struct{}
	unsound map[string]string
}

func (o targets) note(r relation) {
	if linkProblem(r.Target) == "" {
		o.sound[r.ID] = struct{}{}
	} else {
		o.unsound[r.ID] = r.Target
	}
}

// add adds a link to a sheet. One whose name nothing explains leads nowhere.
func (o targets) add(s *sheet, l link, id []byte) {
	if _, sound := o.sound[string(id)]; sound && l.inside == "" {
		s.addSound(l.cell)
		return
	}
	l.outside = o.unsound[string(id)]
	s.addLink(l)
}

// has says that a relation has this name.
func (o targets) has(id []byte) bool {
	_, sound := o.sound[string(id)]
	_, unsound := o.unsound[string(id)]
	return sound || unsound || o.inside[string(id)] != ""
}

// refer adds what a sheet refers to.
func (x *xlsx) refer(s *sheet, r relation) error {
	switch {
	case r.is("table"):
		if err := x.table(s, r.Target); err != nil {
			x.book.damaged(s.name, "", "%v", err)
		}
	case r.is("drawing"):
		return x.drawing(s, r.Target)
	case r.is("comments"), r.is("threadedComment"):
		s.boxes = append(s.boxes, "comments")
	case r.is("oleObject"), r.is("control"), r.is("ctrlProp"):
		s.boxes = append(s.boxes, "an embedded object")
	case r.is("image"):
		s.images++
	}
	return nil
}

func (x *xlsx) table(s *sheet, part string) error {
	var t struct {
		Name    string    `xml:"displayName,attr"`
		Ref     string    `xml:"ref,attr"`
		Headers *int      `xml:"headerRowCount,attr"`
		Filter  *struct{} `xml:"autoFilter"`
		ID      int       `xml:"id,attr"`
		Columns []struct {
			Name string `xml:"name,attr"`
		} `xml:"tableColumns>tableColumn"`
	}
	if err := decode(x.zip, part, &t); err != nil {
		return err
	}
	a := area{name: t.Name, id: t.ID, headers: 1, filters: t.Filter != nil}
	for _, c := range t.Columns {
		a.columns = append(a.columns, c.Name)
	}
	if t.Headers != nil {
		a.headers = *t.Headers
	}
	if a.left, a.top, a.right, a.bottom = parseArea(t.Ref); a.top == 0 || a.bottom < a.top || a.right < a.left {
		x.book.damaged(s.name, "", "the table %s stands at %q, which is no place", t.Name, t.Ref)
		return nil
	}
	s.tables = append(s.tables, a)
	return nil
}

func (x *xlsx) drawing(s *sheet, part string) error {
	return stream(x.zip, part, func(t *xmlscan.Scanner) error {
		kind := ""
		return t.Each(func() error {
			switch {
			case t.Is("pic"), t.Is("sp"), t.Is("cxnSp"), t.Is("graphicFrame"):
				kind = string(t.Name)
			case t.Is("cNvPr") && kind != "":
				s.draw(kind, t.String("name"), t.String("descr"))
				kind = ""
			}
			return nil
		})
	})
}

// draw adds something that floats over the cells.
func (s *sheet) draw(kind, name, alt string) {
	switch kind {
	case "pic":
		s.images++
	case "graphicFrame":
		s.charts = append(s.charts, chart{name, alt})
	default:
		s.boxes = append(s.boxes, "the floating shape "+name)
	}
}
