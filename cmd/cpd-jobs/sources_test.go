package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDeveloperLooksAtSources(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	sample, err := filepath.Abs(filepath.Join("..", "..", "jobs", "gias", "testdata", "sample"))
	if err != nil {
		t.Fatal(err)
	}
	flags := filepath.Join(t.TempDir(), "uplift_2024.csv")
	if err := os.WriteFile(flags, []byte("URN,Pupil Premium Incentive,Sparsity Incentive\n990001,1,0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "GIAS_SOURCE="+sample)
	for _, c := range []struct{ name, words string }{
		{"gias", "ecf_tech.csv: ecf_tech, 32 columns"}, {"gias", "links.csv: links"},
	} {
		if out := p.ok("sources", "check", c.name).stdout; !strings.Contains(out, c.words) {
			t.Errorf("sources check %s says\n%swant %q in it", c.name, out, c.words)
		}
	}
	p.fails(2, "set UPLIFT_SOURCE", "sources", "check", "uplift")
	p.fails(3, "cannot connect", "sources", "check", "cpd")
	if out := p.run("sources", "check").stdout; !strings.Contains(out, "uplift  not set") {
		t.Errorf("sources check says\n%swant it to say what is not set", out)
	}
	p.env = append(p.env, "UPLIFT_SOURCE="+flags)
	if out := p.ok("sources", "check", "uplift").stdout; !strings.Contains(out, "uplift_2024.csv: incentives") || !strings.Contains(out, "for 2024") {
		t.Errorf("sources check uplift says\n%s", out)
	}
	p.ok("run", "gias_sync", "--local")
	live := map[string]bool{}
	for _, s := range p.json("sources", "sources", "list") {
		live[s["name"].(string)] = s["live"] != nil
	}
	if len(live) != 3 || !live["gias"] || live["cpd"] {
		t.Errorf("sources list has live versions of %v, want gias's alone", live)
	}
}

func TestWhatASyncCouldNotUse(t *testing.T) {
	t.Parallel()
	drift := filepath.Join("..", "..", "..", "shared", "data", "gias", "drift")
	if _, err := os.Stat(drift); err != nil {
		t.Skipf("skipped: %s is not there", drift)
	}
	p := newPlace(t)
	p.ok("run", "gias_sync", "--local", "--arg", "source="+filepath.Join(drift, "duplicate-urn.csv"))
	list := p.json("rejects", "sources", "rejects", "gias")
	if len(list) != 2 || list[0]["kind"] != "row" || list[0]["reason"] != "stands twice with different content" {
		t.Errorf("got %v, want both rows of the URN", list)
	}
	if csv := p.ok("sources", "rejects", "gias", "--csv").stdout; strings.Count(csv, "\n") != 3 || !strings.HasPrefix(csv, "run,part,kind,line,urn,column,reason,value\n") {
		t.Errorf("as CSV: got %s", csv)
	}
	p.fails(2, "has no rows to reject", "sources", "rejects", "cpd")
	shown := p.json("profiles", "sources", "profile", "gias", "--column", "establishment_name")
	if len(shown) != 1 || shown[0]["rows"] != 13.0 {
		t.Errorf("profile: got %v, want one column of 13 rows", shown)
	}
	p.fails(2, "has no profile of a column", "sources", "profile", "gias", "--column", "nonsense")
}

func TestDeveloperAsksTheRegister(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	sample := filepath.Join("..", "..", "jobs", "gias", "testdata", "sample")
	p.ok("run", "gias_sync", "--local", "--arg", "source="+sample)
	p.ok("run", "gias_sync", "--local", "--arg", "source="+filepath.Join(sample, "ecf_tech_next.csv"),
		"--arg", "links="+filepath.Join(sample, "links_next.csv"), "--arg", "allow=all")
	shown := p.ok("register", "show", "990005").stdout
	for _, words := range []string{"Example Junior School", "successor", "990006", "contact_changed", "***"} {
		if !strings.Contains(shown, words) {
			t.Errorf("register show lacks %q:\n%s", words, shown)
		}
	}
	if strings.Contains(shown, "@") {
		t.Errorf("register show has an address:\n%s", shown)
	}
	renamed := p.json("changes", "register", "changes", "--field", "EstablishmentName", "--since", "2020-01-01T00:00:00Z")
	if len(renamed) != 1 || renamed[0]["event"] != "renamed" {
		t.Errorf("changes of names: got %v, want one", renamed)
	}
	if later := p.json("changes", "register", "changes", "--since", "2099-01-01T00:00:00Z"); len(later) != 0 {
		t.Errorf("changes since 2099: got %v", later)
	}
	p.fails(2, `did you mean "EstablishmentName"?`, "register", "changes", "--field", "EstablishmentNam")
	p.fails(2, "has the URN 123456", "register", "show", "123456")
}
