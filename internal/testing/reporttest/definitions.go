package reporttest

import (
	"strings"
	"testing"
	"testing/fstest"

	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
)

// Find is a report by name.
func Find(t *testing.T, name string) *definition.Definition {
	t.Helper()
	d, err := reports.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Onboarding is the School onboarding report.
func Onboarding(t *testing.T) *definition.Definition {
	t.Helper()
	return Find(t, "school_onboarding")
}

// SchoolNames is a small report that is sound.
const SchoolNames = `title: School names
about: What schools are called.
version: "1.0"
row: school
key: urn
order:
  - column: urn
    numeric: true
inputs: [cpd]
as_of: cpd
freshness: 26h
formats: [csv]
columns:
  - name: urn
    title: URN
    about: Number of the school.
    type: text
  - name: name
    title: Name
    about: Name of the school.
    type: text
  - name: as_of
    title: As of
    about: When the row was last changed.
    type: timestamp
`

// SchoolNamesQuery computes [SchoolNames].
const SchoolNamesQuery = `SELECT urn::text AS urn, name::text AS name, :'as_of'::timestamptz AS as_of FROM cpd.schools`

// SchoolPlaces is a small report with a column that can be empty.
const SchoolPlaces = `title: School places
about: Where schools are.
version: "1.0"
row: school
key: urn
order:
  - column: urn
    numeric: true
inputs: [cpd]
as_of: cpd
freshness: 26h
formats: [csv]
columns:
  - {name: urn, title: URN, about: Number of the school., type: text}
  - {name: name, title: Name, about: Name of the school., type: text}
  - {name: postcode, title: Postcode, about: Where it is., type: text}
  - {name: words, title: Words, about: The name's words., type: "text[]"}
  - name: as_of
    title: As of
    about: When the row was last changed.
    type: timestamp
`

// SchoolPlacesQuery computes [SchoolPlaces].
const SchoolPlacesQuery = `SELECT urn::text AS urn, name::text AS name, postcode::text AS postcode, string_to_array(name, ' ') AS words, :'as_of'::timestamptz AS as_of FROM cpd.schools`

// Folder is a report's folder: pairs of file names and texts.
func Folder(name, text string, more ...string) fstest.MapFS {
	fsys := fstest.MapFS{name + "/definition.yml": {Data: []byte(text)}, name + "/query.sql": {Data: []byte(SchoolNamesQuery)}}
	for i := 0; i < len(more); i += 2 {
		fsys[name+"/"+more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	return fsys
}

// Loaded is the definition in [Folder].
func Loaded(t *testing.T, name, text string, more ...string) *definition.Definition {
	t.Helper()
	d, err := definition.Load(Folder(name, text, more...), name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Replaced is the text with one thing in place of another, which must be there.
func Replaced(t *testing.T, text, old, new string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("there is no %q in %q", old, text)
	}
	return strings.Replace(text, old, new, 1)
}

// AboutPeople is a definition of names that are personal data.
func AboutPeople(t *testing.T) string {
	t.Helper()
	text := Replaced(t, SchoolNames, "row: school", "row: school\nschema: restricted\nprotection: restricted\nretention: 168h")
	return Replaced(t, text, "    about: Name of the school.", "    about: Name.\n    personal: true\n    person: subject")
}
