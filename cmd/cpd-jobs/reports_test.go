package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	demojobs "cpd-jobs/jobs/demo"
)

// ask reads one value of the product's database, or of the source with "--source".
func (p *place) ask(sql string, source ...string) (value string) {
	p.t.Helper()
	url := strings.TrimSpace(p.ok(append([]string{"db", "url"}, source...)...).stdout)
	conn, err := pgx.Connect(p.t.Context(), url)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = conn.Close(p.t.Context()) }()
	if err := conn.QueryRow(p.t.Context(), sql).Scan(&value); err != nil {
		p.t.Fatalf("%v\n%s", err, sql)
	}
	return value
}

// rename gives a school of the source another name, and brings the report up to it. It returns its URN.
func (p *place) rename() string {
	p.t.Helper()
	urn := p.ask(`UPDATE schools SET name = 'Renamed' WHERE urn = (SELECT min(urn) FROM schools WHERE school_status_code = 1
		AND school_type_code = 1) RETURNING urn`, "--source")
	p.ok("run", "cpd_sync", "--local")
	p.ok("run", "school_onboarding_refresh", "--local")
	return urn
}

// What people do when a report looks wrong, in order.
func TestAWrongReportIsExplainedAndWithdrawn(t *testing.T) {
	t.Parallel()
	p := newDemo(t)
	urn := p.rename()
	p.ok("run", "report_export", "--arg", "formats=csv", "--local")

	diff := p.json("differences", "reports", "diff", demojobs.Report)[0]
	if rows, _ := json.Marshal(diff["rows"]); diff["changed"] != 1.0 || !strings.Contains(string(rows), `"new":"Renamed"`) {
		t.Errorf("the difference is %v", diff)
	}
	if said := p.ok("reports", "diff", demojobs.Report, "--from", "1", "--urn", urn).stdout; !strings.Contains(said, "Renamed") || !strings.Contains(said, urn) {
		t.Errorf("the difference of one school is\n%s", said)
	}
	events := p.json("events", "reports", "history", demojobs.Report, "--urn", urn)
	if len(events) != 2 || events[0]["action"] != "added" || events[1]["action"] != "changed" || events[1]["key"] != urn {
		t.Errorf("the school's history is %v", events)
	}
	if refreshes := p.json("refreshes", "reports", "history", demojobs.Report); len(refreshes) != 2 {
		t.Errorf("the report's history is %v", refreshes)
	}
	p.fails(2, "neither a version nor an instant", "reports", "diff", demojobs.Report, "--from", "yesterday")
	p.fails(2, "did you mean school_onboarding?", "reports", "diff", "school_onbording")
	p.fails(2, "has no version 9", "reports", "withdraw", demojobs.Report, "9", "--why", "wrong")
	p.fails(2, "--why", "reports", "withdraw", demojobs.Report, "2")

	var done struct {
		Withdrawn           []int64
		Restored, Published int64
		Files               []string
	}
	said := p.ok("reports", "withdraw", demojobs.Report, "2", "--why", "a name was wrong", "--json").stdout
	if err := json.Unmarshal([]byte(said), &done); err != nil || fmt.Sprint(done.Withdrawn) != "[2]" || done.Restored != 1 || done.Published != 3 || len(done.Files) != 1 {
		t.Errorf("withdrawing says %s (%v)", said, err)
	}
	for _, e := range p.json("exports", "exports", "list") {
		if e["version"] != 1.0 {
			t.Errorf("listed is a file of version %v", e["version"])
		}
	}
	if name := p.ask("SELECT name FROM reports.school_onboarding WHERE urn = '" + urn + "'"); name == "Renamed" {
		t.Error("the wrong name is still there")
	}
	if shown := p.ok("reports", "show", demojobs.Report).stdout; !strings.Contains(shown, "withdrawn: a name was wrong") || !strings.Contains(shown, "version 1 again") {
		t.Errorf("shown is\n%s", shown)
	}
	p.fails(1, "a name was wrong", "run", "school_onboarding_refresh", "--local")
	if said := p.ok("reports", "migrate", demojobs.Report).stdout; !strings.Contains(said, "nothing to do") {
		t.Errorf("migrating what fits says %s", said)
	}
}

func TestShownReportIsFreshAndSaysWhereColumnsComeFrom(t *testing.T) {
	t.Parallel()
	p := newDemo(t)
	shown := p.json("reports", "reports", "show", demojobs.Report)[0]
	fresh, _ := shown["freshness"].(map[string]any)
	if fresh["target_seconds"] != 10800.0 || fresh["stale"] != false || fresh["age_seconds"] == nil {
		t.Errorf("freshness: %v", fresh)
	}
	lineage, _ := json.Marshal(shown["lineage"])
	if !strings.Contains(string(lineage), `{"column":"name","heading":"School name","sources":["cpd.schools.name"]}`) {
		t.Errorf("lineage: %.300s", lineage)
	}
}

func TestAPersonIsErased(t *testing.T) {
	t.Parallel()
	p := newDemo(t)
	for _, report := range []string{"induction_tutors", "participants", "declarations"} {
		p.ok("reports", "refresh", report, "--local")
	}
	const who = "(SELECT email FROM restricted.participants WHERE mentor_id IS NOT NULL ORDER BY email LIMIT 1)"
	email, id := p.ask("SELECT "+who), p.ask("SELECT participant_id FROM restricted.participants WHERE email = "+who)
	count := func() string {
		return p.ask("SELECT (SELECT count(*) FROM restricted.participants WHERE email = '" + email + "') + (SELECT count(*) FROM restricted.cpd_users WHERE id = '" + id + "') || ''")
	}
	erase := func(args ...string) result {
		var out, talk strings.Builder
		cmd := p.command(append([]string{"reports", "erase", "--email", "--why", "request 17", "--json"}, args...)...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(email+"\n"), &out, &talk
		_ = cmd.Run()
		return result{cmd.ProcessState.ExitCode(), out.String(), talk.String()}
	}
	if r := erase("--dry-run"); r.status != 0 || !strings.Contains(r.stdout, `"restricted.participants": 1`) || count() != "2" {
		t.Errorf("dry run: %+v, then %s rows, want 2 still", r, count())
	}
	if r := erase(); r.status != 0 || count() != "0" {
		t.Errorf("erased: %+v, then %s rows, want none", r, count())
	}
	if r := erase(); r.status != 2 || strings.Contains(r.stderr, email) {
		t.Errorf("again: %+v, want it to know no person, and not say whom", r)
	}
	if why := p.ask("SELECT string_agg(why, ', ') FROM restricted.erasures"); why != "request 17" {
		t.Errorf("recorded are erasures for %s", why)
	}
	p.fails(2, "by one of user", "reports", "erase", "--why", "request 18")
	p.fails(2, "no UUID", "reports", "erase", "--user", "somebody", "--why", "request 18")
}
