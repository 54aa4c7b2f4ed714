package export

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// validatorEnv is the folder of node modules in which `make check/csvw` has put a validator.
const validatorEnv = "CSVW_MODULES"

func TestValidatorFindsTheCSVFileAsItIsDescribed(t *testing.T) {
	modules := os.Getenv(validatorEnv)
	if modules == "" {
		t.Skip("needs a validator: make check/csvw")
	}
	b := newBench(t)
	list := hostileSchools()
	b.refresh(1, list...)
	b.export(b.args())
	file := filepath.Join(b.dir, baseName+".csv")
	rows, problems := validate(t, modules, file)
	if rows != len(list) || len(problems) > 0 {
		t.Errorf("%d rows of %d; %q", rows, len(list), problems)
	}

	// The validator notices what it should.
	good := b.read(baseName + ".csv")
	for what, spoilt := range map[string]string{
		"a truth that is none":  strings.Replace(good, ",true,", ",maybe,", 1),
		"a heading too few":     strings.Replace(good, "name,urn", "name", 1),
		"a key that is missing": strings.Replace(good, ",99995,", ",,", 1),
		"a row too few":         good[:strings.LastIndex(strings.TrimSpace(good), "\r\n")+2],
	} {
		if spoilt == good {
			t.Fatalf("%s: nothing was spoilt", what)
		}
		if err := os.WriteFile(file, []byte(spoilt), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, problems := validate(t, modules, file); len(problems) == 0 {
			t.Errorf("%s is not noticed", what)
		}
	}
}

func validate(t *testing.T, modules, file string) (rows int, problems []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("testdata", "validate.cjs"), file)
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, []string{err.Error() + ": " + stderr.String()}
	}
	var found struct {
		Rows     int
		Problems []string
	}
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	return found.Rows, found.Problems
}
