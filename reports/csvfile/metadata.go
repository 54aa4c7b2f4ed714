package csvfile

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

// MetadataName is the name of the description that belongs beside the CSV file called name: where CSV on the Web tells
// programs to look for it.
func MetadataName(name string) string { return name + "-metadata.json" }

// Metadata describes the file called name as CSV on the Web does (W3C Recommendation, 17 December 2015), for programs
// to read its types. Its notes list the values that are not in the file as they are in the table.
func Metadata(doc table.Document, name string, rows int64, coerced frontmatter.Coercions) ([]byte, error) {
	notes := []string{formulaNote}
	if doc.Layout.Raw {
		notes = []string{rawNote}
	}
	m := metadata{
		Context:     []any{"http://www.w3.org/ns/csvw", map[string]string{"@language": "en"}},
		URL:         name,
		Title:       doc.Title,
		Description: doc.About,
		Licence:     reference(doc.Licence.Link),
		Modified:    date{Value: doc.Made.UTC().Format(time.RFC3339), Type: "xsd:dateTime"},
		Dialect:     dialect{Encoding: "utf-8", LineTerminators: []string{"\r\n"}, Header: true, Quote: `"`, Delimiter: ","},
		Notes:       slices.Concat(notes, doc.Notes, coerced.Notes()),
		Rows:        rows,
		Schema:      schema{Columns: columnsOf(doc), PrimaryKey: doc.Key},
	}
	if doc.Publisher != "" {
		m.Publisher = &publisher{Name: doc.Publisher}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

const formulaNote = "Text that a spreadsheet program would take for a formula has an apostrophe in front; plain numbers have none."

const rawNote = "Every text is exactly as it is in the database: some may be run as formulas by a spreadsheet program."

type metadata struct {
	Context     []any      `json:"@context"`
	URL         string     `json:"url"`
	Title       string     `json:"dc:title"`
	Description string     `json:"dc:description,omitempty"`
	Publisher   *publisher `json:"dc:publisher,omitempty"`
	Licence     *ref       `json:"dc:license,omitempty"`
	Modified    date       `json:"dc:modified"`
	Dialect     dialect    `json:"dialect"`
	Notes       []string   `json:"notes,omitempty"`
	Rows        int64      `json:"schema:numberOfItems"`
	Schema      schema     `json:"tableSchema"`
}

type publisher struct {
	Name string `json:"schema:name"`
}

type ref struct {
	ID string `json:"@id"`
}

func reference(url string) *ref {
	if url == "" {
		return nil
	}
	return &ref{ID: url}
}

type date struct {
	Value string `json:"@value"`
	Type  string `json:"@type"`
}

type dialect struct {
	Encoding        string   `json:"encoding"`
	LineTerminators []string `json:"lineTerminators"`
	Header          bool     `json:"header"`
	Quote           string   `json:"quoteChar"`
	Delimiter       string   `json:"delimiter"`
}

type schema struct {
	Columns    []column `json:"columns"`
	PrimaryKey []string `json:"primaryKey,omitempty"`
}

type column struct {
	Name        string   `json:"name"`
	Titles      []string `json:"titles"`
	Description string   `json:"dc:description,omitempty"`
	Source      string   `json:"dc:source,omitempty"`
	Datatype    any      `json:"datatype"`
	Separator   string   `json:"separator,omitempty"`
	Required    bool     `json:"required,omitempty"`
}

// columnsOf gives the name first among the titles, because the header row must be one of them.
func columnsOf(doc table.Document) []column {
	list := make([]column, len(doc.Columns))
	for i, c := range doc.Columns {
		list[i] = column{Name: c.Name, Titles: []string{c.Name}, Description: c.About, Source: c.Source, Datatype: datatype(c.Type)}
		if c.Title != "" && c.Title != c.Name {
			list[i].Titles = append(list[i].Titles, c.Title)
		}
		if c.Type == table.List {
			list[i].Separator = table.ListSeparator
		}
		for _, k := range doc.Key {
			list[i].Required = list[i].Required || k == c.Name
		}
	}
	return list
}

func datatype(t table.Type) any {
	switch t {
	case table.Integer:
		return "integer"
	case table.Decimal:
		return "decimal"
	case table.Boolean:
		return map[string]string{"base": "boolean", "format": "true|false"}
	case table.Timestamp:
		return "dateTimeStamp"
	case table.Date:
		return "date"
	default:
		return "string"
	}
}
