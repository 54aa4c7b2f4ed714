package definition

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

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

// problems lists what is wrong with the definition, each in one line that names the file and the line in it.
func (d *Definition) problems(file string, text []byte) []error {
	p := &problems{file: file, source: newSource(text)}
	p.at().name("report", d.Name)
	p.at().is(len(d.Name) <= maxName, "its name is longer than %d letters", maxName)
	p.at().is(d.Title != "" && d.About != "" && d.Row != "", "title, about and row must be given")
	p.at("version").is(versionPattern.MatchString(d.Version), `version %q is not major.minor; write it in quotes: "1.0"`, d.Version)
	p.at("schema").is(d.Schema == "reports" || d.Schema == "restricted", "schema %q is neither reports nor restricted", d.Schema)
	p.at("freshness").is(d.Freshness > 0, "freshness must be given, like 26h")
	p.at("formats").is(len(d.Formats) > 0, "formats must be given")
	for i, f := range d.Formats {
		p.at("formats", i).is(slices.Contains(format.Names(), f), "format %q is none of %v", f, format.Names())
	}
	for i, in := range d.Inputs {
		p.at("inputs", i).is(slices.Contains(knownInputs, in), "input %q is none of %v", in, knownInputs)
	}
	p.at("as_of").is(slices.Contains(d.Inputs, d.AsOf), "as_of %q is not among the inputs", d.AsOf)
	p.columns(d)
	p.personal(d)
	p.checks(d)
	p.views(d)
	p.files(d)
	p.display(d)
	return p.list
}

// problems are what is wrong with one definition.
type problems struct {
	list   []error
	file   string
	source source
}

// spot is a part of the definition that something may be wrong with.
type spot struct {
	p    *problems
	line int // 0 for the whole
}

// at is the part that is found by keys of mappings and places in lists; without any, the whole.
func (p *problems) at(path ...any) spot {
	if len(path) == 0 {
		return spot{p: p}
	}
	return spot{p: p, line: p.source.line(path...)}
}

// is adds a problem, with file and line, where ok is false.
func (s spot) is(ok bool, text string, args ...any) {
	if ok {
		return
	}
	where := ""
	if s.p.file != "" {
		where = s.p.file + ": "
	}
	if s.line > 0 {
		where += "line " + strconv.Itoa(s.line) + ": "
	}
	s.p.list = append(s.p.list, errors.New(where+fmt.Sprintf(text, args...)))
}

func (s spot) name(what, name string) {
	s.is(namePattern.MatchString(name), "%s name %q is not made of small letters, digits and _", what, name)
}

func (p *problems) columns(d *Definition) {
	names, titles := map[string]bool{}, map[string]bool{}
	for i, c := range d.Columns {
		at := p.at("columns", i)
		at.name("column", c.Name)
		at.is(!names[c.Name], "column %s is there twice", c.Name)
		at.is(c.Title != "" && c.About != "", "column %s: title and about must be given", c.Name)
		at.is(!titles[c.Title], "column %s: the title %q is another's too", c.Name, c.Title)
		at.is(columnTypes[c.Type] != "", "column %s: type %q is none of %v", c.Name, c.Type, slices.Sorted(maps.Keys(columnTypes)))
		at.is(!c.Personal || d.Restricted(), "column %s is personal: the report's schema must be restricted", c.Name)
		names[c.Name], titles[c.Title] = true, true
	}
	key, _ := d.Column(d.Key)
	p.at("key").is(key.Type == "text" || key.Type == "integer", "key %q is no column of type text or integer", d.Key)
	asOf, _ := d.Column(AsOfColumn)
	p.at("columns").is(asOf.Type == "timestamp", "there is no column %s of type timestamp", AsOfColumn)
	p.at("order").is(len(d.Order) > 0, "order must be given")
	for i, o := range d.Order {
		p.at("order", i).is(names[o.Column], "order: there is no column %q", o.Column)
	}
}

// personal makes sure that personal data are protected, do not stay, and can be found again to be erased.
func (p *problems) personal(d *Definition) {
	if !d.Restricted() {
		p.at("protection").is(d.Protection == Unprotected, "protection is for a report of schema restricted")
		return
	}
	p.at("protection").is(d.Protection == Restricted || d.Protection == Encrypted, "protection %q is neither restricted nor encrypted", d.Protection)
	p.at("retention").is(d.Retention > 0, "retention of its files must be given, like 168h")
	subjects := 0
	for i, c := range d.Columns {
		at := p.at("columns", i)
		known := []Person{"", Subject, Mention, Email, ExternalID}
		at.is(slices.Contains(known, c.Person), "column %s: person %q is none of %v", c.Name, c.Person, known[1:])
		at.is(c.Person == "" || c.Personal && c.Type == "text", "column %s: person is for personal columns of text", c.Name)
		if c.Person == Subject {
			subjects++
		}
	}
	p.at("columns").is(subjects == 1, "one column must have person: subject, so that people can be erased; %d have", subjects)
}

func (p *problems) checks(d *Definition) {
	seen := map[string]bool{KeyCheck: true}
	for i, c := range d.Checks {
		at := p.at("checks", i)
		at.name("check", c.Name)
		at.is(!seen[c.Name], "check %s is there twice", c.Name)
		seen[c.Name] = true
		at.is(c.About != "", "check %s: about must be given", c.Name)
		at.is(c.Level == LevelError || c.Level == LevelWarn, "check %s: level %q is neither error nor warn", c.Name, c.Level)
		at.is(c.kinds() == 1, "check %s must have one of bad, column, not_null, unique, relation, sql, fall, least and fresh", c.Name)
		at.is(c.Column == "" || len(c.Accepted) > 0, "check %s: accepted must be given", c.Name)
		at.is(c.Fresh == nil || slices.Contains(d.Inputs, c.Fresh.Input), "check %s: %v is not among the inputs", c.Name, c.Fresh)
		related := ""
		if c.Relation != nil {
			related = c.Relation.Column
			at.is(relatedPattern.MatchString(c.Relation.In), "check %s: relation in %q is not schema.table.column of a synced table", c.Name, c.Relation.In)
			at.is(related != "", "check %s: the relation's column must be given", c.Name)
		}
		for _, name := range slices.Concat(c.NotNull, c.Unique, []string{c.Column, related}) {
			_, ok := d.Column(name)
			at.is(ok || name == "", "check %s: there is no column %q", c.Name, name)
		}
	}
}

// views checks what is said of views; that their SQL returns the columns is for PostgreSQL to say.
func (p *problems) views(d *Definition) {
	seen := map[string]bool{}
	for i, v := range d.AllViews() {
		at := p.at("views", i)
		if i >= len(d.Views) {
			at = p.at("lists", i-len(d.Views))
		}
		at.name("view", v.Name)
		at.is(!seen[v.Name], "view %s is there twice", v.Name)
		seen[v.Name] = true
		at.is(v.Title != "" && v.About != "" && v.SQL != "", "view %s: title, about and sql must be given", v.Name)
		at.is(v.Keep == "" || v.Keep == keepDaily, "view %s: keep %q is not %s", v.Name, v.Keep, keepDaily)
		for _, name := range slices.Sorted(maps.Keys(v.Columns)) {
			c := v.Columns[name]
			at.is(c.About != "", "view %s: the meaning of column %s must be given", v.Name, name)
			at.is(c.Unit == Plain || c.Unit == Percent, "view %s: unit %q of column %s is not %s", v.Name, c.Unit, name, Percent)
		}
	}
}

// files checks that each SQL file named is there, and that each one there is used.
func (p *problems) files(d *Definition) {
	used := []string{QueryFile, d.Settings.SQL, d.Leavers}
	for _, v := range d.AllViews() {
		used = append(used, v.SQL)
	}
	for _, c := range d.Checks {
		used = append(used, c.SQL)
	}
	p.at("settings").is(d.Settings.SQL == "" || d.Settings.None != "", "settings: none must say why a refresh without them is refused")
	for _, name := range used {
		p.at().is(name == "" || d.sql[name] != "", "there is no file %s", name)
	}
	for _, name := range slices.Sorted(maps.Keys(d.sql)) {
		p.at().is(slices.Contains(used, name), "nothing in %s names the file %s", File, name)
	}
}
