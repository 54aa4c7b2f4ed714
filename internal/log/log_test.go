package log

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/trace"
)

var update = flag.Bool("update", false, "write the golden files anew")

// someEvents logs one event of each sort that matters to l's handler, at a fixed instant.
func someEvents(l *slog.Logger) {
	at := time.Date(2026, 7, 1, 6, 10, 0, 123456789, time.FixedZone("BST", 3600))
	event := func(l *slog.Logger, level slog.Level, message string, args ...any) {
		r := slog.NewRecord(at, level, message, 0)
		r.Add(args...)
		_ = l.Handler().Handle(context.Background(), r)
	}
	job := l.With("job", 17, "kind", "report_refresh")
	event(job, slog.LevelInfo, "run finished", "report", "school_onboarding", "rows", 24000,
		"took", 1500*time.Millisecond, "outcome", "success", "trace", "4bf92f3577b34da6a3ce929d0e0e4736")
	event(job, slog.LevelError, "run failed",
		"err", fmt.Errorf("copy: %w", run.Unreachable("", "the CPD database does not answer")), "attempt", 2)
	event(l, slog.LevelWarn, "request failed", "method", "GET", "status", 503, "path", "/reports", "client", "192.0.2.1",
		"error", "no answer", "user", "ann", "stack", "main.main()\n\tmain.go:1")
	event(job, slog.LevelInfo, "the last of two keys is kept", "job", 18)
	event(l.WithGroup("step").With("name", "copy"), slog.LevelInfo, "grouped", "time", at, "level", "high", "msg", "m",
		slog.Group("rows", "in", 2, "out", 1), "err", errors.New("inner"))
	event(l, slog.LevelInfo, "built-in names", "time", at, "level", "high", "msg", "m", "river.kind", "x", "wait", time.Minute)
}

func TestGolden(t *testing.T) {
	t.Parallel()
	tests := []struct {
		golden  string
		options Options
	}{
		{"machine.json", Options{Version: "v1.2.3", Environment: "staging"}},
		{"terminal.txt", Options{Format: "auto", Terminal: true}},
		{"text.txt", Options{Format: "text"}},
	}
	for _, test := range tests {
		t.Run(test.golden, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			someEvents(New(&got, test.options))
			path := filepath.Join("testdata", test.golden)
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		})
	}
}

func TestJSONLinesHaveNoKeyTwice(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	someEvents(New(&out, Options{}))
	for line := range strings.Lines(out.String()) {
		d := json.NewDecoder(strings.NewReader(line))
		seen := map[string]bool{}
		for depth, isKey := 0, true; d.More() || depth > 0; isKey = !isKey {
			token, err := d.Token()
			if err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			if token == json.Delim('{') && depth == 0 {
				depth, isKey = 1, false
				continue
			}
			if token == json.Delim('}') {
				break
			}
			if key, _ := token.(string); isKey && seen[key] {
				t.Errorf("%q twice in %s", key, line)
			} else if isKey {
				seen[key] = true
			}
		}
		if !seen["@timestamp"] || !seen["log.level"] || !seen["message"] || !seen["ecs.version"] {
			t.Errorf("a field that every line needs is not in %s", line)
		}
	}
}

func TestTraceOfTheContext(t *testing.T) {
	t.Parallel()
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	ctx := trace.With(t.Context(), trace.Parse("00-"+id+"-00f067aa0ba902b7-01"))
	var out bytes.Buffer
	l := New(&out, Options{})
	l.InfoContext(ctx, "asked for")
	l.With("job", 1).InfoContext(ctx, "its own wins", "trace", "another")
	l.InfoContext(t.Context(), "out of the blue")
	lines := strings.Split(out.String(), "\n")
	for i, want := range []string{`"trace.id":"` + id + `"`, `"trace.id":"another"`} {
		if !strings.Contains(lines[i], want) || strings.Count(lines[i], "trace.id") != 1 {
			t.Errorf("%s has no %s", lines[i], want)
		}
	}
	if strings.Contains(lines[2], "trace.id") {
		t.Errorf("%s has a trace from nowhere", lines[2])
	}
}

func TestLevelChangesWhileRunning(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		var level slog.LevelVar
		l := New(&out, Options{Format: format, Level: &level}).With("job", 1)
		l.Debug("before")
		level.Set(slog.LevelDebug)
		l.Debug("between")
		level.Set(slog.LevelError)
		l.Warn("after")
		if got := strings.Count(out.String(), "\n"); got != 1 || !strings.Contains(out.String(), "between") {
			t.Errorf("%s: got %d lines, want the one between:\n%s", format, got, out.String())
		}
	}
}

// TestHandlerConforms holds the JSON handler to what slog asks of every handler.
func TestHandlerConforms(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	slogtest.Run(t, func(t *testing.T) slog.Handler {
		out.Reset()
		return New(&out, Options{}).Handler()
	}, func(t *testing.T) map[string]any {
		var flat map[string]any
		if err := json.Unmarshal(out.Bytes(), &flat); err != nil {
			t.Fatal(err)
		}
		return nested(flat)
	})
}

// nested takes the schema's names back: labels.G_a becomes a in G.
func nested(flat map[string]any) map[string]any {
	tree := map[string]any{}
	builtIn := map[string]string{"@timestamp": slog.TimeKey, "log.level": slog.LevelKey, "message": slog.MessageKey}
	for key, value := range flat {
		if name, ok := builtIn[key]; ok {
			tree[name] = value
			continue
		}
		label, ok := strings.CutPrefix(key, "labels.")
		if !ok {
			continue
		}
		at, groups := tree, strings.Split(label, "_")
		for _, g := range groups[:len(groups)-1] {
			if at[g] == nil {
				at[g] = map[string]any{}
			}
			at = at[g].(map[string]any)
		}
		at[groups[len(groups)-1]] = value
	}
	return tree
}
