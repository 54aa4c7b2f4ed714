package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const hidden = "hunter2"

func TestSecretsNeverShow(t *testing.T) {
	t.Parallel()
	type settings struct {
		Token Secret
		Place Address
		Inner []any
	}
	s := settings{
		Token: hidden,
		Place: "https://ann:hunter2@files.example.org/a.csv?sig=hunter2#hunter2",
		Inner: []any{Secret(hidden), Address("postgres://u:hunter2@db/x")},
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+" "+verb+"\n", s.Token, &s.Place)
	}
	if err := json.NewEncoder(&out).Encode(s); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("settings", "all", s, "token", s.Token, "place", s.Place)
	slog.New(slog.NewTextHandler(&out, nil)).Info("settings", "all", s, "token", s.Token, "place", s.Place)
	text := out.String()
	if strings.Contains(text, hidden) || strings.Contains(text, fmt.Sprintf("%x", hidden)) || strings.Contains(text, "104 117 110") {
		t.Errorf("the secret shows:\n%s", text)
	}
	if s.Token.Reveal() != hidden {
		t.Errorf("Reveal = %q, want the secret", s.Token.Reveal())
	}
	if Secret("").String() != "" {
		t.Errorf("no secret shows as %q, want nothing", Secret(""))
	}
}

func TestAddressesShowWithoutCredentials(t *testing.T) {
	t.Parallel()
	tests := []struct{ address, want string }{
		{"", ""},
		{"data/register.csv", "data/register.csv"},
		{"postgres://jobs:hunter2@db.example.org:5432/jobs?sslmode=require", "postgres://jobs@db.example.org:5432/jobs"},
		{"postgres:///jobs?host=/run/pg&password=hunter2", "postgres:///jobs"},
		{"host=db password=hunter2 user=jobs", "host=db password=*** user=jobs"},
		{`host=db PASSWORD = 'hunter2 it\'s hunter2' user=jobs`, "host=db PASSWORD = *** user=jobs"},
		{"sslpassword=hunter2", "sslpassword=***"},
		{"https://files.example.org/a.zip?sig=hunter2", "https://files.example.org/a.zip"},
		{"postgres://jobs:hunter2@db:x/jobs", "***"},
	}
	for _, test := range tests {
		if got := Address(test.address).String(); got != test.want {
			t.Errorf("%s shows as %q, want %q", test.address, got, test.want)
		}
	}
}
