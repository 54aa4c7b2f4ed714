package web

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/queue"
	"cpd-jobs/queue/schedule"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/figures"
	"cpd-jobs/reports/versions"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// samples has each page's data with everything that its template can show, and with as little as there can be.
func samples() map[string]content {
	later := noon.Add(90 * time.Second)
	job := queue.Job{
		ID: 12, RunID: 7, Kind: "cpd_sync", State: "retryable", Attempt: 2, MaxAttempts: 5, Queue: "syncs",
		Args: json.RawMessage(`{"source":"a b"}`), Result: json.RawMessage("null"), StartedBy: "person ann@laptop",
		CreatedAt: noon, ScheduledAt: later, StartedAt: &noon, FinishedAt: &later, TakenOverBy: 13,
		Errors: []queue.JobError{{Attempt: 1, At: later, Error: "no <answer>", Trace: "main.go:1"}},
		Steps: []queue.Step{
			{Attempt: 1, Name: "copy", State: "failed", Unit: "rows", RowsIn: 5, StartedAt: noon, FinishedAt: &later},
			{Attempt: 2, Name: "copy", State: "running", Unit: "bytes", Done: 3, Total: 9, StartedAt: later},
		},
	}
	lines := make([]queue.LogLine, logsPerPage)
	for i := range lines {
		lines[i] = queue.LogLine{ID: int64(i), At: noon, Level: "info", Message: "copied", Attrs: json.RawMessage(`{"rows":5}`)}
	}
	file := attachment{
		Export: exports.Export{ID: 3, Name: "f.csv", Format: "csv", Size: 9, Rows: 1, Version: 2, AsOf: noon, CreatedAt: noon, SHA256: "ab"},
		As:     formatOf("csv"), Title: "School onboarding (CSV)", Href: "/f",
	}
	fresh := freshness{Refreshed: true, AsOf: noon, PublishedAt: noon, Age: time.Hour, Target: 30 * time.Minute, Late: true, Rows: 5, Noun: "Schools"}
	reached, share := int64(5), 1.0
	shown, err := reports.Find("school_onboarding")
	if err != nil {
		panic(err)
	}
	chart := newFunnel(shown, []figures.Stage{{Value: "contacted", Here: 2, Reached: &reached, Share: &share}, {Value: "no_ects", Here: 1}}, "all")
	choices := []option{{Text: "all schools", Current: true}, {Text: "others", Href: "/o"}}
	table := figureTable{By: "Region", Names: []string{"Region", "And"}, Heads: []string{"Schools"}, Lines: []figureLine{{Name: "n", Href: "/h", More: []string{"m"}, Cells: []string{"1"}}}}
	return map[string]content{
		"report list":              reportsPage{Reports: []reportLine{{Name: "a", Title: "A", About: "a", Href: "/a", Freshness: fresh, Files: []attachment{file, file}}, {Name: "b", Title: "B", Href: "/b"}}},
		"empty report list":        reportsPage{},
		"report":                   wholeReport(shown, fresh, file, chart),
		"report without refreshes": reportPage{Title: "A"},
		"breakdown":                breakdownPage{Title: "A", Report: "/r", By: "Region", About: "a", Ways: choices, Groups: choices, Figures: table},
		"versions":                 versionsPage{Title: "A", Noun: "Schools", Runs: true, Versions: someVersions(file), Older: "/o"},
		"no versions":              versionsPage{Title: "A"},
		"changes":                  differencesPage{Title: "A", Noun: "school", From: "1", To: "2", Between: &versions.Difference{Rows: make([]versions.RowDifference, 1)}, Actions: actionChoices("added"), Columns: []choice{{Text: "Any column"}}, Counts: []columnCount{{Title: "t", Href: "/t", Rows: 1}}, Found: 1, Lines: []differenceLine{{Key: "1", Name: "n", Href: "/s", Action: "removed: closed"}, {Key: "2", Name: "2", Action: "changed", Cells: []differenceCell{{Title: "t", New: "n"}}}}, Next: "/n", Start: "/s", CSV: "/c"},
		"no changes":               differencesPage{Title: "A", Between: &versions.Difference{}},
		"changes of nonsense":      differencesPage{Title: "A", Problem: "p"},
		"dictionary":               dictionaryPage{Title: "A", Facts: []fact{{Key: "k", Text: "t"}}, Picture: "/p", Columns: []definition.Column{{Name: "n", Title: "t", Type: "text", Unit: "u", Sources: []string{"a.b.c", "d.e.f"}, Personal: true}}, Views: []viewMeaning{{Title: "t", Columns: []nameMeaning{{"n", "a"}}}}},
		"share link":               linkPage{Title: "A", Name: "f.csv", Address: "https://reports.example.com/shared/a/f.csv", Until: noon, Back: "/b"},
		"backfills": backfillsPage{Said: "s", May: true, Backfills: []queue.BackfillInfo{
			{ID: 1, Schedule: "cpd", State: "set_aside", Reason: "r", From: noon, To: noon, DoneTo: noon, By: "b"}, {ID: 2, State: "paused"}, {ID: 3, State: "finished"}}},
		"no backfills":            backfillsPage{},
		"tokens":                  tokensPage{Said: "s", Tokens: []tokenLine{{Token: access.Token{Name: "n", Roles: []string{"analyst"}, RevokedAt: &noon, RevokedBy: new(string), LastUsedAt: &noon}, State: "revoked"}, {State: "good", Href: "/t"}}},
		"no tokens":               tokensPage{},
		"cookies":                 cookiesPage{Asked: true, Said: "yes", Saved: "/", Problem: "p", Essential: []cookieLine{{"n", "p", "e", "b"}}, Analytics: []cookieLine{{"n", "p", "e", "b"}}},
		"no cookies":              cookiesPage{},
		"accessibility":           accessibilityPage{Service: service, Contact: &option{Text: "reports@example.com", Href: "mailto:reports@example.com"}},
		"accessibility of nobody": accessibilityPage{Service: service},
		"runs":                    runsPage{Filter: "jobs", Kinds: stateChoices("probe"), RunID: 7, States: stateChoices("running"), Jobs: []jobLine{{Job: job, Took: "1 s"}}, Older: "/runs?before=2"},
		"empty runs":              runsPage{States: stateChoices("")},
		"run":                     newRunPage(job, lines, later),
		"run that has not begun":  newRunPage(queue.Job{ID: 1, Kind: "probe", State: "available"}, nil, noon),
		"run that is watched":     runPage{Job: queue.Job{ID: 1, Kind: "probe", State: "running"}, Said: "s", May: true, Events: "/e"},
		"schedules":               schedulesPage{Held: 2, Schedules: []scheduleLine{{ScheduleInfo: queue.ScheduleInfo{Schedule: schedule.Schedule{Name: "register"}, NextTick: &noon, Paused: true}, Href: "/s", When: "w", Strip: newStrip([]tickLine{{Outcome: tickRan}})}}},
		"no schedules":            schedulesPage{},
		"schedule":                schedulePage{Said: "s", May: true, Facts: []fact{{Key: "k", Text: "t"}}, Ticks: []tickLine{{Outcome: tickLate, Why: "w", TickJob: queue.TickJob{JobID: new(int64)}}}, Next: []schedule.Coming{{Tick: noon, Change: &schedule.Change{}}}},
		"queues":                  queuesPage{Queues: []queueLine{{QueueInfo: queue.QueueInfo{Queue: "syncs", Oldest: &noon}}}, Workers: []workerLine{{}}},
		"no workers":              queuesPage{},
		"confirm":                 confirmPage{Title: "Cancel job 1", Text: []string{"t"}, Warning: "w", Fields: []field{pauses(), {Name: "note", Label: "l", Hint: "h"}}, Hidden: []hidden{{"a", "b"}}, Method: "post", Action: "/a", Button: "b", Risky: true, Back: "/b", Problem: "p"},
		"audit":                   auditPage{Lines: []auditLine{{access.Recorded{At: noon, Actor: "a", Detail: json.RawMessage(`{"a":1}`)}}}, Older: "/o"},
		"no audit":                auditPage{},
		"explore":                 explorePage{Title: "A", SearchLabel: "Name", Problem: "p", Search: "s", Filters: []filter{{Name: "n", Label: "l", Choices: []choice{{Text: "Any"}}}}, Filtered: true, Rows: 1, Heads: []sortHead{{Title: "t", Order: "descending"}}, Lines: []rowLine{{Href: "/h", Title: "t", Cells: []cell{{HTML: "c"}}}}, First: "/f", Next: "/n", CSV: "/c", Asks: []hidden{{"a", "b"}}, Formats: []choice{{Value: "xlsx"}}, Sort: "-a"},
		"nothing to explore":      explorePage{Title: "A", Noun: "school", SearchLabel: "Name"},
		"file":                    filePage{Title: "A", Finished: true, Files: []attachment{file}, Part: []fact{{Key: "k", Text: "t"}}},
		"file that failed":        filePage{Title: "A", Finished: true, Failed: true},
		"school":                  rowPage{Name: "S", Back: choices[1], Key: "1", KeyTitle: "URN", AsOf: &noon, Columns: []columnLine{{Title: "t", About: "a"}}, History: []changeLine{{At: noon, What: "w", Version: 2}}, Register: []fact{{Key: "k", Text: "t"}}, Links: []linkLine{{Href: "/2", Name: "n", Day: "d"}}, RegisterChange: []changeLine{{At: noon}}},
		"school that left":        rowPage{Name: "S", Back: choices[1], Gone: true, Absent: "a"},
		"docs":                    docsPage{},
		"signed out":              signedOutPage{Provider: "https://id.example.com/end"},
		"not found":               problem{Status: 404, Detail: "d"},
		"failure":                 problem{Status: 500, Reference: "R"},
	}
}

func someVersions(file attachment) []versionLine {
	why := "wrong <file>"
	return []versionLine{
		{Version: versions.Version{Version: 3, AsOf: noon, RunID: 7, Restores: new(int64)}, Changes: "/c", Files: []attachment{file}},
		{Version: versions.Version{Version: 2, AsOf: noon, WithdrawnWhy: &why}},
	}
}

func wholeReport(shown *definition.Definition, fresh freshness, file attachment, chart *funnel) reportPage {
	choices := []option{{Text: "all schools", Current: true}, {Text: "others", Href: "/o"}}
	return reportPage{
		Title: "A", About: "a", Explore: "/e", Noun: "Schools", Freshness: fresh, Restricted: true, Runs: true,
		Stopped:   &versions.Stop{At: noon, About: "a", Offending: 3, Of: 9, RunID: 7},
		Withdrawn: &withdraw{Version: 2, Restored: 1, At: noon, Why: "w"},
		Checks:    newChecks([]definition.Check{{Name: "a", About: "a", Level: "error"}}, []versions.CheckResult{{Name: "a", About: "a", Offending: 1, Of: 2}}),
		Files:     []attachment{file}, FilesNote: "n", Missing: []choice{{Value: "ods", Text: "t", Selected: true}}, Contact: &choices[1], Latest: latestChanges{Href: "/c", Changed: 3}, Groups: choices, Funnel: chart,
		Trend:   newTrend(shown, []figures.Day{{Day: noon, Counts: []int64{5, 4, 3, 2, 1}}, {Day: noon.AddDate(0, 0, -3), Counts: []int64{4, 3, 2, 1, 0}}}),
		Figures: &figureTable{By: "Region"}, Ways: choices,
		Inputs:   []inputLine{{Title: "CPD service", InputUsed: versions.InputUsed{AsAt: noon, Rows: 5, Version: 1}}},
		Versions: someVersions(file), Older: "/o",
	}
}

func TestEveryTemplateTakesItsType(t *testing.T) {
	t.Parallel()
	p := newPages(packedAssets(), "1.2.3", false)
	shown := map[string]bool{"layout.html": true, "parts.html": true}
	for name, c := range samples() {
		body, err := p.html(c, layout{Visitor: access.ThisMachine})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		shown[c.Page().Template] = true
		if want := "<title>" + c.Page().Title + " – CPD reports</title>"; !strings.Contains(string(body), want) {
			t.Errorf("%s has no %s", name, want)
		}
		if !strings.Contains(string(body), "No sign-in is configured") {
			t.Errorf("%s does not say that no sign-in is configured", name)
		}
		if strings.Contains(string(body), "ZgotmplZ") || strings.Contains(string(body), "<no value>") {
			t.Errorf("%s shows a value that its template does not take:\n%s", name, body)
		}
	}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !shown[path.Base(f)] {
			t.Errorf("%s has no sample", f)
		}
	}
}

func TestTextFromDataIsEscaped(t *testing.T) {
	t.Parallel()
	body, err := newPages(packedAssets(), "1", false).html(samples()["run"], layout{Visitor: access.ThisMachine})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), "no &lt;answer&gt;") || strings.Contains(string(body), "no <answer>") {
		t.Error("an error's text is not escaped")
	}
	if strings.Contains(string(body), "main.go:1") {
		t.Error("the page shows a stack")
	}
}

func TestPolicyAllowsTheOneInlineScriptOfEveryPage(t *testing.T) {
	t.Parallel()
	p := newPages(packedAssets(), "1", false)
	inline := regexp.MustCompile(`(?s)<script>(.*?)</script>`)
	for name, c := range samples() {
		body, err := p.html(c, layout{Visitor: access.ThisMachine})
		if err != nil {
			t.Fatal(err)
		}
		found := inline.FindAllSubmatch(body, -1)
		if len(found) != 1 {
			t.Fatalf("%s has %d inline scripts, want 1", name, len(found))
		}
		sum := sha256.Sum256(found[0][1])
		if got := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; got != inlineScriptHash {
			t.Errorf("%s: the inline script's hash is %s, the policy allows %s", name, got, inlineScriptHash)
		}
		if regexp.MustCompile(`<[^>]+\s(style|on[a-z]+)=`).Match(body) {
			t.Errorf("%s has an inline style or handler, which the policy blocks", name)
		}
	}
	if !strings.Contains(securityHeaders["Content-Security-Policy"], inlineScriptHash) {
		t.Error("the policy does not name the hash")
	}
}
