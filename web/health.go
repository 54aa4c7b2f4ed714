package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"cpd-jobs/queue"
)

// readyWithin bounds a readiness check: a probe that waits longer takes the instance out anyway.
const readyWithin = 2 * time.Second

// ping says that the process answers, and depends on nothing else: a database that is away must not have every instance
// restarted.
func ping(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, "pong\n")
}

// readiness is the answer of /health/ready: "ok" or what is wrong, by what was looked at.
type readiness struct {
	Status     string `json:"status"` // ready, not ready
	Database   string `json:"database"`
	Migrations string `json:"migrations"`
}

// ready says whether this instance can answer people: the database is reached and has every migration.
func (s *site) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	answer, status := s.readiness(ctx), http.StatusOK
	if answer.Status != "ready" {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the prober has gone: nothing to do about it
}

// readiness looks. What exactly failed goes to the log: the answer may be read by anyone.
func (s *site) readiness(ctx context.Context) readiness {
	if err := s.Control.Ping(ctx); err != nil {
		s.Log.WarnContext(ctx, "not ready", "what", "database", "error", err)
		return readiness{Status: "not ready", Database: "cannot be reached", Migrations: "unknown"}
	}
	if err := s.Schema(ctx); err != nil {
		s.Log.WarnContext(ctx, "not ready", "what", "migrations", "error", err)
		return readiness{Status: "not ready", Database: "ok", Migrations: "not current: run cpd-jobs migrate up"}
	}
	return readiness{Status: "ready", Database: "ok", Migrations: "ok"}
}

// health is the answer of /health: all of the service, for a check of the content from outside. It is "ok", "degraded"
// (pages answer, something behind them does not work) or "down".
type health struct {
	Status     string               `json:"status"`
	Version    string               `json:"version"`
	Components map[string]component `json:"components"`
}

// component is one thing that the service needs. What it says may be read by anyone.
type component struct {
	Status string `json:"status"` // ok, degraded, down, unknown
	Says   string `json:"says,omitempty"`
}

// lateTick is how long after its time a tick without a row means that no worker makes ticks.
const lateTick = time.Minute

// health says how each component is. Only what keeps the pages from answering makes it 503: a check of the content sees
// the rest.
func (s *site) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	answer := health{Status: "ok", Version: s.Version, Components: s.components(ctx)}
	status := http.StatusOK
	for _, c := range answer.Components {
		switch {
		case c.Status == "down":
			answer.Status, status = "down", http.StatusServiceUnavailable
		case c.Status == "degraded" && answer.Status == "ok":
			answer.Status = "degraded"
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the prober has gone: nothing to do about it
}

func (s *site) components(ctx context.Context) map[string]component {
	ready := s.readiness(ctx)
	found := map[string]component{
		"pages":      {Status: "ok", Says: "version " + s.Version},
		"database":   downUnless(ready.Database),
		"migrations": downUnless(ready.Migrations),
		"store":      s.storeHealth(ctx),
	}
	if ready.Status != "ready" {
		found["workers"], found["schedules"] = component{Status: "unknown"}, component{Status: "unknown"}
		return found
	}
	found["workers"], found["schedules"] = s.workersHealth(ctx), s.schedulesHealth(ctx)
	writes := s.writes.ask(s.Now(), func() writable { return s.tryWriting(ctx) })
	if found["database"].Status == "ok" && writes.database != nil {
		found["database"] = component{Status: "down", Says: "cannot be written"}
	}
	if found["store"].Status == "ok" && writes.store != nil {
		found["store"] = component{Status: "degraded", Says: "exported files cannot be written"}
	}
	return found
}

// writable says why the database and the store cannot be written; nil where they can.
type writable struct{ database, store error }

// writeProbe remembers the last try to write, since anyone may ask for the health, and as often as they like.
type writeProbe struct {
	mu    sync.Mutex
	until time.Time
	last  writable
}

// probeEvery is how old the answer of a try may be.
const probeEvery = 15 * time.Second

func (p *writeProbe) ask(now time.Time, try func() writable) writable {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !now.Before(p.until) {
		p.last, p.until = try(), now.Add(probeEvery)
	}
	return p.last
}

// probeKey is the name of a file that is begun and never published.
const probeKey = "health-probe"

// tryWriting commits a row and writes a draft of a file, as sign-ins and exports do.
func (s *site) tryWriting(ctx context.Context) (w writable) {
	w.database = queue.TryWrite(ctx, s.Control)
	w.store = s.writeDraft(ctx)
	for what, err := range map[string]error{"database": w.database, "store": w.store} {
		if err != nil {
			s.Log.WarnContext(ctx, "not healthy", "what", "writing to the "+what, "error", err)
		}
	}
	return w
}

func (s *site) writeDraft(ctx context.Context) error {
	draft, err := s.Store.Create(ctx, probeKey)
	if err != nil {
		return err
	}
	if _, err := draft.Write(make([]byte, 4096)); err != nil {
		return errors.Join(err, draft.Discard())
	}
	file, err := draft.Reopen(ctx)
	if err != nil {
		return errors.Join(err, draft.Discard())
	}
	return errors.Join(file.Close(), draft.Discard())
}

func downUnless(ok string) component {
	if ok == "ok" || ok == "unknown" {
		return component{Status: ok}
	}
	return component{Status: "down", Says: ok}
}

// storeHealth asks for the first file. What went wrong goes to the log: it may name hosts and folders.
func (s *site) storeHealth(ctx context.Context) component {
	for _, err := range s.Store.List(ctx) {
		if err != nil {
			s.Log.WarnContext(ctx, "not healthy", "what", "store", "error", err)
			return component{Status: "degraded", Says: "exported files cannot be reached"}
		}
		break
	}
	return component{Status: "ok"}
}

func (s *site) workersHealth(ctx context.Context) component {
	alive, err := queue.Workers(ctx, s.Control)
	switch {
	case err != nil:
		s.Log.WarnContext(ctx, "not healthy", "what", "workers", "error", err)
		return component{Status: "unknown"}
	case len(alive) == 0:
		return component{Status: "degraded", Says: "no worker is alive"}
	}
	return component{Status: "ok", Says: fmt.Sprintf("%d alive", len(alive))}
}

func (s *site) schedulesHealth(ctx context.Context) component {
	late, err := queue.LateSchedules(ctx, s.Control, lateTick)
	switch {
	case err != nil:
		s.Log.WarnContext(ctx, "not healthy", "what", "schedules", "error", err)
		return component{Status: "unknown"}
	case late > 0:
		return component{Status: "degraded", Says: fmt.Sprintf("ticks of %d schedules are late", late)}
	}
	return component{Status: "ok"}
}

// securityTxt leads people who found a weakness to the policy that they should follow.
func (s *site) securityTxt(w http.ResponseWriter, r *http.Request) {
	if s.SecurityTxt == "" {
		http.NotFound(w, r)
		return
	}
	http.Redirect(w, r, s.SecurityTxt, http.StatusFound)
}
