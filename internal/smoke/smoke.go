// Package smoke tries a deployed instance from outside, knowing only its address: what people and probes ask for.
package smoke

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
)

// timeout bounds each request.
const timeout = 15 * time.Second

// Try is one thing that was tried.
type Try struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Took  string `json:"took"`
	Found string `json:"found"`
}

// Smoke is a series of tries on one instance.
type Smoke struct {
	Tries []Try

	base   *url.URL
	client *http.Client
	now    clock.Now
	signIn bool // pages send people to sign in
}

// Failed is how many tries failed.
func (s *Smoke) Failed() int {
	n := 0
	for _, t := range s.Tries {
		if !t.OK {
			n++
		}
	}
	return n
}

// New tries the instance at base, which has no slash at its end.
func New(base *url.URL, now clock.Now) *Smoke {
	return &Smoke{base: base, now: now, client: &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Outside asks as a browser does. The error is of class [run.Unreachable] where nothing answers at all.
func (s *Smoke) Outside(ctx context.Context) error {
	if _, err := s.get(ctx, "GET", "/ping"); err != nil {
		return run.Unreachable("check the address, and that the web process runs", "%s does not answer: %w", s.base.Host, err)
	}
	s.check(ctx, "ping", "/ping", func(p page) error { return p.contains("pong") })
	s.check(ctx, "ready", "/health/ready", func(p page) error { return p.contains(`"status":"ready"`) })
	s.check(ctx, "health", "/health", func(p page) error {
		return errors.Join(p.contains(`"version":`), p.contains(`"database":{"status":"ok"`))
	})
	var report, download string
	s.check(ctx, "front page", "/", func(p page) error {
		report = s.withDownload(ctx, reportLink.FindAllStringSubmatch(p.body, -1))
		return errors.Join(p.isPage(), p.wants(report, "a link to a report"))
	})
	if s.signIn {
		return nil
	}
	if report != "" {
		s.check(ctx, "report page", report, func(p page) error {
			download = firstMatch(downloadLink, p.body)
			return errors.Join(p.isPage(), p.wants(download, "a link to a download"))
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

// withDownload picks the first report that has a file, else the first: one that has not been refreshed yet is no fault.
func (s *Smoke) withDownload(ctx context.Context, links [][]string) string {
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

func (s *Smoke) get(ctx context.Context, method, path string) (page, error) {
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

// check asks for path and passes the answer to accept.
func (s *Smoke) check(ctx context.Context, name, path string, accept func(page) error) {
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
		s.Add(name, took, nil, "people must sign in; the pages behind it are not tried")
		return
	case p.StatusCode != http.StatusOK:
		err = fmt.Errorf("status %d, want 200: %s", p.StatusCode, firstLine(p.body))
	default:
		err = accept(p)
	}
	s.Add(name, took, err, path)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line[:min(len(line), 200)]
}

// sentToSignIn says that a page answers with the way to sign in.
func (s *Smoke) sentToSignIn(p page) bool {
	return p.StatusCode == http.StatusUnauthorized ||
		p.StatusCode >= 300 && p.StatusCode < 400 && strings.Contains(p.Header.Get("Location"), "sign-in")
}

func (p page) contains(words string) error {
	if !strings.Contains(strings.ReplaceAll(p.body, `": "`, `":"`), words) {
		return fmt.Errorf("%q is not in the answer: %s", words, firstLine(p.body))
	}
	return nil
}

func (p page) wants(found, what string) error {
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

// Add records one more try, which failed where err is not nil.
func (s *Smoke) Add(name string, took time.Duration, err error, found string) {
	if err != nil {
		found = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	s.Tries = append(s.Tries, Try{Name: name, OK: err == nil, Took: took.Round(time.Millisecond).String(), Found: found})
}
