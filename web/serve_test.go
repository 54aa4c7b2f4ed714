package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"cpd-jobs/internal/run"
)

func TestOtherAddressesThanLoopbackAreRefused(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "10.0.0.1:8080"} {
		_, err := Listen(t.Context(), addr)
		if run.ExitStatus(err) != 2 || !strings.Contains(err.Error(), "no sign-in is configured") || !strings.Contains(err.Error(), "LISTEN_ADDRESS") {
			t.Errorf("Listen on %s: %v, want a refusal that names LISTEN_ADDRESS", addr, err)
		}
	}
	for _, addr := range []string{"127.0.0.1", "127.0.0.1:http", "127.0.0.1:99999"} {
		if _, err := Listen(t.Context(), addr); run.ExitStatus(err) != 2 || !strings.Contains(err.Error(), "PORT") {
			t.Errorf("Listen on %s: %v, want a refusal that names PORT", addr, err)
		}
	}
}

func TestATakenPortIsOneClearLine(t *testing.T) {
	t.Parallel()
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Listen(t.Context(), l.Addr().String())
	if run.ExitStatus(err) != 2 || !strings.Contains(err.Error(), "the port is taken") {
		t.Errorf("second Listen: %v", err)
	}
}

func TestStoppingLetsRunningRequestsFinish(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	begun, goOn := make(chan struct{}), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-goOn
		_, _ = io.WriteString(w, "whole")
	})
	l, err := Listen(ctx, "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- Serve(ctx, l, h, slog.New(slog.DiscardHandler)) }()
	got := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			got <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		got <- string(body)
	}()
	<-begun
	stop()
	close(goOn)
	if answer := <-got; answer != "whole" {
		t.Errorf("request under way got %q", answer)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Serve: %v", err)
	}
}
