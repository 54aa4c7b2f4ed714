package gias_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias"
)

// listed is ecf_tech_next.changes.json: every difference between two national registers and their links.
type listed struct {
	Changes []struct {
		URN    string
		Action string
		Fields map[string][2]string
		Events []struct{ Kind string }
	}
	Links struct {
		Added, Removed []map[string]string
		Changed        []struct{ From, To map[string]string }
	}
}

func TestTwoNationalRegistersGiveExactlyTheirDifferences(t *testing.T) {
	t.Parallel()
	want := readListed(t)
	db := pgtest.New(t)
	march := gias.Args{Source: sharedData(t, "gias", "ecf_tech.csv.gz"), Links: sharedData(t, "gias", "links-20240312.csv.gz")}
	may := gias.Args{Source: sharedData(t, "gias", "ecf_tech_next.csv.gz"), Links: sharedData(t, "gias", "links_next.csv.gz")}

	outcome, first := mustSync(t, db, march)
	if !outcome.Changed || outcome.Version != 1 || first.Establishments.Added != 40_968 || first.Links.Added != 32_359 {
		t.Errorf("first sync: got %+v, %+v, %+v", outcome, first.Establishments, first.Links)
	}
	if n := count(t, db, "SELECT count(*) FROM gias.changes"); n != 0 {
		t.Errorf("the first sync wrote %d changes, want none", n)
	}

	before := fingerprint(t, db)
	dry, err := gias.Sync(t.Context(), &run.Local{Dry: true}, db, source.Options{}, may)
	if err != nil {
		t.Fatalf("dry run: %v", err)
	}
	requireUntouched(t, db, before)

	_, second := mustSync(t, db, may)
	if diff := cmp.Diff(want.establishments(), storedChanges(t, db, false)); diff != "" {
		t.Errorf("differences between establishments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.links(), storedChanges(t, db, true)); diff != "" {
		t.Errorf("differences between links (-want +got):\n%s", diff)
	}
	requireEvents(t, second, want)
	dryRun := dry.Summary.(gias.Summary)
	dryRun.DryRun = false
	if diff := cmp.Diff(second, dryRun); diff != "" {
		t.Errorf("the dry run said otherwise (-real +dry):\n%s", diff)
	}

	before = fingerprint(t, db)
	again, summary := mustSync(t, db, may)
	if again.Changed || again.Version != 2 || !strings.Contains(summary.Note, "nothing was written") {
		t.Errorf("same files again: got %+v", again)
	}
	requireUntouched(t, db, before)
}

func requireUntouched(t *testing.T, db *pgxpool.Pool, before string) {
	t.Helper()
	if after := fingerprint(t, db); after != before {
		t.Errorf("the database changed:\n%s\nwas\n%s", after, before)
	}
}

// requireEvents compares the kinds of event with those that the list names. It calls four rows proposed closures in
// which only a date changed; the register does not say more, so nor can the sync.
func requireEvents(t *testing.T, got gias.Summary, want listed) {
	t.Helper()
	kinds := map[string]int64{}
	for _, c := range want.Changes {
		for _, e := range c.Events {
			if _, ok := c.Fields["EstablishmentStatus (code)"]; ok || e.Kind != "proposed_closure" {
				kinds[e.Kind]++
			}
		}
	}
	for event, kind := range map[string]string{
		"closed": "closure", "opened": "opening", "proposed_to_close": "proposed_closure", "proposed_to_open": "proposed_opening",
		"renamed": "rename", "gone": "row_gone", "type_changed": "type_change", "section_41_changed": "section_41_change",
	} {
		if got.Events[event] != kinds[kind] {
			t.Errorf("event %s: got %d, want %d (%s)", event, got.Events[event], kinds[kind], kind)
		}
	}
	for _, event := range []string{"reopened", "closure_withdrawn", "returned", "added"} {
		if got.Events[event] != 0 {
			t.Errorf("event %s: got %d, want none", event, got.Events[event])
		}
	}
}

func readListed(t *testing.T) listed {
	t.Helper()
	raw, err := os.ReadFile(sharedData(t, "gias", "ecf_tech_next.changes.json"))
	if err != nil {
		t.Fatal(err)
	}
	var l listed
	if err := json.Unmarshal(raw, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

// establishments are the listed differences in the change log's terms.
func (l listed) establishments() []string {
	var lines []string
	for _, c := range l.Changes {
		switch c.Action {
		case "added":
			lines = append(lines, change(c.URN, "", "URN", "", c.URN))
		case "removed":
			lines = append(lines, change(c.URN, "", "URN", c.URN, ""))
		}
		for field, v := range c.Fields {
			lines = append(lines, change(c.URN, "", field, v[0], v[1]))
		}
	}
	slices.Sort(lines)
	return lines
}

func (l listed) links() []string {
	var lines []string
	differ := func(from, to map[string]string) {
		key := from
		if key == nil {
			key = to
		}
		for _, field := range slices.Sorted(maps.Keys(key)) {
			if field != "URN" && from[field] != to[field] {
				lines = append(lines, change(key["URN"], key["LinkURN"], field, from[field], to[field]))
			}
		}
	}
	for _, link := range l.Links.Added {
		differ(nil, link)
	}
	for _, link := range l.Links.Removed {
		differ(link, nil)
	}
	for _, link := range l.Links.Changed {
		differ(link.From, link.To)
	}
	slices.Sort(lines)
	return lines
}

func change(urn, linkURN, field, from, to string) string {
	return fmt.Sprintf("%s %s %s: %q to %q", urn, linkURN, field, strings.TrimSpace(from), strings.TrimSpace(to))
}

func storedChanges(t *testing.T, db *pgxpool.Pool, links bool) []string {
	t.Helper()
	rows, _ := db.Query(t.Context(), `
		SELECT urn, coalesce(link_urn, ''), field, coalesce(old, ''), coalesce(new, '')
		FROM gias.changes WHERE (link_urn IS NOT NULL) = $1`, links)
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		var urn, linkURN, field, from, to string
		err := row.Scan(&urn, &linkURN, &field, &from, &to)
		return change(urn, linkURN, field, from, to), err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}
