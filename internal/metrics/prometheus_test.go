package metrics

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

const deploy = "../../deploy"

type rules struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert       string
			Expr        string
			For         string
			Labels      map[string]string
			Annotations map[string]string
		}
	}
}

// TestAlerts runs the rules' own tests, and checks that none is without a test or a run book page.
func TestAlerts(t *testing.T) {
	t.Parallel()
	run := func(args ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), promtool(t, "promtool"), args...)
		command.Dir = filepath.Join(deploy, "prometheus")
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	run("check", "config", "--syntax-only", "prometheus.yml")
	run("check", "rules", "alerts.yml")
	run("test", "rules", "alerts_test.yml")
	tested := testedAlerts(t)
	page := regexp.MustCompile(`^\{\{ \$externalLabels\.runbooks \}\}/([a-z-]+\.md)$`)
	for _, group := range readYAML[rules](t, "prometheus/alerts.yml").Groups {
		for _, rule := range group.Rules {
			if got := tested[rule.Alert]; !got.fires || !got.still {
				t.Errorf("%s: tested to fire %t, to keep still %t; want both", rule.Alert, got.fires, got.still)
			}
			if s := rule.Labels["severity"]; s != "page" && s != "ticket" {
				t.Errorf("%s: severity %q, want page or ticket", rule.Alert, s)
			}
			found := page.FindStringSubmatch(rule.Annotations["runbook_url"])
			if found == nil {
				t.Errorf("%s: runbook_url %q names no page", rule.Alert, rule.Annotations["runbook_url"])
			} else if _, err := os.Stat(filepath.Join("../../docs/runbooks", found[1])); err != nil {
				t.Errorf("%s: %v", rule.Alert, err)
			}
		}
	}
}

type tested struct{ fires, still bool }

func testedAlerts(t *testing.T) map[string]tested {
	t.Helper()
	file := readYAML[struct {
		Tests []struct {
			Rules []struct {
				Alert string `yaml:"alertname"`
				Want  []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}](t, "prometheus/alerts_test.yml")
	all := map[string]tested{}
	for _, test := range file.Tests {
		for _, r := range test.Rules {
			seen := all[r.Alert]
			seen.fires = seen.fires || len(r.Want) > 0
			seen.still = seen.still || len(r.Want) == 0
			all[r.Alert] = seen
		}
	}
	return all
}

func readYAML[T any](t *testing.T, name string) (file T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deploy, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return file
}

// query is an expression and where it stands.
type query struct{ from, expr string }

func dashboardQueries(t *testing.T) (list []query) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deploy, "grafana/dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range board.Panels {
		if seen[p.ID] {
			t.Errorf("panel %q: another has the id %d", p.Title, p.ID)
		}
		seen[p.ID] = true
		for _, target := range p.Targets {
			list = append(list, query{"panel " + p.Title, strings.ReplaceAll(target.Expr, "$__rate_interval", "1m")})
		}
	}
	return list
}

// TestQueriesOnALivePrometheus has a real Prometheus scrape a process and asks it each query of the dashboard, and each
// metric of the alerts.
func TestQueriesOnALivePrometheus(t *testing.T) {
	t.Parallel()
	m, _ := aDay(t)
	scraped := httptest.NewServer(m.Handler())
	t.Cleanup(scraped.Close)
	address := startPrometheus(t, strings.TrimPrefix(scraped.URL, "http://"))
	queries := dashboardQueries(t)
	if len(queries) < 40 {
		t.Errorf("the dashboard has %d queries", len(queries))
	}
	name := regexp.MustCompile(`cpd_jobs_\w+`)
	for _, group := range readYAML[rules](t, "prometheus/alerts.yml").Groups {
		for _, rule := range group.Rules {
			for _, metric := range name.FindAllString(rule.Expr, -1) {
				queries = append(queries, query{"alert " + rule.Alert, metric})
			}
		}
	}
	for _, q := range queries {
		n, err := ask(address, q.expr)
		mayLack := slices.ContainsFunc(maybe, func(m string) bool { return strings.Contains(q.expr, m) })
		if err != nil || n == 0 && !mayLack {
			t.Errorf("%s: %s gives %d series (%v)", q.from, q.expr, n, err)
		}
	}
	onDashboard(t, m)
}

// onDashboard checks that nothing is measured that no panel shows.
func onDashboard(t *testing.T, m *Metrics) {
	t.Helper()
	var all strings.Builder
	for _, q := range dashboardQueries(t) {
		all.WriteString(q.expr + "\n")
	}
	for _, line := range regexp.MustCompile(`(?m)^# TYPE (cpd_jobs_\w+) `).FindAllStringSubmatch(scrape(t, m), -1) {
		if !strings.Contains(all.String(), line[1]) {
			t.Errorf("%s is on no panel", line[1])
		}
	}
}

// startPrometheus starts a server that scrapes target each second, and waits until it has done so thrice.
func startPrometheus(t *testing.T, target string) (address string) {
	t.Helper()
	program := promtool(t, "prometheus")
	dir := t.TempDir()
	config := fmt.Sprintf("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: cpd-jobs\n  static_configs: [{targets: [%q]}]\n", target)
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address = freeAddress(t)
	server := exec.Command(program, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+dir, "--web.listen-address="+address)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait(); _ = log.Close() })
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		if n, err := ask(address, "count_over_time(cpd_jobs_build_info[1m]) >= 3"); err == nil && n == 1 {
			return address
		}
		if time.Since(began) > 10*time.Minute {
			said, _ := os.ReadFile(log.Name())
			t.Fatalf("Prometheus does not scrape; it says:\n%s", said)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// ask runs a query and counts the series of its answer.
func ask(address, expr string) (series int, err error) {
	res, err := http.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	var answer struct {
		Status, Error string
		Data          struct{ Result []any }
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Status != "success" {
		return 0, fmt.Errorf("%s %s: %w", res.Status, answer.Error, err)
	}
	return len(answer.Data.Result), nil
}
