package lint

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Excel repairs a workbook whose parts do not fit each other, or refuses it, where other programs are patient. This
// file looks at the parts of a workbook; what is wrong in the cells of a sheet is found where they are read.

// damage is something that Excel would repair.
type damage struct{ sheet, cell, text string }

// maxDamage is how much is kept: more says no more.
const maxDamage = 1000

func (b *workbook) damaged(sheet, cell, format string, args ...any) {
	if len(b.damage) < maxDamage {
		b.damage = append(b.damage, damage{sheet, cell, fmt.Sprintf(format, args...)})
	}
}

// contentTypes is the list of what each part is.
type contentTypes struct {
	Defaults []struct {
		Extension string `xml:"Extension,attr"`
		Type      string `xml:"ContentType,attr"`
	} `xml:"Default"`
	Overrides []struct {
		Part string `xml:"PartName,attr"`
		Type string `xml:"ContentType,attr"`
	} `xml:"Override"`
}

func (c *contentTypes) of(part string) string {
	for _, o := range c.Overrides {
		if strings.EqualFold(o.Part, "/"+part) {
			return o.Type
		}
	}
	for _, d := range c.Defaults {
		if strings.EqualFold("."+d.Extension, path.Ext(part)) {
			return d.Type
		}
	}
	return ""
}

// typeOf is what the type of a part ends in to which a relation of some kind leads.
var typeOf = map[string]string{
	"worksheet": "worksheet+xml", "table": "table+xml", "styles": "styles+xml", "sharedStrings": "sharedStrings+xml",
	"drawing": "drawing+xml", "chart": "chart+xml", "theme": "theme+xml", "core-properties": "core-properties+xml",
}

// checkParts compares the parts of a workbook with what is said of them.
func (b *workbook) checkParts(z *zip.Reader) {
	var types contentTypes
	if err := decode(z, "[Content_Types].xml", &types); err != nil {
		b.damaged("", "", "%v", err)
	}
	parts := map[string]bool{}
	for _, f := range z.File {
		name := strings.ToLower(f.Name)
		if strings.HasSuffix(name, "/") {
			continue
		}
		if parts[name] {
			b.damaged("", "", "the archive has two parts called %s", f.Name)
		}
		parts[name] = true
		if f.Name != "[Content_Types].xml" && types.of(f.Name) == "" {
			b.damaged("", "", "no content type is given for %s", f.Name)
		}
		if ext := path.Ext(name); ext == ".xml" && !strings.Contains(name, "/worksheets/sheet") || ext == ".rels" {
			if err := wellFormed(f); err != nil {
				b.damaged("", "", "%s is not well-formed: %v", f.Name, err)
			}
		}
	}
	for _, o := range types.Overrides {
		if !parts[strings.ToLower(strings.TrimPrefix(o.Part, "/"))] {
			b.damaged("", "", "a content type is given for %s, which is missing", o.Part)
		}
	}
	for _, f := range z.File {
		dir, name := path.Split(f.Name)
		name, isRelations := strings.CutSuffix(name, ".rels")
		if !isRelations || path.Base(dir) != "_rels" {
			continue
		}
		part := path.Join(path.Dir(path.Clean(dir)), name)
		if name == "" {
			part = ""
		}
		if part != "" && !parts[strings.ToLower(part)] {
			b.damaged("", "", "%s has relations and is missing", part)
		}
		if err := b.checkRelations(z, part, parts, &types); err != nil {
			b.damaged("", "", "%v", err)
		}
	}
}

// wellFormed reads a small part to its end.
func wellFormed(f *zip.File) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	for d := xml.NewDecoder(io.LimitReader(in, maxPart)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (b *workbook) checkRelations(z *zip.Reader, part string, parts map[string]bool, types *contentTypes) error {
	ids := map[string]bool{}
	return eachRelation(z, part, func(r relation) error {
		if ids[r.ID] {
			b.damaged("", "", "two relations of %s are called %s", part, r.ID)
		}
		if len(ids) < 2*maxDamage { // a sheet has one for each of its links
			ids[r.ID] = true
		}
		if r.Mode == "External" || strings.HasPrefix(r.Target, "#") {
			return nil
		}
		target, _, _ := strings.Cut(r.Target, "#")
		if plain, err := url.PathUnescape(target); err == nil {
			target = plain
		}
		if !parts[strings.ToLower(target)] {
			b.damaged("", "", "a relation of %s leads to %s, which is missing", part, target)
			return nil
		}
		if want := typeOf[path.Base(r.Type)]; want != "" && !strings.HasSuffix(types.of(target), want) {
			b.damaged("", "", "%s has the content type %q, not one of a %s", target, types.of(target), path.Base(r.Type))
		}
		return nil
	})
}

// definedName is a name of the workbook, or of one sheet.
type definedName struct {
	Name  string `xml:"name,attr"`
	Sheet *int   `xml:"localSheetId,attr"`
	Value string `xml:",chardata"`
}

var (
	legalName = regexp.MustCompile(`^[\pL_\\][\pL\pN_.\\?]*$`)
	cellLike  = regexp.MustCompile(`(?i)^([a-z]{1,3}[0-9]+|r[0-9]*c[0-9]*|r|c)$`)
)

// badName says what is wrong with the name of a table or of a range, "" for nothing.
func badName(name string) string {
	switch {
	case !legalName.MatchString(name):
		return "has characters that names cannot have"
	case cellLike.MatchString(name):
		return "could be a cell"
	case len(utf16.Encode([]rune(name))) > 255:
		return "has more than 255 characters"
	}
	return ""
}

// checkDefinedNames looks at names, and at where they lead.
func (b *workbook) checkDefinedNames(names []definedName) {
	seen := map[string]bool{}
	for _, n := range names {
		key := strings.ToLower(n.Name)
		if n.Sheet != nil {
			key += "!" + strconv.Itoa(*n.Sheet)
			if *n.Sheet < 0 || *n.Sheet >= len(b.sheets) {
				b.damaged("", "", "the defined name %s belongs to sheet %d, which is missing", n.Name, *n.Sheet)
			}
		}
		if seen[key] {
			b.damaged("", "", "two defined names are %s", n.Name)
		}
		seen[key] = true
		if problem := badName(n.Name); problem != "" && !strings.HasPrefix(n.Name, "_xlnm.") {
			b.damaged("", "", "the defined name %q %s", n.Name, problem)
		}
		if builtIn := strings.HasPrefix(n.Name, "_xlnm."); !builtIn && strings.Contains(n.Value, "#REF!") {
			b.references = append(b.references, damage{"", "", fmt.Sprintf("the defined name %s leads to %s", n.Name, n.Value)})
			continue
		}
		if sheet, ok := targetSheet(n.Value); ok && strings.HasPrefix(n.Value, "'") && !b.hasSheet(sheet) && !strings.Contains(sheet, "[") {
			b.damaged("", "", "the defined name %s leads to a sheet %s, which is missing", n.Name, sheet)
		}
	}
}

func (b *workbook) hasSheet(name string) bool {
	return slices.ContainsFunc(b.sheets, func(s *sheet) bool { return strings.EqualFold(s.name, name) })
}

// checkSheetNames looks for what no sheet can be called.
func (b *workbook) checkSheetNames() {
	visible := false
	for _, s := range b.sheets {
		visible = visible || !s.hidden
		switch {
		case s.name == "" || len(utf16.Encode([]rune(s.name))) > 31:
			b.damaged(s.name, "", "the sheet's name has %d characters, not 1 to 31", len([]rune(s.name)))
		case strings.ContainsAny(s.name, `[]:*?/\`) || strings.Trim(s.name, "'") != s.name:
			b.damaged(s.name, "", "the sheet's name has characters that names of sheets cannot have")
		}
	}
	if !visible {
		b.damaged("", "", "every sheet is hidden")
	}
	if b.active < 0 || b.active >= len(b.sheets) {
		b.damaged("", "", "the file opens at sheet %d of %d", b.active+1, len(b.sheets))
	}
}

// checkTables looks at the tables of all sheets together.
func (b *workbook) checkTables() {
	names, ids := map[string]bool{}, map[int]bool{}
	for _, s := range b.sheets {
		for i, t := range s.tables {
			at := cellName(t.left, t.top)
			if problem := badName(t.name); problem != "" {
				b.damaged(s.name, at, "the table's name %q %s", t.name, problem)
			}
			if names[strings.ToLower(t.name)] {
				b.damaged(s.name, at, "two tables are called %s", t.name)
			}
			names[strings.ToLower(t.name)] = true
			if ids[t.id] {
				b.damaged(s.name, at, "two tables have the number %d", t.id)
			}
			ids[t.id] = true
			if n := t.right - t.left + 1; len(t.columns) != n {
				b.damaged(s.name, at, "the table has %d columns and names %d", n, len(t.columns))
			}
			for _, other := range s.tables[:i] {
				if t.left <= other.right && other.left <= t.right && t.top <= other.bottom && other.top <= t.bottom {
					b.damaged(s.name, at, "the tables %s and %s overlap", other.name, t.name)
				}
			}
		}
	}
}

// checkNames compares what a table calls its columns with the cells of its header row, which Excel makes equal.
func (t *tableCheck) checkNames() {
	if t.headers != 1 || len(t.columns) != len(t.headings) {
		return
	}
	seen := map[string]bool{}
	for i, name := range t.columns {
		at := cellName(t.left+i, t.top)
		if seen[strings.ToLower(name)] {
			t.s.c.book.damaged(t.s.sheet.name, at, "two columns of the table are called %q", name)
		}
		seen[strings.ToLower(name)] = true
		name = lineBreaks.Replace(name)
		if got := t.headings[i]; strings.TrimSpace(name[:min(len(name), maxText)]) != strings.TrimSpace(lineBreaks.Replace(got)) {
			t.s.c.book.damaged(t.s.sheet.name, at, "the table calls the column %q and the cell says %q", name, got)
		}
	}
}

var lineBreaks = strings.NewReplacer("_x000a_", " ", "_x000A_", " ", "_x000d_", "", "_x000D_", "", "\r", "", "\n", " ")

// checkStyles looks for what styles refer to and is missing.
func (b *workbook) checkStyles(s *styleSheet) {
	for i, xf := range slices.Concat(s.Masters, s.Looks) {
		switch {
		case xf.Font < 0 || xf.Font >= len(s.Fonts):
			b.damaged("", "", "style %d has font %d of %d", i, xf.Font, len(s.Fonts))
		case xf.Fill < 0 || xf.Fill >= len(s.Fills):
			b.damaged("", "", "style %d has fill %d of %d", i, xf.Fill, len(s.Fills))
		case xf.Border < 0 || xf.Border >= max(len(s.Borders), 1):
			b.damaged("", "", "style %d has border %d of %d", i, xf.Border, len(s.Borders))
		case xf.Master < 0 || xf.Master >= max(len(s.Masters), 1):
			b.damaged("", "", "style %d is one of master style %d of %d", i, xf.Master, len(s.Masters))
		}
	}
}

// Limits of a sheet.
const (
	maxRows    = 1_048_576
	maxColumns = 16_384
	maxCell    = 32_767
)

var errorValues = []string{"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!"}

var isoDate = regexp.MustCompile(`^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?Z?)?$|^T?\d\d:\d\d(:\d\d(\.\d+)?)?$`)

// badValue says what is wrong with the value of a cell of a type, "" for nothing.
func badValue(kind string, value []byte) string {
	if kind == "inlineStr" || kind == "s" || kind == "" && digits(value) {
		return "" // nearly always
	}
	text := string(value)
	switch kind {
	case "", "n":
		if _, err := strconv.ParseFloat(text, 64); err != nil || strings.ContainsAny(text, "xXpP_iInN") {
			return fmt.Sprintf("the number %.40q is none", text)
		}
	case "b":
		if text != "0" && text != "1" && text != "true" && text != "false" {
			return fmt.Sprintf("%.40q is neither true nor false", text)
		}
	case "d":
		if !isoDate.MatchString(text) {
			return fmt.Sprintf("the date %.40q is none", text)
		}
	case "e":
		if !slices.Contains(errorValues, text) {
			return fmt.Sprintf("the error value %.40q is none", text)
		}
	case "str":
	default:
		return fmt.Sprintf("a cell has the type %.40q, which is none", kind)
	}
	return ""
}

// digits says that a value has nothing else.
func digits(value []byte) bool {
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
