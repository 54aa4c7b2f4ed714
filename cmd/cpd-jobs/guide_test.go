package main

import (
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGuideAddsAReport does what docs/guides/add-a-report.md says, word for word, in a checkout of its own: writes the
// files that the guide shows, and runs its commands.
func TestGuideAddsAReport(t *testing.T) {
	t.Parallel()
	p := newDemo(t)
	dir := p.followGuide("add-a-report.md")
	const name = "schools_without_tutor"
	next := exec.CommandContext(t.Context(), filepath.Join(dir, "bin", "cpd-jobs"), "schedules", "next")
	next.Env = p.env
	if out, err := next.Output(); err != nil || !strings.Contains(string(out), "schools-without-tutor") {
		t.Errorf("it is not scheduled (%v):\n%s", err, out)
	}
	if rows := p.ask("SELECT count(*)::text FROM reports." + name); rows == "0" {
		t.Error("the report is empty")
	}
	if schools := p.ask("SELECT (SELECT sum(schools) FROM reports." + name + "_by_phase) - (SELECT count(*) FROM reports." + name + ") || ''"); schools != "0" {
		t.Errorf("its summary counts %s schools more", schools)
	}
	files := p.ask("SELECT string_agg(format, ' ' ORDER BY format) FROM reports.exports WHERE report = '" + name + "'")
	if files != "csv xlsx" {
		t.Errorf("exported are %q, want csv and xlsx", files)
	}
	p.program = filepath.Join(dir, "bin", "cpd-jobs")
	url := p.serveUntilTheEnd()
	for path, want := range map[string][]string{
		"/reports/schools-without-tutor": {
			"How often schools were written to</h2>", "Written to more than once", "The last 90 days</h2>", "Without a tutor</th>", "By phase</h2>",
		},
		"/reports/schools-without-tutor/by/phase":                                            {"by phase</h1>", "/explore?phase=", "%</td>"},
		"/reports/schools-without-tutor/explore?written_to=(none)":                           {"0 schools", "School name or URN", "Written to once</option>"},
		"/reports/schools-without-tutor/rows/" + p.ask("SELECT min(urn) FROM reports."+name): {"Came into the report", "Written to"},
	} {
		page := fetched(t, url+path)
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("%s does not say %q", path, text)
			}
		}
	}
	for _, file := range []string{".md", ".html", ".svg"} {
		text, err := os.ReadFile(filepath.Join(dir, "docs", "reports", name+file))
		if err != nil || !strings.Contains(string(text), "last_contacted_at") {
			t.Errorf("the dictionary's %s: %v", name+file, err)
		}
	}
}

// TestGuideAddsAJob does what docs/guides/add-a-job.md says: the job's own tests pass, and it runs on its schedule's
// arguments.
func TestGuideAddsAJob(t *testing.T) {
	t.Parallel()
	p := newDemo(t)
	dir := p.followGuide("add-a-job.md")
	if got := p.ask("SELECT count(DISTINCT run_id) || ' ' || (count(*) > 1) FROM queue.table_sizes"); got != "1 true" {
		t.Errorf("runs that left sizes, and whether of several tables: %q, want \"1 true\"", got)
	}
	next := exec.CommandContext(t.Context(), filepath.Join(dir, "bin", "cpd-jobs"), "schedules", "next")
	next.Env = p.env
	if out, err := next.Output(); err != nil || !strings.Contains(string(out), "table-sizes") {
		t.Errorf("it is not scheduled (%v):\n%s", err, out)
	}
}

// TestGuideAddsAPage does what docs/guides/add-a-page.md says, and opens the page.
func TestGuideAddsAPage(t *testing.T) {
	t.Parallel()
	p := newDemo(t)
	dir := p.followGuide("add-a-page.md")
	pages := startPagesOf(t, filepath.Join(dir, "bin", "cpd-jobs"), append(p.env, "PORT=0", "LOG_FORMAT=json")...)
	answer, err := http.Get(pages.address + "/table-sizes")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	page, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(page), ">school_onboarding</th>") {
		t.Errorf("status %d, %v, without a row for school_onboarding:\n%s", answer.StatusCode, err, page)
	}
}

// followGuide writes the files that a guide shows and runs its commands, in a checkout of its own whose folder it
// returns.
func (p *place) followGuide(name string) (dir string) {
	p.t.Helper()
	needs(p.t, "bash", "make")
	dir = checkout(p.t)
	p.env = append(p.env, "GOFLAGS="+goEnv(p.t, "GOFLAGS"), "GOCACHE="+goEnv(p.t, "GOCACHE"), "GOMODCACHE="+goEnv(p.t, "GOMODCACHE"))
	for _, b := range guideBlocks(p.t, filepath.Join(docs, "guides", name)) {
		if b.file != "" {
			put(p.t, filepath.Join(dir, b.file), b.text)
			continue
		}
		command := exec.CommandContext(p.t.Context(), "bash", "-euo", "pipefail", "-c", b.text)
		command.Dir, command.Env = dir, p.env
		if out, err := command.CombinedOutput(); err != nil {
			p.t.Fatalf("%v\n%s\n%s", err, b.text, out)
		}
	}
	return dir
}

// fetched is the body of a page that is there.
func fetched(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d (%v)", url, res.StatusCode, err)
	}
	return string(body)
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// checkout copies the sources, and the program that was built of them.
func checkout(t *testing.T) string {
	t.Helper()
	from, to := filepath.Join("..", ".."), t.TempDir()
	for _, name := range []string{"cmd", "internal", "jobs", "migrations", "queue", "reports", "web", "go.mod", "go.sum", "Makefile"} {
		err := filepath.WalkDir(filepath.Join(from, name), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			put(t, filepath.Join(to, strings.TrimPrefix(path, from)), string(text))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// A copy: the guide builds it anew, and other tests use the one there is.
	binary, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(to, "bin", "cpd-jobs"), string(binary))
	if err := os.Chmod(filepath.Join(to, "bin", "cpd-jobs"), 0o755); err != nil {
		t.Fatal(err)
	}
	return to
}

// put writes a file; what is for the end of the schedules goes there.
func put(t *testing.T, path, text string) {
	t.Helper()
	if strings.HasSuffix(path, "schedules.yml") {
		if before, err := os.ReadFile(path); err == nil {
			text = string(before) + text
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// guideBlock is a fenced block of the guide: commands, or what the text before it says to write into a file.
type guideBlock struct{ text, file string }

var named = regexp.MustCompile("`((?:reports|jobs|migrations|web)/[a-z0-9_/]+\\.(?:yml|sql|go|html))`")

func guideBlocks(t *testing.T, path string) (list []guideBlock) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "```")
	for i := 1; i < len(parts); i += 2 {
		language, body, _ := strings.Cut(parts[i], "\n")
		b := guideBlock{text: body}
		if language != "sh" {
			files := named.FindAllStringSubmatch(parts[i-1], -1)
			if len(files) == 0 {
				t.Fatalf("the guide does not say where this goes:\n%s", body)
			}
			b.file = files[len(files)-1][1]
		}
		list = append(list, b)
	}
	if len(list) < 3 {
		t.Fatalf("the guide has %d blocks to follow, which cannot be all", len(list))
	}
	return list
}
