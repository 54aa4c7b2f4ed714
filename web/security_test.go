package web

import (
	"testing"
)

func TestOnlyNamesOfThisMachineAreAnswered(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost":             true,
		"LOCALHOST:8080":        true,
		"localhost.:8080":       true,
		"reports.localhost":     true,
		"127.0.0.1:8080":        true,
		"127.9.9.9":             true,
		"[::1]:8080":            true,
		"[::1]":                 true,
		"[::ffff:127.0.0.1]:80": true,
		"":                      false,
		"example.com":           false,
		"127.0.0.1.example.com": false,
		"localhost.example.com": false,
		"notlocalhost":          false,
		"10.0.0.1:8080":         false,
		"[2001:db8::1]:8080":    false,
		"0.0.0.0:8080":          false,
	} {
		if got := isLoopbackHost(host); got != want {
			t.Errorf("isLoopbackHost(%q) = %t, want %t", host, got, want)
		}
	}
}
