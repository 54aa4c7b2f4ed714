package gias_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias"
	"cpd-jobs/jobs/guard"
	"cpd-jobs/reports/inputs"
)

func TestOneEstablishmentWithItsHistory(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	mustSync(t, db, gias.Args{Source: "testdata/sample"})
	mustSync(t, db, gias.Args{Source: "testdata/sample/ecf_tech_next.csv", Links: "testdata/sample/links_next.csv", Allow: guard.Allow{guard.All}})
	e, err := gias.Find(t.Context(), db, "990005")
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Values) != 32 || e.Values[4].Heading != "EstablishmentName" || *e.Values[4].Value != "Example Junior School" || *e.Values[10].Value != "31-03-2024" {
		t.Errorf("got values %+v", e.Values)
	}
	if len(e.Links) != 2 || e.Successor == nil || *e.Successor.Successor != "990006" || e.Successor.Kind != "simple" {
		t.Errorf("got links %+v, successor %+v", e.Links, e.Successor)
	}
	var events []string
	for _, c := range e.Changes {
		events = append(events, c.Event)
		if c.Event == "contact_changed" && *c.Old != "***" {
			t.Errorf("an address is shown: %s", *c.Old)
		}
	}
	if got := strings.Join(events, " "); !strings.Contains(got, "closed") || !strings.Contains(got, "link_added") {
		t.Errorf("got events %s", got)
	}
	open, err := gias.Find(t.Context(), db, "990001")
	if err != nil || *open.Values[21].Value != "***" {
		t.Errorf("the address of an open school: got %v, %v", open.Values[21].Value, err)
	}
	if _, err := gias.Find(t.Context(), db, "123456"); !errors.Is(err, gias.ErrNoEstablishment) {
		t.Errorf("got %v", err)
	}
}

// In the real register some addresses stand where a website should.
func TestAddressesAreMaskedInEveryColumn(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, website := range []string{"www.example.org", "head@school.example.org"} {
		mustSync(t, db, gias.Args{Source: register(t, headings(), schools(60, map[string]school{
			"100001": {"SchoolWebsite": website},
			"100002": {"SchoolWebsite": "The Link@Example"},
			"100003": {"TypeOfEstablishment (code)": "head@school.example.org"},
		}))})
	}
	e, err := gias.Find(t.Context(), db, "100001")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range e.Values {
		if v.Heading == "SchoolWebsite" && *v.Value != "***" {
			t.Errorf("a website that is an address: got %s", *v.Value)
		}
	}
	if len(e.Changes) != 1 || *e.Changes[0].Old != "www.example.org" || *e.Changes[0].New != "***" {
		t.Errorf("got changes %+v", e.Changes)
	}
	if e, err = gias.Find(t.Context(), db, "100002"); err != nil || *e.Values[20].Value != "The Link@Example" {
		t.Errorf("a name with an at: got %+v, %v", e.Values, err)
	}
	if n := count(t, db, "SELECT count(*) FROM gias.rejects WHERE urn = '100003' AND value LIKE '%@%'"); n != 0 {
		t.Error("a rejected row's address is on record")
	}
}

func TestChangesByFieldAndTime(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	mustSync(t, db, gias.Args{Source: "testdata/sample"})
	mustSync(t, db, gias.Args{Source: "testdata/sample/ecf_tech_next.csv", Allow: guard.Allow{guard.All}})
	for want, f := range map[int]gias.ChangeFilter{
		1: {Field: "EstablishmentName"},
		2: {Field: "EstablishmentStatus (code)"},
		0: {Since: time.Now().Add(time.Hour)},
		3: {Limit: 3},
	} {
		got, err := gias.Changes(t.Context(), db, f)
		if err != nil || len(got) != want {
			t.Errorf("%+v: got %d changes, %v, want %d", f, len(got), err, want)
		}
	}
	all, err := gias.Changes(t.Context(), db, gias.ChangeFilter{})
	if err != nil || len(all) < 4 {
		t.Fatalf("got %d changes, %v", len(all), err)
	}
	rest, err := gias.Changes(t.Context(), db, gias.ChangeFilter{Before: all[1].ID})
	if err != nil || len(rest) != len(all)-2 || rest[0].ID != all[2].ID {
		t.Errorf("the next page: got %d of %d, %v", len(rest), len(all), err)
	}
}

func TestCheckingASource(t *testing.T) {
	t.Parallel()
	c, err := gias.Check(t.Context(), "testdata/sample", source.Options{})
	if err != nil || len(c.Files) != 2 || c.Files[0].Layout != "ecf_tech, 32 columns" || len(c.Files[0].Missing) != 0 || c.Files[1].Layout != "links" {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := gias.Check(t.Context(), "testdata/sample/links.csv", source.Options{}); err == nil {
		t.Error("links in place of establishments pass")
	}
}

func TestASyncWaitsForARefreshThatReads(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	refresh, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := inputs.Share(t.Context(), refresh, inputs.GIAS); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := sync(t, db, gias.Args{Source: "testdata/sample"})
		done <- err
	}()
	for waiting := int64(0); waiting == 0; {
		select {
		case err := <-done:
			t.Fatalf("the sync did not wait: %v", err)
		default:
			waiting = count(t, db, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
		}
	}
	if n := count(t, db, "SELECT count(*) FROM gias.establishments"); n != 0 {
		t.Errorf("%d establishments are there while the refresh reads", n)
	}
	if err := refresh.Rollback(t.Context()); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("after the refresh: %v", err)
	}
}

func ExampleAllow() {
	var a guard.Allow
	_ = a.UnmarshalJSON([]byte(`"shrink,closures"`))
	fmt.Println(len(a), a[0], a[1])
	// Output: 2 shrink closures
}
