package definition

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"cpd-jobs/reports/format"
	"cpd-jobs/reports/inputs"
)

var (
	namePattern    = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	versionPattern = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)
	relatedPattern = regexp.MustCompile(`^(cpd|gias|uplift|reports)\.[a-z0-9_]+\.[a-z0-9_]+$`)
	knownInputs    = []inputs.Input{inputs.CPD, inputs.GIAS, inputs.Uplift}
)

// maxName leaves room in PostgreSQL's 63 bytes for what staging tables' names carry.
const maxName = 36

// problems lists what is wrong with the definition, each in one line.
func (d *Definition) problems() []error {
	p := &problems{}
	p.name("report", d.Name)
	p.is(len(d.Name) <= maxName, "its name is longer than %d letters", maxName)
	p.is(d.Title != "" && d.About != "" && d.Row != "", "title, about and row must be given")
	p.is(versionPattern.MatchString(d.Version), `version %q is not major.minor; write it in quotes: "1.0"`, d.Version)
	p.is(d.Schema == "reports" || d.Schema == "restricted", "schema %q is neither reports nor restricted", d.Schema)
	p.is(d.Freshness > 0, "freshness must be given, like 26h")
	p.is(len(d.Formats) > 0, "formats must be given")
	for _, f := range d.Formats {
		p.is(slices.Contains(format.Names(), f), "format %q is none of %v", f, format.Names())
	}
	for _, in := range d.Inputs {
		p.is(slices.Contains(knownInputs, in), "input %q is none of %v", in, knownInputs)
	}
	p.is(slices.Contains(d.Inputs, d.AsOf), "as_of %q is not among the inputs", d.AsOf)
	p.columns(d)
	p.personal(d)
	p.checks(d)
	p.files(d)
	return *p
}

type problems []error

func (p *problems) is(ok bool, format string, args ...any) {
	if !ok {
		*p = append(*p, fmt.Errorf(format, args...))
	}
}

func (p *problems) name(what, name string) {
	p.is(namePattern.MatchString(name), "%s name %q is not made of small letters, digits and _", what, name)
}

func (p *problems) columns(d *Definition) {
	names, titles := map[string]bool{}, map[string]bool{}
	for _, c := range d.Columns {
		p.name("column", c.Name)
		p.is(!names[c.Name], "column %s is there twice", c.Name)
		p.is(c.Title != "" && c.About != "", "column %s: title and about must be given", c.Name)
		p.is(!titles[c.Title], "column %s: the title %q is another's too", c.Name, c.Title)
		p.is(columnTypes[c.Type] != "", "column %s: type %q is none of %v", c.Name, c.Type, slices.Sorted(maps.Keys(columnTypes)))
		p.is(!c.Personal || d.Restricted(), "column %s is personal: the report's schema must be restricted", c.Name)
		names[c.Name], titles[c.Title] = true, true
	}
	key, _ := d.Column(d.Key)
	p.is(key.Type == "text" || key.Type == "integer", "key %q is no column of type text or integer", d.Key)
	asOf, _ := d.Column(AsOfColumn)
	p.is(asOf.Type == "timestamp", "there is no column %s of type timestamp", AsOfColumn)
	p.is(len(d.Order) > 0, "order must be given")
	for _, o := range d.Order {
		p.is(names[o.Column], "order: there is no column %q", o.Column)
	}
}

// personal makes sure that personal data are protected, do not stay, and can be found again to be erased.
func (p *problems) personal(d *Definition) {
	if !d.Restricted() {
		p.is(d.Protection == Unprotected, "protection is for a report of schema restricted")
		return
	}
	p.is(d.Protection == Restricted || d.Protection == Encrypted, "protection %q is neither restricted nor encrypted", d.Protection)
	p.is(d.Retention > 0, "retention of its files must be given, like 168h")
	subjects := 0
	for _, c := range d.Columns {
		known := []Person{"", Subject, Mention, Email, ExternalID}
		p.is(slices.Contains(known, c.Person), "column %s: person %q is none of %v", c.Name, c.Person, known[1:])
		p.is(c.Person == "" || c.Personal && c.Type == "text", "column %s: person is for personal columns of text", c.Name)
		if c.Person == Subject {
			subjects++
		}
	}
	p.is(subjects == 1, "one column must have person: subject, so that people can be erased; %d have", subjects)
}

func (p *problems) checks(d *Definition) {
	seen := map[string]bool{KeyCheck: true}
	for _, c := range d.Checks {
		p.name("check", c.Name)
		p.is(!seen[c.Name], "check %s is there twice", c.Name)
		seen[c.Name] = true
		p.is(c.About != "", "check %s: about must be given", c.Name)
		p.is(c.Level == LevelError || c.Level == LevelWarn, "check %s: level %q is neither error nor warn", c.Name, c.Level)
		p.is(c.kinds() == 1, "check %s must have one of bad, column, not_null, unique, relation, sql, fall, least and fresh", c.Name)
		p.is(c.Column == "" || len(c.Accepted) > 0, "check %s: accepted must be given", c.Name)
		p.is(c.Fresh == nil || slices.Contains(d.Inputs, c.Fresh.Input), "check %s: %v is not among the inputs", c.Name, c.Fresh)
		related := ""
		if c.Relation != nil {
			related = c.Relation.Column
			p.is(relatedPattern.MatchString(c.Relation.In), "check %s: relation in %q is not schema.table.column of a synced table", c.Name, c.Relation.In)
			p.is(related != "", "check %s: the relation's column must be given", c.Name)
		}
		for _, name := range slices.Concat(c.NotNull, c.Unique, []string{c.Column, related}) {
			_, ok := d.Column(name)
			p.is(ok || name == "", "check %s: there is no column %q", c.Name, name)
		}
	}
}

// files checks that each SQL file named is there, and that each one there is used.
func (p *problems) files(d *Definition) {
	used := []string{QueryFile, d.Settings.SQL, d.Leavers}
	for _, v := range d.AllViews() {
		p.name("view", v.Name)
		p.is(v.Title != "" && v.About != "" && v.SQL != "", "view %s: title, about and sql must be given", v.Name)
		p.is(v.Keep == "" || v.Keep == keepDaily, "view %s: keep %q is not %s", v.Name, v.Keep, keepDaily)
		used = append(used, v.SQL)
	}
	for _, c := range d.Checks {
		used = append(used, c.SQL)
	}
	p.is(d.Settings.SQL == "" || d.Settings.None != "", "settings: none must say why a refresh without them is refused")
	for _, name := range used {
		p.is(name == "" || d.sql[name] != "", "there is no file %s", name)
	}
	for _, name := range slices.Sorted(maps.Keys(d.sql)) {
		p.is(slices.Contains(used, name), "nothing in %s names the file %s", File, name)
	}
}
