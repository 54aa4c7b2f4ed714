package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/pgtest"
)

// What is planted. Nothing that the program says of itself may have any of it.
const (
	plantedSecret = "PlantedSecret"
	plantedPerson = "PlantedPerson"
)

// plantPeople gives everybody in the source a name, an address and numbers that cannot be mistaken for anything else.
const plantPeople = `
	UPDATE users SET full_name = 'PlantedPerson ' || id, email = 'PlantedPerson.' || id || '@example.org';
	UPDATE teacher_profiles SET trn = 'PlantedPersonTRN' || left(id::text, 8) WHERE trn IS NOT NULL;
	UPDATE ecf_participant_validation_data SET full_name = 'PlantedPerson', nino = 'PlantedPerson', trn = 'PlantedPerson';`

// TestNothingSecretOrPersonalIsSaid runs every kind of job, some of which fail, looks at pages, and searches all that
// the program wrote about it: its log at level debug, what commands print, metrics, job logs, errors and webhooks.
func TestNothingSecretOrPersonalIsSaid(t *testing.T) {
	t.Parallel()
	p, said := newPlace(t), &heard{}
	outside := httptest.NewServer(said)
	t.Cleanup(outside.Close)
	server := ownServer(t)
	product, source := server.URL("cpd_jobs"), server.URL("cpd_source")
	files := p.plant(source)
	p.env = append(p.env,
		"DATABASE_URL="+withPassword(product), "CPD_DATABASE_URL="+withPassword(source), "LOG_FORMAT=json", "LOG_LEVEL=debug",
		"WEBHOOK_URL="+outside.URL+"/"+plantedSecret, "HEARTBEAT_URL_CPD="+outside.URL+"/"+plantedSecret,
		"EXPORT_PASSPHRASE="+plantedSecret+"-of-good-length", "EXPORT_STORE_URL="+filepath.Join(p.dir, "exports"),
		"GIAS_SOURCE="+files.register)
	p.ok("migrate", "up")
	log, url := p.logged("serve")
	token := strings.Fields(p.ok("tokens", "create", "test", "--role", "developer").stdout)

	commands := p.everything(files)
	p.visit(url, token[len(token)-1])
	p.asksForSources(url)
	p.until("the failures are told", func() bool {
		return strings.Contains(said.bodies(), "uplift_sync") || strings.Contains(said.bodies(), "gias")
	})

	texts := map[string]string{"the log": log.text(), "commands": commands, "webhooks": said.bodies(), "the database": p.written(product)}
	for where, text := range texts {
		if len(text) < 200 {
			t.Errorf("%s say nothing: %q", where, text)
		}
		for _, planted := range []string{plantedSecret, plantedPerson, token[len(token)-1]} {
			if at := strings.Index(text, planted); at >= 0 {
				t.Errorf("%s have %s: ...%s...", where, planted, text[max(0, at-300):min(len(text), at+100)])
			}
		}
	}
	pool := pgtest.Connect(t, product)
	for _, table := range []string{"cpd_users", "participants"} {
		var people int
		sql := fmt.Sprintf("SELECT count(*) FROM restricted.%s AS t WHERE t::text LIKE '%%%s%%'", table, plantedPerson)
		if err := pool.QueryRow(t.Context(), sql).Scan(&people); err != nil || people == 0 {
			t.Errorf("%d planted people came into restricted.%s (%v): the search proves nothing", people, table, err)
		}
	}
	log.wantFields(t)
}

// planted are files for the syncs.
type planted struct{ register, uplift string }

// plant makes a source, its register and an uplift file.
func (p *place) plant(source string) planted {
	p.t.Helper()
	o := demo.Options{Schools: 150, Seed: 1, AsOf: time.Date(2026, 11, 22, 6, 10, 0, 0, time.UTC)}
	if _, err := demo.Source(p.t.Context(), source, o); err != nil {
		p.t.Fatal(err)
	}
	if _, err := pgtest.Connect(p.t, source).Exec(p.t.Context(), plantPeople); err != nil {
		p.t.Fatal(err)
	}
	made, err := demo.WriteRegister(p.t.Context(), filepath.Join(p.dir, "register"), demo.RegisterOptions{Options: o})
	if err != nil {
		p.t.Fatal(err)
	}
	uplift, err := demo.WriteUplift(p.t.Context(), p.dir, demo.CohortYear(o.AsOf), o)
	if err != nil {
		p.t.Fatal(err)
	}
	return planted{register: filepath.Dir(made.Establishments), uplift: uplift.Path}
}

// withPassword gives a connection string a password. Over the socket the server does not ask for it.
func withPassword(url string) string {
	if strings.Contains(url, "?") {
		return url + "&password=" + plantedSecret
	}
	return url + "?password=" + plantedSecret
}

// everything runs each kind of job, good and bad, and looks at each of them. It returns what was printed.
func (p *place) everything(files planted) string {
	p.t.Helper()
	var printed strings.Builder
	run := func(status int, args ...string) {
		p.t.Helper()
		r := p.run(args...)
		if r.status != status {
			p.t.Errorf("cpd-jobs %s: status %d, want %d\n%s", strings.Join(args, " "), r.status, status, r.stderr)
		}
		printed.WriteString(r.stdout + r.stderr)
	}
	run(0, "run", "gias_sync")
	run(0, "run", "uplift_sync", "--arg", "source="+files.uplift)
	run(0, "run", "cpd_sync")
	for _, report := range p.json("reports", "reports", "list") {
		run(0, "run", "report_refresh", "--arg", fmt.Sprintf("report=%s", report["name"]))
		run(0, "run", "report_export", "--arg", fmt.Sprintf("report=%s", report["name"]))
	}
	run(0, "run", "school_onboarding_refresh", "--arg", "force=true")
	run(0, "run", "housekeeping")
	run(1, "run", "probe", "--arg", "fail=refused")
	run(2, "run", "gias_sync", "--arg", "source="+filepath.Join(p.dir, "nowhere.csv"))
	run(2, "run", "gias_sync", "--arg", "source=soap+https://127.0.0.1:1/extract")
	for _, list := range [][]string{{"jobs", "list"}, {"jobs", "list", "--json"}, {"doctor", "--offline"}, {"sources", "check"}, {"exports", "list"}, {"schedules", "list"}, {"tokens", "list"}} {
		r := p.run(list...) // some find something wrong
		printed.WriteString(r.stdout + r.stderr)
	}
	for _, job := range p.json("jobs", "jobs", "list") {
		id := fmt.Sprintf("%.0f", job["id"])
		run(0, "jobs", "show", id)
		run(0, "jobs", "logs", id)
	}
	return printed.String()
}

// visit looks at pages and the API, as people and programs do, also where they may not.
func (p *place) visit(url, token string) {
	p.t.Helper()
	for _, path := range []string{
		"/", "/reports/school_onboarding", "/reports/participants", "/reports/school_onboarding/explore?q=" + plantedPerson,
		"/runs", "/runs/1", "/schedules", "/queues", "/audit", "/metrics", "/health/ready", "/openapi.json", "/nothing/" + plantedPerson[:7],
		"/api/v1/reports", "/api/v1/jobs", "/api/v1/reports/participants/rows",
	} {
		request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, url+path, nil)
		if err != nil {
			p.t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			p.t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || strings.Contains(string(body), plantedSecret) || strings.Contains(string(body), plantedPerson+" ") {
			p.t.Errorf("%s (%s, %v) shows what was planted", path, answer.Status, err)
		}
	}
}

// asksForSources tells jobs over the network to read what nobody allowed; each must be refused in the same words.
func (p *place) asksForSources(url string) {
	p.t.Helper()
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { p.t.Error("a host that was not allowed is asked") }))
	defer stranger.Close()
	refusals := map[string]bool{}
	for _, source := range []string{
		"soap+" + stranger.URL, stranger.URL + "/x.csv", "/etc/passwd", "/nowhere/" + plantedSecret, filepath.Join(p.dir, "exports"), "https://169.254.169.254/",
	} {
		for _, kind := range []string{"gias_sync", "uplift_sync"} {
			body, err := json.Marshal(map[string]any{"kind": kind, "args": map[string]any{"source": source}})
			if err != nil {
				p.t.Fatal(err)
			}
			answer, err := http.Post(url+"/api/v1/jobs", "application/json", bytes.NewReader(body))
			if err != nil {
				p.t.Fatal(err)
			}
			said, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err != nil || answer.StatusCode != http.StatusBadRequest {
				p.t.Errorf("%s of %s: %s (%v)", kind, source, answer.Status, err)
			}
			refusals[strings.ReplaceAll(string(said), kind, "KIND")] = true
		}
	}
	if len(refusals) != 1 {
		p.t.Errorf("refusals differ: %v", refusals)
	}
}

// written is all that jobs and visitors leave in the database about what they did.
func (p *place) written(product string) string {
	p.t.Helper()
	var text string
	err := pgtest.Connect(p.t, product).QueryRow(p.t.Context(), `
		SELECT string_agg(line, E'\n') FROM (
			SELECT l::text AS line FROM queue.logs AS l UNION ALL SELECT s::text FROM queue.steps AS s UNION ALL SELECT a::text FROM queue.audit AS a
			UNION ALL SELECT j::text FROM queue.jobs AS j UNION ALL SELECT i::text FROM queue.incidents AS i
			UNION ALL SELECT r::text FROM reports.refreshes AS r UNION ALL SELECT e::text FROM reports.exports AS e) AS all_of_it`).Scan(&text)
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// heard keeps what is posted to it.
type heard struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (h *heard) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, _ = h.said.ReadFrom(r.Body)
	h.said.WriteByte('\n')
}

func (h *heard) bodies() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.said.String()
}

// logFile is what a process of ours writes, as it is written.
type logFile struct {
	path    string
	process *os.Process
}

func (l logFile) text() string {
	raw, err := os.ReadFile(l.path)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// logged starts jobs, pages or both with their output in a file, waits until they are ready, and stops them after the
// test.
func (p *place) logged(command string) (log logFile, url string) {
	p.t.Helper()
	file, err := os.Create(filepath.Join(p.t.TempDir(), "log"))
	if err != nil {
		p.t.Fatal(err)
	}
	port := freePort(p.t)
	cmd := p.command(command)
	cmd.Env = append(cmd.Env, fmt.Sprintf("PORT=%d", port))
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait(); _ = file.Close() })
	url = fmt.Sprintf("http://127.0.0.1:%d", port)
	p.until("pages are served", func() bool {
		answer, err := http.Get(url + "/health/ready")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return logFile{path: file.Name(), process: cmd.Process}, url
}

// wantFields wants every line about a job to say which, and which report it is about.
func (l logFile) wantFields(t *testing.T) {
	t.Helper()
	about, reports := 0, 0
	for line := range strings.Lines(l.text()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Errorf("a line is no JSON: %s", line)
			continue
		}
		for _, field := range []string{"@timestamp", "log.level", "message", "ecs.version", "service.name"} {
			if fields[field] == nil {
				t.Errorf("no %s: %s", field, line)
			}
		}
		if fields["message"] == "request" && fields["trace.id"] == nil {
			t.Errorf("a request without a trace: %s", line)
		}
		if fields["labels.job"] == nil {
			continue
		}
		about++
		if fields["labels.run"] == nil || fields["labels.kind"] == nil || fields["trace.id"] == nil {
			t.Errorf("a line about a job lacks its run, kind or trace: %s", line)
		}
		kind, _ := fields["labels.kind"].(string)
		if strings.Contains(kind, "report") || strings.Contains(kind, "refresh") {
			reports++
			if fields["labels.report"] == nil {
				t.Errorf("a line about a report does not say which: %s", line)
			}
		}
	}
	if about < 20 || reports < 10 {
		t.Errorf("%d lines about jobs, %d of them about reports", about, reports)
	}
}

// TestLogLevelChangesWhileRunning asks a running process for more, and for less again, as a person would.
func TestLogLevelChangesWhileRunning(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.env = append(p.env, "LOG_FORMAT=json")
	log, url := p.logged("serve")
	level := func(s syscall.Signal, want string) {
		t.Helper()
		if err := log.process.Signal(s); err != nil {
			t.Fatal(err)
		}
		p.until("the level changes", func() bool {
			return strings.HasSuffix(strings.TrimSpace(lastAbout(log.text(), "log level changed")), want)
		})
	}
	ping := func(mark string) bool {
		t.Helper()
		answer, err := http.Get(url + "/ping?" + mark)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return strings.Contains(log.text(), `"url.path":"/ping"`)
	}
	if ping("before") {
		t.Error("a probe's request is logged at level info")
	}
	level(syscall.SIGUSR1, `"labels.level":"DEBUG"}`)
	p.until("a probe's request is logged", func() bool { return ping("between") })
	level(syscall.SIGUSR2, `"labels.level":"INFO"}`)
	lines := strings.Count(log.text(), `"url.path":"/ping"`)
	ping("after")
	ping("after")
	if got := strings.Count(log.text(), `"url.path":"/ping"`); got > lines+1 { // one may have been on its way
		t.Errorf("%d requests of probes are logged at level info again", got-lines)
	}
}

// lastAbout is the last line with the words, "" if none.
func lastAbout(text, words string) (last string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, words) {
			last = line
		}
	}
	return last
}
