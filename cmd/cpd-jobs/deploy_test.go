package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"cpd-jobs/internal/config"
	"cpd-jobs/internal/doctor"
)

const root = "../../"

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(root + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func readYAML[T any](t *testing.T, name string) (file T) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, name)), &file); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return file
}

// workflow is what we use of GitHub's form.
type workflow struct {
	Name        string
	On          any
	Permissions map[string]string
	Jobs        map[string]struct {
		RunsOn  string `yaml:"runs-on"`
		Timeout int    `yaml:"timeout-minutes"`
		Uses    string
		With    map[string]string
		Steps   []struct {
			Name, Uses, Run string
		}
	}
}

var (
	pinned      = regexp.MustCompile(`^[\w-]+/[\w-]+@(v\d+(\.\d+)*|[0-9a-f]{40})$`)
	makeTargets = regexp.MustCompile(`(?m)^([a-z][a-z/]*):`)
	makes       = regexp.MustCompile(`\bmake ([a-z/]+)`)
)

func TestWorkflows(t *testing.T) {
	t.Parallel()
	known, parser := map[string]bool{}, newParser(t)
	for _, found := range makeTargets.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		known[found[1]] = true
	}
	files, err := filepath.Glob(root + ".github/workflows/*.yml")
	if err != nil || len(files) != 5 {
		t.Fatalf("%d workflows (%v), want tests, deploy and three that call it", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimPrefix(file, root)
		w := readYAML[workflow](t, name)
		if w.Name == "" || w.On == nil || len(w.Jobs) == 0 {
			t.Errorf("%s: name %q, on %v, %d jobs", name, w.Name, w.On, len(w.Jobs))
		}
		if w.Permissions["contents"] != "read" || len(w.Permissions) != 1 {
			t.Errorf("%s: permissions %v, want to read the sources and no more", name, w.Permissions)
		}
		for id, job := range w.Jobs {
			if job.Uses != "" {
				if _, err := os.Stat(root + job.Uses); err != nil {
					t.Errorf("%s, %s: %v", name, id, err)
				}
				continue
			}
			if job.RunsOn == "" || job.Timeout == 0 {
				t.Errorf("%s, %s: runs on %q for at most %d minutes", name, id, job.RunsOn, job.Timeout)
			}
			for _, step := range job.Steps {
				if step.Uses != "" && !pinned.MatchString(step.Uses) {
					t.Errorf("%s, %s: %s is not of a fixed version", name, id, step.Uses)
				}
				for _, found := range makes.FindAllStringSubmatch(step.Run, -1) {
					if !known[found[1]] {
						t.Errorf("%s, %s: the Makefile has no target %s", name, id, found[1])
					}
				}
				for _, line := range strings.Split(step.Run, "\n") {
					for _, words := range commandsIn(line) {
						if _, err := parser.Parse(words); err != nil {
							t.Errorf("%s, %s: cpd-jobs %v: %v", name, id, words, err)
						}
					}
				}
			}
		}
	}
	for _, environment := range []string{"dev", "staging", "production"} {
		w := readYAML[workflow](t, ".github/workflows/deploy-"+environment+".yml")
		if got := w.Jobs["deploy"].With["environment"]; got != environment {
			t.Errorf("Deploy to %s deploys to %q", environment, got)
		}
	}
}

func TestBadges(t *testing.T) {
	t.Parallel()
	badge := regexp.MustCompile(`actions/workflows/([a-z-]+\.yml)/badge\.svg`)
	for _, page := range []string{"README.md", "docs/service-manual.md"} {
		found := badge.FindAllStringSubmatch(read(t, page), -1)
		if len(found) != 4 {
			t.Errorf("%s has %d badges, want 4", page, len(found))
		}
		for _, f := range found {
			if _, err := os.Stat(root + ".github/workflows/" + f[1]); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

// TestVariablesOfTheManifest has each environment give all that the manifest asks for, and nothing secret.
func TestVariablesOfTheManifest(t *testing.T) {
	t.Parallel()
	var wanted []string
	for _, found := range regexp.MustCompile(`\(\(([a-z_]+)\)\)`).FindAllStringSubmatch(read(t, "manifest.yml"), -1) {
		if !slices.Contains(wanted, found[1]) {
			wanted = append(wanted, found[1])
		}
	}
	slices.Sort(wanted)
	for _, environment := range []string{"dev", "staging", "production"} {
		given := readYAML[map[string]string](t, "deploy/cloudfoundry/"+environment+".yml")
		var names []string
		for name := range given {
			names = append(names, name)
		}
		slices.Sort(names)
		if !slices.Equal(names, wanted) || given["environment"] != environment {
			t.Errorf("%s gives %v, the manifest wants %v", environment, given, wanted)
		}
	}
}

type composed struct {
	Services map[string]struct {
		Healthcheck struct{ Test []string }
		Build       struct{ Context, Dockerfile string }
		Command     []string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
		Tmpfs       []string
		Environment map[string]string
		Ports       []string
		DependsOn   map[string]map[string]string `yaml:"depends_on"`
	}
}

func TestCompose(t *testing.T) {
	t.Parallel()
	settings := []string{"METRICS_ADDRESS"}
	for _, v := range config.Variables() {
		settings = append(settings, v.Name)
	}
	parser, services := newParser(t), readYAML[composed](t, "deploy/compose.yml").Services
	for _, name := range []string{"migrate", "worker", "web"} {
		s := services[name]
		if _, err := os.Stat(filepath.Join(root, "deploy", s.Build.Context, s.Build.Dockerfile)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := parser.Parse(s.Command); err != nil {
			t.Errorf("%s: cpd-jobs %v: %v", name, s.Command, err)
		}
		if len(s.Tmpfs) != 1 || sizeOf(s.Tmpfs[0]) < doctor.DiskWarning {
			t.Errorf("%s: %v, where doctor would warn of little room", name, s.Tmpfs)
		}
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.SecurityOpt) == 0 {
			t.Errorf("%s: read-only %t, drops %v, %v", name, s.ReadOnly, s.CapDrop, s.SecurityOpt)
		}
		for variable := range s.Environment {
			if !slices.Contains(settings, variable) {
				t.Errorf("%s sets %s, which is no setting", name, variable)
			}
		}
		for other := range s.DependsOn {
			if _, ok := services[other]; !ok {
				t.Errorf("%s depends on %s, which is not there", name, other)
			}
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s publishes %s to everybody", name, port)
			}
		}
	}
}

// TestDatabaseIsAskedByAddress: while its image sets PostgreSQL up for the first time, the server answers at its socket
// and at no port, so migrations that start because of the socket find no server.
func TestDatabaseIsAskedByAddress(t *testing.T) {
	t.Parallel()
	test := readYAML[composed](t, "deploy/compose.yml").Services["database"].Healthcheck.Test
	if !slices.Contains(test, "-h") || !slices.Contains(test, "pg_isready") {
		t.Errorf("the database's health is asked by %v, want pg_isready -h", test)
	}
}

// sizeOf is the room in bytes of a tmpfs such as /tmp:size=3g,mode=1777.
func sizeOf(tmpfs string) (bytes uint64) {
	found := regexp.MustCompile(`[:,]size=(\d+)g\b`).FindStringSubmatch(tmpfs)
	if found == nil {
		return 0
	}
	gigabytes, _ := strconv.ParseUint(found[1], 10, 32) // digits alone
	return gigabytes << 30
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	text := read(t, "deploy/Dockerfile")
	_, final, found := strings.Cut(text, "\nFROM scratch\n")
	if !found {
		t.Fatal("the image is not made from nothing")
	}
	user := regexp.MustCompile(`(?m)^USER (\d+):(\d+)$`).FindStringSubmatch(final)
	if user == nil || user[1] == "0" {
		t.Errorf("it runs as %v, want a number that is not root's", user)
	}
	if !strings.Contains(text, "CGO_ENABLED=0") {
		t.Error("the program is not static, and the image has no library")
	}
	// The tmpfs over /tmp gets the mode of the folder below it, and COPY keeps those of folders within what it copies.
	if !strings.Contains(text, "mkdir -m 1777 /out/writable/tmp") || !strings.Contains(final, " /out/writable/ /\n") {
		t.Error("the /tmp of the image is not writable by everyone, so only root could write to a tmpfs over it")
	}
	if strings.Contains(final, "RUN ") {
		t.Error("something runs in an image without a shell")
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	if want := fmt.Sprintf("FROM golang:%s-", version[1]); !strings.Contains(text, want) {
		t.Errorf("it is not built by the Go of go.mod: want %s", want)
	}
}
