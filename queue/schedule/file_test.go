package schedule

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/run"
)

var update = flag.Bool("update", false, "write the golden files anew")

var november = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func TestEveryProblemOfAFileAtOnce(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("testdata", "wrong.yml"))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = Parse(raw, kindsForTest, november)
	if run.ClassOf(err) != run.ClassInvalid {
		t.Fatalf("class %s of %v, want %s", run.ClassOf(err), err, run.ClassInvalid)
	}
	golden := filepath.Join("testdata", "wrong.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, readErr := os.ReadFile(golden)
	if readErr != nil {
		t.Fatal(readErr)
	}
	if got := err.Error() + "\n"; got != string(want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if len(ProblemsOf(err)) != strings.Count(string(want), "\n")-1 {
		t.Errorf("ProblemsOf finds %d problems", len(ProblemsOf(err)))
	}
}

func one(entry string) []byte { return []byte("schedules:\n- {name: a, kind: probe, " + entry + "}\n") }

func TestOneProblem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, file, want string }{
		{"empty", "", "line 1: the file is empty"},
		{"only a comment", "# nothing\n", "line 1: the file is empty"},
		{"no list", "generation: 3\n", "line 1: the list schedules: is missing"},
		{"a list at the top", "- name: a\n", "line 1: the file must be keys and values"},
		{"a mapping for the list", "schedules: {name: a}\n", "line 1: schedules must be a list"},
		{"two documents", "schedules: []\n---\nschedules: []\n", "line 3: a second document begins here"},
		{"a tab", "schedules:\n\t- name: a\n", "line 2: no YAML: found character"},
		{"an open bracket", "schedules: [", "line 1: no YAML: "},
		{"an alias of nothing", "schedules:\n- *base\n", `line 2: no YAML: could not find alias "base"`},
		{"an alias of itself", "schedules: &a [*a]\n", "line 1: a schedule must be keys and values"},
		{"a merge of itself", "schedules:\n- &a\n  <<: *a\n", "no YAML: cannot find anchor by alias name a"},
		{"an alias within its own anchor", "schedules:\n- {name: a, kind: report_export, cron: '@daily', args: {columns: [&x [&y [q], *y]]}}\n", "argument columns holds an empty value"},
		{"a bare star", "schedules:\n- name: a\n  kind: probe\n  cron: */5 * * * * # often\n", "line 4: YAML cannot read a value that begins with *: put quotes round it, cron: '*/5 * * * *'"},
		{"a bare at", "schedules:\n- cron: @every 90s\n  name: a\n  kind: probe\n", "line 2: YAML cannot read a value that begins with @: put quotes round it, cron: '@every 90s'"},
		{"zone within cron", string(one(`cron: "TZ=UTC 0 6 * * *"`)), `the zone goes into timezone`},
		{"six fields", string(one(`cron: "0 0 6 * * *"`)), "six need seconds: true"},
		{"five fields with seconds", string(one(`seconds: true, cron: "0 6 * * *"`)), "5 fields found and 6 expected"},
		{"too large", string(one(`cron: "0 25 * * *"`)), `cron "0 25 * * *": end of range (25) above maximum (23): 25`},
		{"words", string(one(`cron: "a b c d e"`)), `cron "a b c d e": failed to parse int from a`},
		{"never", string(one(`cron: "0 0 30 2 *"`)), "never comes"},
		{"every nothing", string(one(`cron: "@every 0s"`)), "whole seconds"},
		{"a city", string(one(`timezone: Kathmandu, cron: "0 6 * * *"`)), "did you mean Asia/Kathmandu?"},
		{"wrong case", string(one(`timezone: europe/london, cron: "0 6 * * *"`)), "did you mean Europe/London?"},
		{"the machine's zone", string(one(`timezone: Local, cron: "0 6 * * *"`)), `no time zone is called "Local"`},
		{"a kind like another", "schedules:\n- {name: a, kind: gias_snc, cron: '0 6 * * *'}\n", "did you mean gias_sync?"},
		{"to follow an unknown kind", "schedules:\n- {name: a, kind: probe, after: {kind: cpdsync}}\n", `after: there is no kind "cpdsync"; did you mean cpd_sync?`},
		{"to follow oneself", "schedules:\n- {name: a, kind: probe, after: {kind: probe}}\n", "after goes round in a circle: probe -> probe"},
		{"an argument like another", string(one(`cron: "0 6 * * *", args: {row: 1}`)), `probe has no argument "row"; did you mean rows?`},
		{"an argument of a wrong type", string(one(`cron: "0 6 * * *", args: {rows: [1]}`)), "arguments of probe"},
		{"an argument twice", string(one(`cron: "0 6 * * *", args: {rows: 1, rows: 2}`)), `no YAML: mapping key "rows" already defined at`},
		{"a duration beyond what can be counted", string(one(`cron: "0 6 * * *", jitter: 99999d2000000h`)), "is no duration"},
		{"a duration without a unit", string(one(`cron: "0 6 * * *", jitter: 5`)), `jitter: "5" is no duration`},
		{"a list for a text", string(one(`cron: "0 6 * * *", overlap: [skip]`)), "overlap must be one plain value"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := Parse([]byte(test.file), kindsForTest, november)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if n := len(ProblemsOf(err)); n != 1 {
				t.Errorf("%d problems, want 1: %v", n, err)
			}
		})
	}
}

func parse(t testing.TB, text string) []Schedule {
	t.Helper()
	f, _, err := Parse([]byte(text), kindsForTest, november)
	if err != nil {
		t.Fatal(err)
	}
	return f.Schedules
}

func TestDefaultsAndForms(t *testing.T) {
	t.Parallel()
	got := parse(t, `
schedules:
- &base
  name: plain
  cron: 10 * * * *
  kind: probe
- name: "full"
  <<: *base
  timezone: 'America/New_York'
  seconds: "true"
  cron: "*/5 * * * * *"
  args: {rows: "3", note: 2025, sleep: 2s}
  catch_up: {policy: all, max_age: 1d12h, max_count: "7"}
  overlap: queue
  jitter: 90s
  deadline: 36h
  paused: true
- {name: follower, kind: report_export, args: {formats: "csv,xlsx", columns: [urn], where: {la: "301"}}, after: {kind: cpd_sync}}
- {name: weekly, cron: '@weekly', kind: housekeeping, args: }
`)
	raw, err := json.MarshalIndent(got, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`{"name":"plain","cron":"10 * * * *","timezone":"Europe/London","kind":"probe","args":{},"catch_up":{"policy":"latest"},"overlap":"skip"}`,
		`{"name":"full","cron":"*/5 * * * * *","timezone":"America/New_York","seconds":true,"kind":"probe","args":{"sleep":"2s","rows":3,"note":"2025"},"catch_up":{"policy":"all","max_age":"1d12h","max_count":7},"overlap":"queue","jitter":"1m30s","deadline":"1d12h","paused":true}`,
		``,
		`{"name":"weekly","cron":"@weekly","timezone":"Europe/London","kind":"housekeeping","args":{},"catch_up":{"policy":"latest"},"overlap":"skip"}`,
	} {
		one, err := json.Marshal(got[i])
		if err != nil {
			t.Fatal(err)
		}
		if want != "" && string(one) != want {
			t.Errorf("got  %s\nwant %s\n%s", one, want, raw)
		}
	}
}

func TestSpecSurvivesTheDatabase(t *testing.T) {
	t.Parallel()
	for _, s := range parse(t, shippedFile(t)) {
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back Schedule
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(back); string(again) != string(raw) {
			t.Errorf("got %s want %s", again, raw)
		}
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ entry, want string }{
		{`cron: "0 6 13 * 5"`, `line 2: schedule a: cron "0 6 13 * 5" restricts the day of month and the day of week: it runs on either, not on both`},
		{`cron: "30 1 * * *"`, `line 2: schedule a: cron "30 1 * * *" meets a change of the clocks: 01:30 does not come on 28 March 2027, its tick moves to 02:00
line 2: schedule a: cron "30 1 * * *" meets a change of the clocks: 01:30 comes twice on 31 October 2027, the first one counts`},
		{`cron: "*/20 1 * * *"`, `line 2: schedule a: cron "*/20 1 * * *" meets a change of the clocks: 01:00, 01:20, 01:40 do not come on 28 March 2027, one tick at 02:00 stands for them
line 2: schedule a: cron "*/20 1 * * *" meets a change of the clocks: 01:00 comes twice on 31 October 2027, the first one counts`},
		{`cron: "0 2 * * *"`, ""},
		{`cron: "59 0 * * *"`, ""},
		{`cron: "30 1 * 5 *"`, ""},
		{`cron: "*/5 * * * *"`, ""},
		{`cron: "*/5 * * * *", jitter: 5m`, "line 2: schedule a: jitter 5m is not shorter than the time between two ticks: runs may start out of order"},
		{`cron: "0 6 * * *", catch_up: {policy: none, max_age: 1h, max_count: 3}`, `line 2: schedule a: max_count has no effect under catch_up policy none
line 2: schedule a: max_age has no effect under catch_up policy none`},
		{`cron: "0 6 * * *", overlap: cancel_running`, ""},
		{`cron: "30 ? * * *"`, ""},
		{`cron: "0 6 * * *", overlap: cancel_running, catch_up: {policy: all}`, "line 2: schedule a: overlap cancel_running leaves only the newest of the ticks that catch_up all makes up"},
		{`after: {kind: cpd_sync}, timezone: UTC`, "line 2: schedule a: timezone has no effect where after is given"},
	} {
		_, warnings, err := Parse(one(test.entry), kindsForTest, november)
		if err != nil {
			t.Fatal(err)
		}
		if got := Problems(warnings).Error(); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.entry, got, test.want)
		}
	}
}

func shippedFile(t testing.TB) string {
	t.Helper()
	raw, err := os.ReadFile("../../jobs/schedules.yml")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// The real kinds read the file where they are joined with it, in the program's own test.
func TestShippedFile(t *testing.T) {
	t.Parallel()
	f, warnings, err := Parse([]byte(shippedFile(t)), kindsForTest, november)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v %v", err, warnings)
	}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	sim, err := Simulate(f.Schedules, SimulateOptions{From: from, To: from.AddDate(2, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	if len(sim.Notes) > 0 || len(sim.Clashes) > 0 {
		t.Errorf("clock changes %v, clashes %v: want neither", sim.Notes, sim.Clashes)
	}
}

func TestAliasBombIsBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("schedules:\n- {name: a, cron: '0 6 * * *', kind: report_export, args: {where: {a: &a [x, x, x, x, x, x, x, x]")
	for c := 'b'; c < 'm'; c++ {
		fmt.Fprintf(&b, ", %c: &%c [%s]", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 8), ", "))
	}
	b.WriteString("}}}\n")
	_, _, err := Parse([]byte(b.String()), kindsForTest, november)
	if err == nil || !strings.Contains(err.Error(), "more than 10000 values") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"testdata/wrong.yml", "../../jobs/schedules.yml"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte("schedules:\n- &a {name: a, <<: *a, args: {note: |\n  x\n}}"))
	f.Add([]byte("? [a]\n: 1"))
	f.Add([]byte("schedules: !!seq [!!str x, &a &b c]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, _, err := Parse(raw, kindsForTest, november)
		if err == nil {
			if _, err := Simulate(file.Schedules, SimulateOptions{From: november, To: november.Add(time.Hour)}); err != nil {
				t.Errorf("a checked file cannot be simulated: %v", err)
			}
			return
		}
		if len(ProblemsOf(err)) == 0 || run.ClassOf(err) != run.ClassInvalid {
			t.Errorf("no problems in %v", err)
		}
	})
}
