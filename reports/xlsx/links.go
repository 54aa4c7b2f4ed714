package xlsx

import (
	"bytes"
	"iter"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"cpd-jobs/reports/frontmatter"
)

const maxLinks = frontmatter.MaxLinks

// link makes a cell lead somewhere.
type link struct {
	column, row int32
	base        string // what the addresses of a column begin with
	target      string // a value to add to base; without one an address, or #Sheet
}

// inside says that a link leads to a sheet of the workbook.
func (l link) inside() bool { return l.base == "" && strings.HasPrefix(l.target, "#") }

func (l link) address() string {
	if l.base == "" {
		return l.target
	}
	return l.base + url.PathEscape(l.target)
}

// links are those of a sheet. There may be tens of thousands, which wait until the end of the workbook: their texts
// stand one behind the other, and what the links of a column share is kept once.
type links struct {
	places []linkPlace
	texts  []byte
	bases  map[int32]string // by column
}

type linkPlace struct {
	column, row int32
	end         uint32 // of the target among the texts
	based       bool
}

func (l *links) add(k link) {
	if k.base != "" && l.bases == nil {
		l.bases = map[int32]string{}
	}
	if k.base != "" {
		l.bases[k.column] = k.base
	}
	l.texts = append(l.texts, k.target...)
	l.places = append(l.places, linkPlace{column: k.column, row: k.row, end: uint32(len(l.texts)), based: k.base != ""})
}

func (l *links) len() int { return len(l.places) }

// all gives each with its number.
func (l *links) all() iter.Seq2[int, link] {
	return func(yield func(int, link) bool) {
		from := uint32(0)
		for i, p := range l.places {
			k := link{column: p.column, row: p.row, target: string(l.texts[from:p.end])}
			if p.based {
				k.base = l.bases[p.column]
			}
			if from = p.end; !yield(i, k) {
				return
			}
		}
	}
}

// A sheet refers to what excelize has made for it, one thing at most, and then to where its links lead. Other programs
// expect such names.
const (
	firstRelation = "rId1"
	linkRelation  = "rId"
	firstLink     = 2
)

// addLinks keeps the links of a sheet, if any leads out of the workbook, until excelize has said what else the sheet
// refers to.
func (a *archive) addLinks(sheet string, links *links) {
	for _, l := range links.all() {
		if !l.inside() {
			dir, name := path.Split(sheet)
			a.links[dir+"_rels/"+name+".rels"] = links
			return
		}
	}
}

// addRelations adds parts for the sheets that refer to nothing but links: excelize has none for them.
func (a *archive) addRelations() {
	for name := range a.links {
		if !slices.ContainsFunc(a.parts, func(p *part) bool { return p.name == name }) {
			a.parts = append(a.parts, &part{name: name})
		}
	}
}

const (
	relationsStart = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
		`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	relationsEnd = `</Relationships>`
	hyperlink    = `" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="`
)

// putRelations writes what excelize knows a sheet to refer to, and then the links.
func (a *archive) putRelations(p *part, links *links) error {
	out, err := a.begin(p.name, false) // more cores would need more memory than they are worth here
	if err != nil {
		return err
	}
	known, _, found := bytes.Cut(p.data.Bytes(), []byte(relationsEnd))
	if !found {
		known = []byte(relationsStart)
	}
	b := append(make([]byte, 0, 2*flushAt), known...)
	for i, l := range links.all() {
		if l.inside() {
			continue
		}
		b = append(b, `<Relationship Id="`+linkRelation...)
		b = strconv.AppendInt(b, int64(firstLink+i), 10)
		b = append(b, hyperlink...)
		b = appendAttribute(b, l.address())
		b = append(b, `" TargetMode="External"/>`...)
		if len(b) >= flushAt {
			if _, err := out.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err = out.Write(append(b, relationsEnd...))
	return err
}
