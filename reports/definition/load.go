package definition

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/goccy/go-yaml"

	"cpd-jobs/internal/run"
)

// Load reads the report in a folder of fsys. Keys that it does not know, and anything else wrong with the
// folder, are refused all together, with lines where YAML has them; the error is of class Invalid.
func Load(fsys fs.FS, folder string) (*Definition, error) {
	files, err := readFolder(fsys, folder)
	if err != nil {
		return nil, fmt.Errorf("read the report in %s: %w", folder, err)
	}
	d := &Definition{Name: path.Base(folder), Schema: "reports", Hash: hashOf(files), sql: map[string]string{}}
	if err := yaml.NewDecoder(bytes.NewReader(files[File]), yaml.Strict()).Decode(d); err != nil {
		return nil, run.Invalid("", "%s: %s", path.Join(folder, File), yamlProblem(err))
	}
	for name, text := range files {
		if name != File {
			d.sql[name] = string(text)
		}
	}
	if problems := d.problems(path.Join(folder, File), files[File]); len(problems) > 0 {
		return nil, run.Invalid("", "%w", errors.Join(problems...))
	}
	return d, nil
}

func readFolder(fsys fs.FS, folder string) (map[string][]byte, error) {
	names, err := fs.Glob(fsys, path.Join(folder, "*.sql"))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, name := range append(names, path.Join(folder, File)) {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		files[path.Base(name)] = text
	}
	return files, nil
}

// hashOf names the files' content; lengths keep two files from running into one another.
func hashOf(files map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s %d\n", name, len(files[name]))
		h.Write(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// yamlProblem is one line that says where; the parser's own text quotes the source over many.
func yamlProblem(err error) string {
	var located yaml.Error
	if !errors.As(err, &located) || located.GetToken() == nil {
		return err.Error()
	}
	return fmt.Sprintf("line %d: %s", located.GetToken().Position.Line, located.GetMessage())
}
