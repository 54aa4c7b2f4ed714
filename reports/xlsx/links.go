package xlsx

import (
	"bytes"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"cpd-jobs/reports/book"
)

const maxLinks = book.MaxLinks

// link makes a cell lead somewhere. A sheet may have tens of thousands, so what they share is not kept with each.
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

// A sheet refers to what excelize has made for it, one thing at most, and then to where its links lead. Other programs expect
// such names.
const (
	firstRelation = "rId1"
	linkRelation  = "rId"
	firstLink     = 2
)

// addLinks keeps the links of a sheet, if any leads out of the workbook, until excelize has said what else the sheet refers to.
func (a *archive) addLinks(sheet string, links []link) {
	if slices.ContainsFunc(links, func(l link) bool { return !l.inside() }) {
		dir, name := path.Split(sheet)
		a.links[dir+"_rels/"+name+".rels"] = links
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
func (a *archive) putRelations(p *part, links []link) error {
	out, err := a.begin(p.name, true)
	if err != nil {
		return err
	}
	known, _, found := bytes.Cut(p.data.Bytes(), []byte(relationsEnd))
	if !found {
		known = []byte(relationsStart)
	}
	b := append(make([]byte, 0, 2*flushAt), known...)
	for i, l := range links {
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
