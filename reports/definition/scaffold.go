package definition

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cpd-jobs/internal/run"
)

//go:embed scaffold/definition.yml.txt scaffold/query.sql.txt
var scaffold embed.FS

// New makes the folder of a new report in dir, the source tree's reports folder: a small one that works as it is, to be
// changed from there. It returns the files that it wrote, and refuses a name that is taken or that cannot be one.
func New(dir, name string) ([]string, error) {
	p := &problems{}
	p.at().name("report", name)
	p.at().is(len(name) <= maxName, "its name is longer than %d letters", maxName)
	if len(p.list) > 0 {
		return nil, run.Invalid("", "no report can be called %q: %w", name, errors.Join(p.list...))
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, run.Invalid("run it in a checkout of cpd-jobs, or say where the reports are", "there is no folder %s", dir)
	}
	folder := filepath.Join(dir, name)
	if err := os.Mkdir(folder, 0o755); errors.Is(err, fs.ErrExist) {
		return nil, run.Invalid("choose another name", "%s is there already", folder)
	} else if err != nil {
		return nil, run.Invalid("", "make the folder: %w", err)
	}
	title := strings.ReplaceAll(name, "_", " ")
	fills := strings.NewReplacer("{{title}}", strings.ToUpper(title[:1])+title[1:], "{{name}}", name)
	var made []string
	for _, file := range []string{File, QueryFile} {
		text, err := scaffold.ReadFile("scaffold/" + file + ".txt")
		if err != nil {
			return made, err
		}
		path := filepath.Join(folder, file)
		if err := os.WriteFile(path, []byte(fills.Replace(string(text))), 0o644); err != nil {
			return made, fmt.Errorf("write %s: %w", path, err)
		}
		made = append(made, path)
	}
	return made, nil
}
