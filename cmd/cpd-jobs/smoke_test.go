package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSmokeWherePeopleSignIn(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			http.Redirect(w, r, "/sign-in?to=/", http.StatusSeeOther)
		case "/ping":
			fmt.Fprintln(w, "pong")
		case "/health/ready":
			fmt.Fprintln(w, `{"status":"ready"}`)
		default:
			fmt.Fprintln(w, `{"status":"ok","version":"v1","components":{"database":{"status":"ok"}}}`)
		}
	}))
	defer server.Close()
	p := newPlace(t)
	if r := p.ok("smoke", server.URL+"/"); !strings.Contains(r.stdout, "people must sign in") {
		t.Errorf("it says:\n%s", r.stdout)
	}
	p.fails(2, "no web address", "smoke", "example")
	p.fails(3, "does not answer", "smoke", "http://127.0.0.1:1")
}
