package definition

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"strings"
	texttemplate "text/template"
	"time"
)

//go:embed dictionary/*
var dictionaryTemplates embed.FS

// WriteDictionary writes a data dictionary of the reports into a folder, which it makes: for each report a page as
// Markdown and as HTML with a picture of what each column is made from (SVG), and an index of them. It returns the
// paths of the files.
func WriteDictionary(dir string, list []*Definition) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the data dictionary: %w", err)
	}
	w := &dictionary{dir: dir}
	for _, d := range list {
		w.write(d.Name+".svg", func(out io.Writer) error { return d.WriteLineage(out) })
		w.write(d.Name+".md", func(out io.Writer) error { return d.WriteMarkdown(out) })
		w.write(d.Name+".html", func(out io.Writer) error { return d.WriteHTML(out) })
	}
	w.write("index.md", func(out io.Writer) error { return markdown("index.md", out, list) })
	w.write("index.html", func(out io.Writer) error { return pages("index.html", out, list) })
	return w.files, w.err
}

// dictionary writes files until one fails.
type dictionary struct {
	dir   string
	files []string
	err   error
}

func (w *dictionary) write(name string, write func(io.Writer) error) {
	if w.err != nil {
		return
	}
	path := filepath.Join(w.dir, name)
	file, err := os.Create(path)
	if err == nil {
		err = write(file)
		if closed := file.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		w.err = fmt.Errorf("write the data dictionary: %s: %w", name, err)
		return
	}
	w.files = append(w.files, path)
}

// WriteMarkdown writes the report's page of the data dictionary. It names the picture <name>.svg beside it.
func (d *Definition) WriteMarkdown(out io.Writer) error { return markdown("report.md", out, d) }

// WriteHTML writes the same as a page that needs nothing beside it: the picture is in it.
func (d *Definition) WriteHTML(out io.Writer) error { return pages("report.html", out, d) }

func markdown(name string, out io.Writer, data any) error {
	t, err := texttemplate.New(name).Funcs(texttemplate.FuncMap{"cell": markdownCell, "join": strings.Join, "age": age}).
		ParseFS(dictionaryTemplates, "dictionary/"+name)
	if err != nil {
		return err
	}
	return t.Execute(out, data)
}

func pages(name string, out io.Writer, data any) error {
	t, err := template.New(name).Funcs(template.FuncMap{"join": strings.Join, "age": age, "picture": picture}).
		ParseFS(dictionaryTemplates, "dictionary/"+name, "dictionary/style.html")
	if err != nil {
		return err
	}
	return t.Execute(out, data)
}

// markdownCell keeps a text within its cell of a table.
func markdownCell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;").Replace(strings.TrimSpace(text))
}

func age(d time.Duration) string {
	if hours := d.Hours(); hours == float64(int(hours)) {
		return fmt.Sprintf("%d hours", int(hours))
	}
	return d.String()
}

// picture is the lineage as markup. It is made of escaped texts alone.
func picture(d *Definition) (template.HTML, error) {
	var svg strings.Builder
	err := d.WriteLineage(&svg)
	return template.HTML(svg.String()), err
}
