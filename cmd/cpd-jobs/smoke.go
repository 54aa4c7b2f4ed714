package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
)

type smokeCommand struct {
	URL  string `arg:"" name:"url" help:"Where the pages are, such as https://cpd-jobs.example.org."`
	Jobs bool   `help:"Also insert a probe job and a small export, and wait for them: needs DATABASE_URL and a worker."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Help is the long help.
func (smokeCommand) Help() string {
	return "Tries from outside what people and probes ask for: /ping, /health/ready, /health, the front page, a report's page, the headers of a download. " +
		"Where people must sign in, it checks that the pages say so. Exit status: 0 all passed, 1 something failed, 3 nothing answers."
}

// try is one thing that was tried.
type try struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Took  string `json:"took"`
	Found string `json:"found"`
}

// smoke tries a deployed instance as somebody who knows only its address.
type smoke struct {
	base   *url.URL
	client *http.Client
	now    clock.Now
	list   []try
	signIn bool // pages send people to sign in
}

// smokeTimeout bounds each request, smokeJobs the wait for both jobs.
const (
	smokeTimeout = 15 * time.Second
	smokeJobs    = 5 * time.Minute
)

func (c smokeCommand) Run(ctx context.Context, a *app) error {
	base, err := url.Parse(strings.TrimRight(c.URL, "/"))
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return run.Invalid("give http://HOST or https://HOST", "%q is no web address", c.URL)
	}
	s := newSmoke(base)
	if err := s.outside(ctx); err != nil {
		return err
	}
	if c.Jobs {
		a.quiet = true
		if err := s.inside(ctx, a); err != nil {
			return err
		}
	}
	return s.print(a, c.JSON)
}

func newSmoke(base *url.URL) *smoke {
	return &smoke{base: base, now: clock.System, client: &http.Client{
		Timeout:       smokeTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// outside asks as a browser does. Where nothing answers at all there is nothing more to try.
func (s *smoke) outside(ctx context.Context) error {
	if _, err := s.get(ctx, "GET", "/ping"); err != nil {
		return run.Unreachable("check the address, and that the web process runs", "%s does not answer: %w", s.base.Host, err)
	}
	s.check(ctx, "ping", "/ping", func(p page) error { return p.has("pong") })
	s.check(ctx, "ready", "/health/ready", func(p page) error { return p.has(`"status":"ready"`) })
	s.check(ctx, "health", "/health", func(p page) error {
		return errors.Join(p.has(`"version":`), p.has(`"database":{"status":"ok"`))
	})
	var report, download string
	s.check(ctx, "front page", "/", func(p page) error {
		report = s.withDownload(ctx, reportLink.FindAllStringSubmatch(p.body, -1))
		return errors.Join(p.isPage(), p.needs(report, "a link to a report"))
	})
	if s.signIn {
		return nil
	}
	if report != "" {
		s.check(ctx, "report page", report, func(p page) error {
			download = firstMatch(downloadLink, p.body)
			return errors.Join(p.isPage(), p.needs(download, "a link to a download"))
		})
	}
	if download != "" {
		s.check(ctx, "download", download, page.isDownload)
	}
	return nil
}

var (
	reportLink   = regexp.MustCompile(`href="(/reports/[a-z0-9_-]+)"`)
	downloadLink = regexp.MustCompile(`href="(/reports/[a-z0-9_-]+/downloads/[^"]+)"`)
)

// mostReports is how many pages are looked at for a download.
const mostReports = 20

// withDownload picks the first report that has a file, else the first: one that nobody has refreshed yet is no fault.
func (s *smoke) withDownload(ctx context.Context, links [][]string) string {
	for _, link := range links[:min(len(links), mostReports)] {
		if p, err := s.get(ctx, http.MethodGet, link[1]); err == nil && downloadLink.MatchString(p.body) {
			return link[1]
		}
	}
	if len(links) == 0 {
		return ""
	}
	return links[0][1]
}

func firstMatch(pattern *regexp.Regexp, text string) string {
	if found := pattern.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

// page is an answer. The body of a download is not read.
type page struct {
	*http.Response
	body string
}

func (s *smoke) get(ctx context.Context, method, path string) (page, error) {
	target := *s.base
	target.Path = strings.TrimRight(target.Path, "/") + path
	request, err := http.NewRequestWithContext(ctx, method, target.String(), nil)
	if err != nil {
		return page{}, err
	}
	request.Header.Set("User-Agent", "cpd-jobs smoke")
	answer, err := s.client.Do(request)
	if err != nil {
		return page{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	const most = 4 << 20
	body, err := io.ReadAll(io.LimitReader(answer.Body, most))
	return page{answer, string(body)}, err
}

// check asks for path and lets look at the answer.
func (s *smoke) check(ctx context.Context, name, path string, look func(page) error) {
	began := s.now()
	method := http.MethodGet
	if name == "download" {
		method = http.MethodHead
	}
	p, err := s.get(ctx, method, path)
	took := s.now().Sub(began)
	switch {
	case err != nil:
	case s.sentToSignIn(p):
		s.signIn = true
		s.add(name, took, nil, "people must sign in; the pages behind it are not tried")
		return
	case p.StatusCode != http.StatusOK:
		err = fmt.Errorf("status %d, want 200: %s", p.StatusCode, firstLine(p.body))
	default:
		err = look(p)
	}
	s.add(name, took, err, path)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line[:min(len(line), 200)]
}

// sentToSignIn says that a page answers with the way to sign in.
func (s *smoke) sentToSignIn(p page) bool {
	return p.StatusCode == http.StatusUnauthorized ||
		p.StatusCode >= 300 && p.StatusCode < 400 && strings.Contains(p.Header.Get("Location"), "sign-in")
}

func (p page) has(words string) error {
	if !strings.Contains(strings.ReplaceAll(p.body, `": "`, `":"`), words) {
		return fmt.Errorf("%q is not in the answer: %s", words, firstLine(p.body))
	}
	return nil
}

func (p page) needs(found, what string) error {
	if found == "" {
		return fmt.Errorf("it has no %s", strings.TrimPrefix(what, "a "))
	}
	return nil
}

// isPage checks what every page must have: the headers that keep browsers safe, and an end.
func (p page) isPage() error {
	var problems []error
	for name, want := range map[string]string{
		"Content-Type": "text/html", "Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "",
	} {
		if got := p.Header.Get(name); got == "" || !strings.Contains(got, want) {
			problems = append(problems, fmt.Errorf("header %s is %q", name, got))
		}
	}
	if !strings.Contains(p.body, "</html>") {
		problems = append(problems, errors.New("the page is cut off"))
	}
	if p.TLS != nil && p.Header.Get("Strict-Transport-Security") == "" {
		problems = append(problems, errors.New("header Strict-Transport-Security is missing"))
	}
	return errors.Join(problems...)
}

func (p page) isDownload() error {
	var problems []error
	for name, want := range map[string]string{
		"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff", "ETag": `"`, "Accept-Ranges": "bytes", "Content-Type": "/", "Content-Length": "",
	} {
		if got := p.Header.Get(name); got == "" || !strings.Contains(got, want) {
			problems = append(problems, fmt.Errorf("header %s is %q", name, got))
		}
	}
	if p.ContentLength <= 0 {
		problems = append(problems, fmt.Errorf("it has %d bytes", p.ContentLength))
	}
	return errors.Join(problems...)
}

func (s *smoke) add(name string, took time.Duration, err error, found string) {
	if err != nil {
		found = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	s.list = append(s.list, try{Name: name, OK: err == nil, Took: took.Round(time.Millisecond).String(), Found: found})
}

// inside has a worker do something: a job that writes rows, then an export of a few columns.
func (s *smoke) inside(ctx context.Context, a *app) error {
	client, pool, err := a.client(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, smokeJobs)
	defer cancel()
	for _, job := range []struct{ name, kind, args string }{
		{"probe job", "probe", `{"rows": 10, "note": "smoke"}`},
		{"small export", "report_export", `{"report": "school_onboarding", "formats": ["csv"], "columns": ["urn", "name", "stage"]}`},
	} {
		began := s.now()
		ticket, err := client.Enqueue(ctx, queue.Request{Kind: job.kind, Args: []byte(job.args), By: person() + " (smoke)"})
		if err != nil {
			return err
		}
		done, err := queue.Follow(ctx, pool, ticket.ID, unwatched{})
		if err == nil && done.State != "completed" {
			err = fmt.Errorf("job %d was %s; cpd-jobs jobs show %d says why", done.ID, done.State, done.ID)
		}
		s.add(job.name, s.now().Sub(began), err, fmt.Sprintf("job %d", ticket.ID))
	}
	return nil
}

// unwatched lets a job be followed in silence.
type unwatched struct{}

func (unwatched) State(queue.Job)                {}
func (unwatched) Progress(queue.Job, queue.Step) {}
func (unwatched) Line(queue.LogLine)             {}

func (s *smoke) print(a *app, asJSON bool) error {
	failed := 0
	for _, t := range s.list {
		if !t.OK {
			failed++
		}
	}
	if asJSON {
		if err := printJSON(a.stdout, map[string]any{"tries": s.list, "failed": failed}); err != nil {
			return err
		}
	} else {
		t := newTable("tried", "", "took", "found")
		for _, one := range s.list {
			t.row(one.Name, map[bool]string{true: "ok", false: "FAILED"}[one.OK], one.Took, one.Found)
		}
		if err := t.print(a.stdout); err != nil {
			return err
		}
	}
	if failed > 0 {
		return &exitStatus{1}
	}
	return nil
}
