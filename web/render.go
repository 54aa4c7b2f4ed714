package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"cpd-jobs/internal/access"
)

//go:embed templates
var templateFiles embed.FS

// service is what the pages call themselves.
const service = "CPD reports"

// Page says how a page's data is shown.
type Page struct {
	Template string // its file in templates
	Title    string // without the service's name
	Section  string // the address of the navigation item that it belongs to
}

// content is the data of one kind of page.
type content interface{ Page() Page }

// layout is what the frame around every page shows.
type layout struct {
	Page
	Service    string
	Version    string
	Visitor    access.Visitor
	SignIn     bool // people must sign in
	Navigation []navItem
	Script     template.JS
	Cookies    agreement
	Counting   *counting // nil: the page is not counted
	Content    content
}

// navItem is one link of the service navigation.
type navItem struct {
	Href, Text string
	Current    bool
}

// pages are the parsed templates, one a file, each within the layout.
type pages struct {
	byFile  map[string]*template.Template
	version string
	signIn  bool
}

// newPages parses every template. What does not parse was never tested: it panics.
func newPages(a *assets, version string, signIn bool) *pages {
	frame := template.Must(template.New("layout.html").Funcs(functions(a)).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
	p := &pages{byFile: map[string]*template.Template{}, version: version, signIn: signIn}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		panic("templates in the binary: " + err.Error())
	}
	for _, file := range files {
		name := path.Base(file)
		if name == "layout.html" || name == "parts.html" {
			continue
		}
		p.byFile[name] = template.Must(template.Must(frame.Clone()).ParseFS(templateFiles, file))
	}
	return p
}

func functions(a *assets) template.FuncMap {
	return template.FuncMap{
		"asset":    a.href,
		"time":     timeTag,
		"day":      func(t time.Time) string { return day(&t) },
		"shortDay": func(t time.Time) string { return t.Format("2 Jan 2006") },
		"second":   ukSecond,
		"count":    count,
		"counted":  counted,
		"size":     fileSize,
		"percent":  percent,
		"roughly":  roughly,
		"took":     took,
		"words":    words,
		"lower":    strings.ToLower,
		"stateTag": stateTag,
		"link":     func(text, href string) option { return option{Text: text, Href: href} },
	}
}

// render writes a whole page, or nothing and an error: a template that fails half-way must not leave half a page.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, c content) error {
	frame := layout{Visitor: access.Of(r.Context()), Cookies: s.agreementOf(r), Counting: s.countingOf(w, r, c.Page())}
	if frame.Cookies.Confirm() {
		s.setCookie(w, saidCookie, "", -1)
	}
	body, err := s.pages.html(c, frame)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the visitor has gone: nothing to do about it
	return nil
}

// html is a whole page: its content within the frame, of which the caller knows what depends on the visitor.
func (p *pages) html(c content, frame layout) ([]byte, error) {
	frame.Page = c.Page()
	t := p.byFile[frame.Template]
	if t == nil {
		return nil, fmt.Errorf("no template %q", frame.Template)
	}
	frame.Service, frame.Version, frame.SignIn = service, p.version, p.signIn
	frame.Navigation, frame.Script, frame.Content = navigation(frame.Section, frame.Visitor), inlineScript, c
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout.html", frame); err != nil {
		return nil, fmt.Errorf("render %s: %w", frame.Template, err)
	}
	return b.Bytes(), nil
}

// sections are the items of the navigation, with the role that each is for.
var sections = []struct {
	href, text string
	needs      access.Role
}{
	{"/", "Reports", access.Analyst},
	{"/runs", "Runs", access.Developer},
	{"/schedules", "Schedules", access.Developer},
	{"/queues", "Queues", access.Developer},
	{"/audit", "Audit", access.Admin},
	{"/tokens", "Tokens", access.Admin},
	{"/docs", "API", access.Analyst},
}

func navigation(section string, v access.Visitor) []navItem {
	var items []navItem
	for _, s := range sections {
		if v.Can(s.needs) {
			items = append(items, navItem{Href: s.href, Text: s.text, Current: s.href == section})
		}
	}
	return items
}

// fragment renders a part of a page, as its template names it.
func (p *pages) fragment(file, part string, data any) (string, error) {
	var b strings.Builder
	if err := p.byFile[file].ExecuteTemplate(&b, part, data); err != nil {
		return "", fmt.Errorf("render %s of %s: %w", part, file, err)
	}
	return b.String(), nil
}
