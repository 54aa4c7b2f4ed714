package web

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// readyWithin bounds a readiness check: a probe that waits longer takes the instance out anyway.
const readyWithin = 2 * time.Second

// ping says that the process answers, and depends on nothing else: a database that is away must not have every instance restarted.
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
	if err := s.DB.Ping(ctx); err != nil {
		s.Log.WarnContext(ctx, "not ready", "what", "database", "error", err)
		return readiness{Status: "not ready", Database: "cannot be reached", Migrations: "unknown"}
	}
	if err := s.Schema(ctx); err != nil {
		s.Log.WarnContext(ctx, "not ready", "what", "migrations", "error", err)
		return readiness{Status: "not ready", Database: "ok", Migrations: "not current: run cpd-jobs migrate up"}
	}
	return readiness{Status: "ready", Database: "ok", Migrations: "ok"}
}
