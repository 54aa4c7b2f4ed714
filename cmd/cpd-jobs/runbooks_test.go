package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"cpd-jobs/internal/pg"
)

const docs = "../../docs"

// block is one fenced block of commands on a page.
type block struct {
	page     string
	line     int
	runnable bool // the test runs it
	text     string
}

var fence = regexp.MustCompile("(?m)^```(sh|sh run)\n((?s:.*?))^```$")

// blocks finds the commands on the pages that a pattern names.
func blocks(t *testing.T, pattern string) (list []block) {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(docs, pattern))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages at %s (%v)", pattern, err)
	}
	for _, name := range pages {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range fence.FindAllSubmatchIndex(text, -1) {
			list = append(list, block{
				page: filepath.Base(name), line: 2 + bytes.Count(text[:at[0]], []byte("\n")),
				runnable: string(text[at[2]:at[3]]) == "sh run", text: string(text[at[4]:at[5]]),
			})
		}
	}
	return list
}

// placeholders are what the variables on the pages stand for.
var placeholders = map[string]string{"JOB": "1", "EXPORT": "1", "URL": "http://127.0.0.1:8080", "WORK": "/tmp"}

// TestEveryCommandOnThePagesIsRight parses each with the program's own parser.
func TestEveryCommandOnThePagesIsRight(t *testing.T) {
	t.Parallel()
	found, parser := 0, newParser(t)
	for _, pattern := range []string{"runbooks/*.md", "guides/*.md", "service-manual.md", "../README.md", "../deploy/*.md"} {
		if matches, _ := filepath.Glob(filepath.Join(docs, pattern)); len(matches) == 0 {
			continue
		}
		for _, b := range blocks(t, pattern) {
			for i, line := range strings.Split(b.text, "\n") {
				for _, command := range commandsIn(line) {
					found++
					if _, err := parser.Parse(command); err != nil {
						t.Errorf("%s:%d: cpd-jobs %s: %v", b.page, b.line+i, strings.Join(command, " "), err)
					}
				}
			}
		}
	}
	if found < 80 {
		t.Errorf("only %d commands were found", found)
	}
}

// newParser is the program's own, which runs nothing.
func newParser(t *testing.T) *kong.Kong {
	t.Helper()
	var c commands
	parser, err := kong.New(&c, kong.Name("cpd-jobs"), kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}), instants(), flagVars())
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

// commandsIn finds the calls of cpd-jobs on a line of shell, those in $(...) and in the words of other commands too.
func commandsIn(line string) (list [][]string) {
	line = regexp.MustCompile(`\$\{?([A-Z_]+)\}?`).ReplaceAllStringFunc(line, func(name string) string {
		if value, ok := placeholders[strings.Trim(name, "${}")]; ok {
			return value
		}
		return name
	})
	start := regexp.MustCompile(`(?:^|[\s"(;|&])(?:\./|bin/)?cpd-jobs\s`)
	for _, at := range start.FindAllStringIndex(line, -1) {
		if words := firstCommand(line[at[1]:]); len(words) > 0 {
			list = append(list, words)
		}
	}
	return list
}

// firstCommand splits shell into words up to the end of the command: an operator, a comment, or the quote or bracket
// that it stands in.
func firstCommand(text string) (words []string) {
	var word strings.Builder
	quoted, open := rune(0), false
	end := func() {
		if open {
			words = append(words, word.String())
		}
		word.Reset()
		open = false
	}
	for i, c := range text {
		atStart := i == 0 || text[i-1] == ' '
		switch {
		case quoted != 0 && c == quoted:
			quoted = 0
		case quoted != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"' && (atStart || text[i-1] == '='):
			quoted, open = c, true
		case c == '"' || c == ')' || c == '|' || c == ';' || c == '&' || c == '>' || c == '#' && atStart:
			end()
			return words
		case c == ' ':
			end()
		default:
			open = true
			word.WriteRune(c)
		}
	}
	end()
	return words
}

func TestCommandsAreFoundInShell(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line string
		want [][]string
	}{
		{`cpd-jobs run probe --arg note="is it" # why`, [][]string{{"run", "probe", "--arg", "note=is it"}}},
		{`psql "$(cpd-jobs db url)" -c "SELECT 1"`, [][]string{{"db", "url"}}},
		{`cf run-task x --command "./cpd-jobs migrate up" --wait`, [][]string{{"migrate", "up"}}},
		{`bin/cpd-jobs worker &      # as many as you like`, [][]string{{"worker"}}},
		{`cpd-jobs jobs show "$JOB" | less`, [][]string{{"jobs", "show", "1"}}},
		{`cf logs cpd-jobs-production --recent`, nil},
	} {
		got := commandsIn(c.line)
		if !slices.EqualFunc(got, c.want, slices.Equal) {
			t.Errorf("%s: found %q, want %q", c.line, got, c.want)
		}
	}
}

// TestRunBooks runs what the pages tell people to run, on a small country with a worker and pages.
func TestRunBooks(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "psql")
	p := newPlace(t)
	server := ownServer(t)
	source := server.URL("cpd_source")
	p.env = append(p.env, "DATABASE_URL="+server.URL("cpd_jobs"), "CPD_DATABASE_URL="+source, "WORK="+t.TempDir())
	p.ok("demo", "source", "--schools", "150", "--database", source)
	p.ok("migrate", "up")
	url := p.serveUntilTheEnd()
	for _, kind := range []string{"cpd_sync", "school_onboarding_refresh", "report_export"} {
		p.ok("run", kind)
	}
	job := p.json("jobs", "run", "probe")[0]["id"]
	export := p.json("exports", "exports", "list")[0]["id"]
	env := append(slices.Clone(p.env), fmt.Sprintf("JOB=%.0f", job), fmt.Sprintf("EXPORT=%.0f", export), "URL="+url,
		"PATH="+filepath.Dir(program)+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, b := range blocks(t, "runbooks/*.md") {
		if !b.runnable {
			continue
		}
		command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", b.text)
		command.Env = env
		began := time.Now()
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s:%d: %v\n%s\n%s", b.page, b.line, err, b.text, out)
		}
		t.Logf("%s:%d took %s", b.page, b.line, time.Since(began).Round(time.Millisecond))
	}
}

// ownServer is one with the settings of production: the one that tests share would have doctor complain.
func ownServer(t *testing.T) *pg.Server {
	t.Helper()
	server, err := pg.Start(t.Context(), pg.Options{Dir: newPlace(t).dir, Log: slog.New(slog.DiscardHandler)})
	if errors.Is(err, pg.ErrNoBinaries) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Close(ctx); err != nil {
			t.Errorf("stop the server: %v", err)
		}
	})
	for _, name := range []string{"cpd_jobs", "cpd_source"} {
		if _, err := server.EnsureDatabase(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	return server
}

// TestPagesLeadSomewhere checks every link from page to page, and that each page says when it was looked at.
func TestPagesLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([a-z./-]+\.md)\)`)
	pages, err := filepath.Glob(docs + "/runbooks/*.md")
	if err != nil || len(pages) < 15 {
		t.Fatalf("%d pages (%v)", len(pages), err)
	}
	index, err := os.ReadFile(docs + "/runbooks/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(pages, docs+"/service-manual.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(name)
		for _, to := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), to[1])); err != nil {
				t.Errorf("%s: %v", base, err)
			}
		}
		if base == "README.md" {
			continue
		}
		if !strings.Contains(string(text), "ast reviewed") {
			t.Errorf("%s does not say when it was last reviewed", base)
		}
		if base != "service-manual.md" && !strings.Contains(string(index), "("+base+")") {
			t.Errorf("%s is not in the list of run books", base)
		}
	}
}
