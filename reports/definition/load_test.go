package definition_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"fmt"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
)

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", "row: school", "row: school\nrows: schools", `line 5: unknown field "rows"`},
		{"key twice", "row: school", "row: school\nrow: pupil", `line 5: mapping key "row" already defined`},
		{"unknown key of a column", "    about: Name of the school.", "    abuot: Name.", `line 20: unknown field "abuot"`},
		{"no YAML", "row: school", "row: [", "line "},
		{"version", `"1.0"`, `"1"`, `version "1" is not major.minor`},
		{"no title", "title: School names", "title: ''", "title, about and row must be given"},
		{"type", "type: timestamp", "type: time", `column as_of: type "time" is none of`},
		{"no as_of", "name: as_of", "name: stamp", "there is no column as_of"},
		{"key", "key: urn", "key: number", `key "number" is no column`},
		{"order", "column: urn", "column: number", `order: there is no column "number"`},
		{"column twice", "name: name", "name: urn", "column urn is there twice"},
		{"title twice", "title: Name", "title: URN", `column name: the title "URN" is another's too`},
		{"column name", "name: name", "name: Name", `column name "Name" is not made of small letters`},
		{"personal", "about: Name of the school.", "about: Name.\n    personal: true", "the report's schema must be restricted"},
		{"protection of what is not personal", "row: school", "row: school\nprotection: encrypted", "protection is for a report of schema restricted"},
		{"restricted without protection", "row: school", "row: school\nschema: restricted\nretention: 168h", `protection "" is neither`},
		{"restricted files for ever", "row: school", "row: school\nschema: restricted\nprotection: restricted", "retention of its files must be given"},
		{"restricted without a subject", "row: school", "row: school\nschema: restricted\nprotection: encrypted\nretention: 1h", "so that people can be erased; 0 have"},
		{"schema", "row: school", "row: school\nschema: public", `schema "public" is neither`},
		{"input", "[cpd]", "[cpd, ofsted]", `input "ofsted" is none of`},
		{"as_of of another input", "as_of: cpd", "as_of: gias", `as_of "gias" is not among the inputs`},
		{"format", "[csv]", "[pdf]", `format "pdf" is none of`},
		{"freshness", "26h", "0s", "freshness must be given"},
		{"missing file", "row: school", "row: school\nleavers: leavers.sql", "there is no file leavers.sql"},
		{"check without a kind", "columns:", "checks:\n  - {name: x, level: warn, about: y}\ncolumns:", "check x must have one of"},
		{"check of two kinds", "columns:", "checks:\n  - {name: x, level: warn, about: y, bad: 'true', least: 1}\ncolumns:", "check x must have one of"},
		{"level", "columns:", "checks:\n  - {name: x, level: fatal, about: y, least: 1}\ncolumns:", `level "fatal" is neither`},
		{"share", "columns:", "checks:\n  - {name: x, level: warn, about: y, least: 1, allow: 0.5}\ncolumns:", "is no percentage"},
		{"unique column", "columns:", "checks:\n  - {name: x, level: warn, about: y, unique: [nme]}\ncolumns:", `there is no column "nme"`},
		{"relation to nowhere", "columns:", "checks:\n  - {name: x, level: warn, about: y, relation: {column: name, in: queue.runs.id}}\ncolumns:", `relation in "queue.runs.id" is not`},
		{"relation of nothing", "columns:", "checks:\n  - {name: x, level: warn, about: y, relation: {in: cpd.schools.name}}\ncolumns:", "the relation's column must be given"},
		{"column of a check", "columns:", "checks:\n  - {name: x, level: warn, about: y, column: nme, accepted: [a]}\ncolumns:", `there is no column "nme"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := definition.Load(reporttest.Folder("names", reporttest.Replaced(t, reporttest.SchoolNames, c.old, c.new)), "names")
			if run.ClassOf(err) != run.ClassInvalid || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if strings.Count(fmt.Sprint(err), "\n") > 1 {
				t.Errorf("more than a line a problem: %v", err)
			}
		})
	}
}

func TestLoadKnowsPeople(t *testing.T) {
	t.Parallel()
	if d := reporttest.Loaded(t, "names", reporttest.AboutPeople(t)); d.Retention != 168*time.Hour || d.Columns[1].Person != definition.Subject {
		t.Errorf("got %+v", d)
	}
	for _, c := range []struct{ old, new, want string }{
		{"person: subject", "person: pupil", `column name: person "pupil" is none of`},
		{"    personal: true\n", "", "column name: person is for personal columns"},
	} {
		_, err := definition.Load(reporttest.Folder("names", reporttest.Replaced(t, reporttest.AboutPeople(t), c.old, c.new)), "names")
		if !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestLoadListsAllProblems(t *testing.T) {
	t.Parallel()
	broken := reporttest.Replaced(t, reporttest.Replaced(t, reporttest.SchoolNames, `"1.0"`, `"one"`), "key: urn", "key: nr")
	_, err := definition.Load(reporttest.Folder("Names", broken, "spare.sql", "SELECT 1"), "Names")
	for _, want := range []string{`version "one"`, `key "nr"`, `report name "Names"`, "names the file spare.sql"} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("got %v, want %s in it", err, want)
		}
	}
}

func TestHashIsOfAllFiles(t *testing.T) {
	t.Parallel()
	withLeavers := reporttest.Replaced(t, reporttest.SchoolNames, "row: school", "row: school\nleavers: leavers.sql")
	first := reporttest.Loaded(t, "names", withLeavers, "leavers.sql", "SELECT 1")
	for name, other := range map[string]*definition.Definition{
		"another SQL file":   reporttest.Loaded(t, "names", withLeavers, "leavers.sql", "SELECT 2"),
		"another definition": reporttest.Loaded(t, "names", reporttest.Replaced(t, withLeavers, "are called", "were called"), "leavers.sql", "SELECT 1"),
	} {
		if other.Hash == first.Hash {
			t.Errorf("%s: the hash is the same", name)
		}
	}
	if again := reporttest.Loaded(t, "names", withLeavers, "leavers.sql", "SELECT 1"); again.Hash != first.Hash {
		t.Errorf("the same files: got %s, want %s", again.Hash, first.Hash)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	_, err := reports.Find("school_onbording")
	if run.ClassOf(err) != run.ClassInvalid || !strings.Contains(fmt.Sprint(err), "did you mean school_onboarding?") {
		t.Errorf("got %v, want the nearest name", err)
	}
}

// TestOriginalColumnsComeFirst fixes what others read by position or by name.
func TestOriginalColumnsComeFirst(t *testing.T) {
	t.Parallel()
	original := strings.Fields(`name urn school_type_name school_phase_type school_phase_name school_status_code school_status_name postcode
		administrative_district_code administrative_district_name nomination_email_opened_at induction_tutor_nominated tutor_nominated_time
		induction_tutor_signed_in induction_programme_choice in_partnership partnership_time partnership_challenge_reason
		partnership_challenge_time lead_provider delivery_partner chosen_cip active_participants pupil_premium sparsity`)
	d := reporttest.Onboarding(t)
	for i, want := range original {
		if got := d.Columns[i].Name; got != want {
			t.Errorf("column %d: got %s, want %s", i+1, got, want)
		}
	}
	for _, c := range d.Columns {
		if c.Name != "as_of" && len(c.Sources) == 0 {
			t.Errorf("column %s: it is not said what it is made from", c.Name)
		}
		if c.Personal {
			t.Errorf("column %s is personal", c.Name)
		}
	}
}
