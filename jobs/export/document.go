package export

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/inputs"
	"cpd-jobs/reports/table"
	"cpd-jobs/reports/versions"
)

const defaultPublisher = "Department for Education"

// licence is the one that the department publishes under; none covers what must not be published.
var (
	licence = table.Line{
		Text: "Open Government Licence v3.0",
		Link: "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
	}
	noLicence = table.Line{Text: "None: this must not be published"}
)

func licenceOf(def *definition.Definition) table.Line {
	if def.Restricted() {
		return noLicence
	}
	return licence
}

// sources are what people call the inputs.
var sources = map[inputs.Input]string{
	inputs.CPD:    "CPD service",
	inputs.GIAS:   "Get Information about Schools (the register)",
	inputs.Uplift: "Uplift files",
}

// documentOf is what files of one refresh say of themselves. It knows nothing of the export, so that two exports of
// the same refresh are the same to the byte.
func documentOf(d Deps, def *definition.Definition, live versions.Version, s exports.Selection) table.Document {
	publisher := d.Publisher
	if publisher == "" {
		publisher = defaultPublisher
	}
	doc := table.Document{
		Name: def.Name, Title: def.Title, About: def.About, Row: def.Row, Publisher: publisher, Licence: licenceOf(def),
		Source: sourceLine(publisher, live.Inputs), AsAt: live.AsOf, Made: live.PublishedAt,
		Layout: s.Layout, Columns: columnsOf(def, s), Facts: factsOf(def, live, s),
	}
	if keyed(doc.Columns, def.Key) {
		doc.Key = []string{def.Key}
	}
	if !s.Whole() {
		doc.Notes = []string{"This is a part of the report: " + s.Words(def) + "."}
	}
	if def.Restricted() {
		doc.Notes = append(doc.Notes, personal)
		doc.Cover = append(doc.Cover, table.Section{Heading: "Personal data", Lines: []table.Line{{Text: personal}}})
	}
	doc.Cover = append(doc.Cover,
		table.Section{Heading: "As at", Lines: inputLines(live.Inputs)},
		table.Section{Heading: "Version", Lines: versionLines(live)},
		table.Section{Heading: "Part of the report", Lines: []table.Line{{Text: frontmatter.Capital(s.Words(def))}}},
		table.Section{Heading: "Contact", Lines: []table.Line{contactLine(d.Contact)}},
		table.Section{Heading: "Accessible formats", Lines: accessibleLines(d.Contact)},
		table.Section{Heading: "Licence", Lines: []table.Line{doc.Licence}},
	)
	return doc
}

// personal is what everybody must know who opens a file of a restricted report.
const personal = "This file holds personal data. Share it only with those who need it for their work, and delete it when you have done yours."

// factsOf say to programs what the cover says to people.
func factsOf(def *definition.Definition, live versions.Version, s exports.Selection) []table.Fact {
	facts := []table.Fact{
		{Name: "version", Value: strconv.FormatInt(live.Version, 10)}, {Name: "run", Value: strconv.FormatInt(live.RunID, 10)},
		{Name: "definition", Value: live.DefinitionVersion}, {Name: "definition_hash", Value: live.DefinitionHash},
		{Name: "program", Value: "cpd-jobs " + live.ProgramVersion}, {Name: "selection", Value: s.Words(def)},
	}
	for _, in := range live.Inputs {
		facts = append(facts, table.Fact{Name: "input_" + string(in.Input), Value: fmt.Sprintf("version %d as at %s", in.Version, in.AsAt.UTC().Format(time.RFC3339))})
	}
	return facts
}

func columnsOf(def *definition.Definition, s exports.Selection) []table.Column {
	names := s.Columns
	if len(names) == 0 {
		names = columnNames(def)
	}
	list := make([]table.Column, len(names))
	for i, name := range names {
		c, _ := def.Column(name)
		about := c.About
		if c.Unit != "" {
			about += " Unit: " + c.Unit + "."
		}
		list[i] = table.Column{Name: c.Name, Title: c.Title, About: about, Type: table.Type(c.Type), Source: strings.Join(c.Sources, ", "), Link: c.Link}
	}
	return list
}

func keyed(columns []table.Column, key string) bool {
	return slices.ContainsFunc(columns, func(c table.Column) bool { return c.Name == key })
}

func sourceLine(publisher string, used []versions.InputUsed) string {
	names := make([]string, len(used))
	for i, in := range used {
		names[i] = sourceName(in.Input)
	}
	return publisher + ": " + strings.Join(names, "; ")
}

func sourceName(in inputs.Input) string {
	if name, ok := sources[in]; ok {
		return name
	}
	return string(in)
}

func inputLines(used []versions.InputUsed) []table.Line {
	lines := make([]table.Line, len(used))
	for i, in := range used {
		lines[i].Text = fmt.Sprintf("%s: %s (version %d, %s rows)", sourceName(in.Input), frontmatter.Moment(in.AsAt), in.Version, table.Thousands(in.Rows))
	}
	return lines
}

func versionLines(live versions.Version) []table.Line {
	return []table.Line{
		{Text: fmt.Sprintf("Version %d of the report, published on %s by run %d", live.Version, frontmatter.Moment(live.PublishedAt), live.RunID)},
		{Text: fmt.Sprintf("Definition %s (%.12s), computed by cpd-jobs %s", live.DefinitionVersion, live.DefinitionHash, live.ProgramVersion)},
		{Text: fmt.Sprintf("%s rows; since the version before: %s added, %s removed, %s changed", table.Thousands(live.Rows),
			table.Thousands(live.Added), table.Thousands(live.Removed), table.Thousands(live.Changed))},
	}
}

func contactLine(contact string) table.Line {
	switch {
	case contact == "":
		return table.Line{Text: "The team that runs the CPD service"}
	case strings.Contains(contact, "://"):
		return table.Line{Text: "Ask about these figures", Link: contact}
	default:
		return table.Line{Text: contact, Link: "mailto:" + contact}
	}
}

// accessibleLines say how somebody who cannot use this file gets one that they can.
func accessibleLines(contact string) []table.Line {
	const offer = "If you use assistive technology, such as a screen reader, and need this in another format, "
	if contact == "" {
		return []table.Line{{Text: offer + "ask the team that runs the CPD service."}}
	}
	line := contactLine(contact)
	line.Text = "Request an accessible format"
	if !strings.Contains(contact, "://") {
		line.Text += " from " + contact
	}
	return []table.Line{{Text: offer + "say which and what you use."}, line}
}
