package alarm

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestHeartbeatAfterSuccess(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard <- r.Method + " " + r.URL.String() }))
	defer server.Close()
	h := NewHeartbeats(func(schedule string) string {
		if schedule == "register" {
			return server.URL + "/?PK=abc&time=0"
		}
		return ""
	}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	h.Succeeded("") // a job that no schedule asked for
	h.Succeeded("cpd")
	h.Succeeded("register")
	go func() { h.Run(ctx); close(ended) }()
	if got, want := <-heard, "GET /?PK=abc&time=0"; got != want {
		t.Errorf("heard %s, want %s", got, want)
	}
	h.Succeeded("register") // of a job that ended while the process was being stopped
	cancel()
	<-ended
	if len(heard) != 1 {
		t.Errorf("%d heartbeats after the end was asked for, want one", len(heard))
	}
}

// An address that does not answer delays no other schedule's heartbeat.
func TestSilentAddressDelaysNoOtherHeartbeat(t *testing.T) {
	t.Parallel()
	heard, asked, release := make(chan string, 1), make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/silent" {
			close(asked)
			<-release
			return
		}
		heard <- r.URL.Path
	}))
	defer server.Close()
	defer close(release)
	h := NewHeartbeats(func(schedule string) string { return server.URL + "/" + schedule }, slog.New(slog.DiscardHandler))
	go h.Run(t.Context())
	h.Succeeded("silent")
	<-asked
	h.Succeeded("register")
	if got := <-heard; got != "/register" {
		t.Errorf("heard %s", got)
	}
}

func TestHeartbeatsNeverWait(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := NewHeartbeats(func(string) string { return "http://127.0.0.1:1/secret" }, slog.New(slog.NewTextHandler(&log, nil)))
	for range 200 { // nobody sends them
		h.Succeeded("register")
	}
	if !strings.Contains(log.String(), "heartbeat left out") {
		t.Errorf("the log says %s", log.String())
	}
}

func TestHeartbeatIsTriedAgainAndNeverNamesItsAddress(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if tries.Add(1) < 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer server.Close()
	var log bytes.Buffer
	address := server.URL + "/secret"
	h := NewHeartbeats(func(string) string { return address }, slog.New(slog.NewTextHandler(&log, nil)))
	h.pause = 0
	h.send(t.Context(), "register")
	if tries.Load() != 3 || strings.Contains(log.String(), "not sent") {
		t.Errorf("%d tries, want 3; the log says %s", tries.Load(), log.String())
	}
	address = "http://127.0.0.1:1/secret"
	h.send(t.Context(), "register")
	if !strings.Contains(log.String(), "heartbeat not sent") || strings.Contains(log.String(), "secret") {
		t.Errorf("the log says %s", log.String())
	}
}
