package config

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// manifest has the keys that Cloud Foundry knows and we use; any other is a mistake, since the platform ignores some
// of those that it does not know.
type manifest struct {
	Version      int           `yaml:"version"`
	Applications []application `yaml:"applications"`
}

type application struct {
	Name       string              `yaml:"name"`
	Path       string              `yaml:"path"`
	Stack      string              `yaml:"stack"`
	Buildpacks []string            `yaml:"buildpacks"`
	Routes     []map[string]string `yaml:"routes"`
	Services   []string            `yaml:"services"`
	Env        map[string]string   `yaml:"env"`
	Processes  []process           `yaml:"processes"`
}

type process struct {
	Type              string `yaml:"type"`
	Command           string `yaml:"command"`
	Instances         int    `yaml:"instances"`
	Memory            string `yaml:"memory"`
	DiskQuota         string `yaml:"disk_quota"`
	Timeout           int    `yaml:"timeout"`
	HealthCheck       string `yaml:"health-check-type"`
	HealthEndpoint    string `yaml:"health-check-http-endpoint"`
	HealthTimeout     int    `yaml:"health-check-invocation-timeout"`
	Readiness         string `yaml:"readiness-health-check-type"`
	ReadinessEndpoint string `yaml:"readiness-health-check-http-endpoint"`
}

func TestManifest(t *testing.T) {
	t.Parallel()
	m := readManifest(t)
	if m.Version != 1 || len(m.Applications) != 1 {
		t.Fatalf("version %d with %d applications, want 1 with 1", m.Version, len(m.Applications))
	}
	app := m.Applications[0]
	if !slices.Equal(app.Buildpacks, []string{"binary_buildpack"}) || app.Path != "bin" {
		t.Errorf("buildpacks %v of %s, want the binary one of bin, where make builds", app.Buildpacks, app.Path)
	}
	for _, prefix := range []string{databaseService, exportsService} {
		if !slices.ContainsFunc(app.Services, func(s string) bool { return strings.HasPrefix(s, prefix) }) {
			t.Errorf("services %v, want one that begins with %s", app.Services, prefix)
		}
	}
	for name := range app.Env {
		if !isSetting(name) {
			t.Errorf("env sets %s, which is no setting", name)
		}
	}
	types := map[string]process{}
	for _, p := range app.Processes {
		types[p.Type] = p
		checkProcess(t, p)
	}
	checkWeb(t, types["web"])
	checkWorker(t, types["worker"])
	if len(types) != 2 {
		t.Errorf("%d types of process, want web and worker", len(types))
	}
}

// quota is a size as Cloud Foundry reads it.
var quota = regexp.MustCompile(`^[1-9][0-9]*(M|MB|G|GB)$`)

func checkProcess(t *testing.T, p process) {
	t.Helper()
	_, last, _ := strings.Cut(p.Command, "exec ")
	if want := "./cpd-jobs " + p.Type; last != want {
		t.Errorf("%s: command %q, want exec %s in the end, so that the signal to stop reaches the program", p.Type, p.Command, want)
	}
	if p.Instances < 2 {
		t.Errorf("%s: %d instances, want two, for two availability zones", p.Type, p.Instances)
	}
	if !quota.MatchString(p.Memory) || !quota.MatchString(p.DiskQuota) {
		t.Errorf("%s: memory %q and disk %q, want sizes such as 512M", p.Type, p.Memory, p.DiskQuota)
	}
	if p.Timeout < 1 || p.Timeout > 180 {
		t.Errorf("%s: timeout %d, want 1 to 180 seconds, which the platform allows", p.Type, p.Timeout)
	}
}

func checkWeb(t *testing.T, p process) {
	t.Helper()
	if p.HealthCheck != "http" || p.HealthEndpoint != "/ping" {
		t.Errorf("web: health %s %s, want http /ping", p.HealthCheck, p.HealthEndpoint)
	}
	if p.Readiness != "http" || p.ReadinessEndpoint != "/health/ready" {
		t.Errorf("web: readiness %s %s, want http /health/ready", p.Readiness, p.ReadinessEndpoint)
	}
}

func checkWorker(t *testing.T, p process) {
	t.Helper()
	if p.HealthCheck != "process" || p.HealthEndpoint != "" || p.Readiness != "" {
		t.Errorf("worker: health %s %s, readiness %s; want process alone, as it listens nowhere",
			p.HealthCheck, p.HealthEndpoint, p.Readiness)
	}
}

// TestManifestStarts loads what a deployed process would find in its environment.
func TestManifestStarts(t *testing.T) {
	t.Parallel()
	environ := []string{onCloudFoundry, "VCAP_SERVICES=" + recorded(t, "vcap_services.json"), "PORT=8080"}
	for name, value := range readManifest(t).Applications[0].Env {
		environ = append(environ, name+"="+strings.ReplaceAll(value, "((route))", "cpd-jobs-staging.example.org"))
	}
	c, err := Load(environ)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	if c.Listen != "0.0.0.0:8080" || c.PublicURL != "https://cpd-jobs-staging.example.org" || c.Log.Format != "json" {
		t.Errorf("listen %s, public %s, log %s", c.Listen, c.PublicURL, c.Log.Format)
	}
}

func readManifest(t *testing.T) manifest {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "manifest.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := yaml.UnmarshalWithOptions(text, &m, yaml.Strict()); err != nil {
		t.Fatalf("manifest.yml: %v", err)
	}
	return m
}
