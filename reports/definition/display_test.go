package definition_test

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
)

// shown is a small report that declares everything that pages can show.
const shown = `title: Names
about: What schools are called.
version: "1.0"
row: school
key: urn
order: [{column: urn, numeric: true}]
inputs: [cpd]
as_of: cpd
freshness: 26h
formats: [csv]
heading: name
search: {label: Name, words: [name], starts: [urn]}
explore:
  filters: [stage, region]
  columns: [name, urn]
row_page:
  address: /names
  register: true
groups:
  column: kind
  values:
    all: all schools
    big: big schools
funnel:
  title: Where schools are
  about: How far schools are.
  view: names_funnel
  stage: stage
  here: schools
trend:
  about: How it went.
  view: names_trend
  days: 30
  lines: [asked, told]
breakdowns:
  - name: region
    title: Region
    view: names_by_region
    rows: [region]
    figures: [schools, share]
    filter: region
    empty: none
columns:
  - {name: urn, title: URN, about: Number., type: text, link: "https://example.com/"}
  - {name: name, title: Name, about: Name., type: text}
  - {name: region, title: Region, about: Region., type: text}
  - {name: kind, title: Kind, about: Kind., type: text}
  - name: stage
    title: Stage
    about: Stage.
    type: text
    labels:
      told: Told everything
      asked: Asked
  - {name: as_of, title: As of, about: When., type: timestamp}
views:
  - name: names_funnel
    title: F
    about: f
    sql: v.sql
    columns: &counts
      kind: Kind
      stage: Stage
      schools: Schools
  - name: names_by_region
    title: R
    about: r
    sql: v.sql
    columns:
      <<: *counts
      region: Region
      share: {title: Share told, about: Share., unit: percent}
  - {name: names_trend, title: T, about: t, sql: v.sql, keep: day, columns: {kind: Kind, asked: Asked, told: Told}}
`

func load(text string) (*definition.Definition, error) {
	fsys := fstest.MapFS{}
	for name, content := range map[string]string{"definition.yml": text, "query.sql": "SELECT 1", "v.sql": "SELECT 1"} {
		fsys["names/"+name] = &fstest.MapFile{Data: []byte(content)}
	}
	return definition.Load(fsys, "names")
}

func TestWhatPagesShowIsDeclared(t *testing.T) {
	t.Parallel()
	d, err := load(shown)
	if err != nil {
		t.Fatal(err)
	}
	stage, _ := d.Column("stage")
	values := []string{"other", "asked", "told", "another"}
	slices.SortFunc(values, stage.Labels.Compare)
	if got := strings.Join(values, " "); got != "told asked another other" {
		t.Errorf("the order of values is %s", got)
	}
	if got := stage.Labels.Text("told") + ", " + stage.Labels.Text("odd"); got != "Told everything, odd" {
		t.Errorf("words are %s", got)
	}
	regions, _ := d.FindView("names_by_region")
	for column, want := range map[string]string{"share": "Share told", "region": "Region", "schools": "Schools", "la_name": "La name"} {
		if got := d.ViewTitle(regions, column); got != want {
			t.Errorf("the heading of %s is %q, want %q", column, got, want)
		}
	}
	if regions.Columns["kind"].About != "Kind" || regions.Columns["share"].Unit != definition.Percent {
		t.Errorf("columns of a view with an anchor: %v", regions.Columns)
	}
}

func TestDeclarationsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, new, want string }{
		{"heading: name", "heading: nme", `names/definition.yml: line 11: heading: there is no column "nme"`},
		{"words: [name]", "words: [nme]", `line 12: search: words: there is no column "nme"`},
		{"label: Name, words", "words", "line 12: search: label must be given"},
		{"filters: [stage, region]", "filters: [stage, stage]", "line 14: explore: filters: column stage is there twice"},
		{"columns: [name, urn]", "columns: []", "line 15: explore: columns must be given"},
		{"columns: [name, urn]", "colums: [name]", `line 15: unknown field "colums"`},
		{"address: /names", "address: names/", `line 17: row_page: address "names/" is not`},
		{"  column: kind", "  column: sort", `line 20: groups: there is no column "sort"`},
		{"    big: big schools\n", "", "line 21: groups: there must be two values"},
		{"view: names_funnel", "view: funnel", `line 27: funnel: there is no view "funnel"`},
		{"  stage: stage", "  stage: kind", `line 28: funnel: the report has no column "kind" with labels`},
		{"  here: schools", "  here: school", `line 29: funnel: view names_funnel does not describe a column "school"`},
		{"  here: schools", "  here: schools\n  share: schools", "funnel: reached and share go together"},
		{"view: names_trend", "view: names_funnel", "trend: of view names_funnel nothing is kept"},
		{"days: 30", "days: 1", "line 33: trend: days must be 2 or more"},
		{"lines: [asked, told]", "lines: [asked, asked]", "line 34: trend: column asked is there twice"},
		{"- name: region\n    title", "- name: Region\n    title", "line 36: breakdown Region: the name is not made of"},
		{"figures: [schools, share]", "figures: [schools, shares]", `line 40: breakdown region: view names_by_region does not describe a column "shares"`},
		{"    filter: region", "    filter: regions", `line 41: breakdown region: filter: there is no column "regions"`},
		{"    filter: region\n", "", "breakdown region: empty goes with filter"},
		{"empty: none", "where: {sort: x}", `breakdown region: view names_by_region does not describe a column "sort"`},
		{"breakdowns:\n", "breakdowns:\n  - {name: region, title: R, view: names_by_region, rows: [region], figures: [schools]}\n", "line 37: breakdown region is there twice"},
		{"told: Told everything", "told: Asked", `column stage: values told and asked have the same label "Asked"`},
		{"asked: Asked\n", "told: Asked\n", `mapping key "told" already defined`},
		{"type: text, link: \"https://example.com/\"", "type: text, link: \"//example.com/\"", `column urn: link "//example.com/" is not an https address`},
		{"unit: percent", "unit: per cent", `unit "per cent" of column share is not percent`},
		{"type: timestamp}", "type: timestamp, labels: {a: A}}", "column as_of: labels are for columns of type"},
		{"columns: {kind: Kind, asked", "columns: {asked", `trend: view names_trend does not describe a column "kind"`},
		{"row: school", "row: school\nschema: restricted\nprotection: restricted\nretention: 1h", "explore: rows with personal data are in files alone"},
	} {
		if !strings.Contains(shown, c.old) {
			t.Fatalf("there is no %q", c.old)
		}
		_, err := load(strings.Replace(shown, c.old, c.new, 1))
		if run.ClassOf(err) != run.ClassInvalid || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: got %v, want %q", c.new, err, c.want)
		}
	}
}

func TestEveryKeyIsInTheGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/guides/definition.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(kind reflect.Type) {
		for kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice || kind.Kind() == reflect.Map {
			kind = kind.Elem()
		}
		if kind.Kind() != reflect.Struct || seen[kind] {
			return
		}
		seen[kind] = true
		for field := range kind.Fields() {
			key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			if key == "-" || !field.IsExported() {
				continue
			}
			if key != "" && !strings.Contains(string(guide), "`"+key+"`") && !strings.Contains(string(guide), "`"+key+": ") && !strings.Contains(string(guide), "# "+key+"\n") {
				t.Errorf("the guide does not have %s of %s", key, kind)
			}
			walk(field.Type)
		}
	}
	walk(reflect.TypeFor[definition.Definition]())
	if len(seen) < 15 {
		t.Errorf("only %d kinds of parts were looked at", len(seen))
	}
}
