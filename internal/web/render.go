package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
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
	Navigation []navItem
	Script     template.JS
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
}

// newPages parses every template. What does not parse was never tested: it panics.
func newPages(a *assets, version string) *pages {
	frame := template.Must(template.New("layout.html").Funcs(functions(a)).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
	p := &pages{byFile: map[string]*template.Template{}, version: version}
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
		"second":   ukSecond,
		"count":    count,
		"counted":  counted,
		"size":     fileSize,
		"percent":  percent,
		"roughly":  roughly,
		"took":     took,
		"words":    words,
		"stateTag": stateTag,
	}
}

// render writes a whole page, or nothing and an error: a template that fails half-way must not leave half a page.
func (s *site) render(w http.ResponseWriter, status int, c content) error {
	body, err := s.pages.html(c)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the visitor has gone: nothing to do about it
	return nil
}

func (p *pages) html(c content) ([]byte, error) {
	page := c.Page()
	t := p.byFile[page.Template]
	if t == nil {
		return nil, fmt.Errorf("no template %q", page.Template)
	}
	var b bytes.Buffer
	err := t.ExecuteTemplate(&b, "layout.html", layout{
		Page:       page,
		Service:    service,
		Version:    p.version,
		Navigation: navigation(page.Section),
		Script:     inlineScript,
		Content:    c,
	})
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", page.Template, err)
	}
	return b.Bytes(), nil
}

func navigation(section string) []navItem {
	items := []navItem{{Href: "/", Text: "Reports"}, {Href: "/runs", Text: "Runs"}}
	for i := range items {
		items[i].Current = items[i].Href == section
	}
	return items
}
