package chaos

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/pg"
)

// idleQueries is how many statements an idle worker may make a second.
const idleQueries = 2.0

// TestChaosIdleWorkerAsksLittle counts what the server's log says an idle worker asks.
func TestChaosIdleWorkerAsksLittle(t *testing.T) {
	t.Parallel()
	lasting := 20 * time.Second
	if full {
		lasting = 2 * time.Minute
	}
	s := ownServer(t, pg.Options{Settings: map[string]string{"log_statement": "all", "log_line_prefix": "%a|"}})
	l := newLabOn(t, s, "")
	l.schedule("schedules: [{name: yearly, kind: probe, cron: \"0 6 1 1 *\"}]")
	w := l.worker()
	pause(t.Context(), 3*time.Second) // what a start asks is not what an idle worker asks
	before := s.statements(w)
	begun := time.Now()
	pause(t.Context(), lasting)
	asked := s.statements(w)
	took := time.Since(begun)
	total := 0
	for what, n := range asked {
		asked[what] = n - before[what]
		total += asked[what]
	}
	rate := float64(total) / took.Seconds()
	t.Log(breakdown(asked))
	figure(t, "statements-of-an-idle-worker", rate, "a-second", idleQueries)
}

var statement = regexp.MustCompile(`^cpd-jobs worker ([^|]+)\|LOG:  (?:statement|execute [^:]*): *(.*)`)

// statements counts what a worker has asked so far, by the beginning of each.
func (s *server) statements(w *worker) map[string]int {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, "postgres", "server.log"))
	if err != nil {
		s.t.Fatal(err)
	}
	id := w.id()
	counts := map[string]int{}
	lines := strings.Split(string(raw), "\n")
	for i, line := range lines {
		m := statement.FindStringSubmatch(line)
		if m == nil || m[1] != id {
			continue
		}
		for next := i + 1; strings.TrimSpace(m[2]) == "" && next < len(lines); next++ {
			m[2] = lines[next] // the statement begins on a line of its own
		}
		counts[strings.TrimSpace(m[2])]++
	}
	return counts
}

func breakdown(counts map[string]int) string {
	var text strings.Builder
	for _, what := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Compare(counts[b], counts[a]) }) {
		if counts[what] > 0 {
			fmt.Fprintf(&text, "%5d  %.100s\n", counts[what], what)
		}
	}
	return text.String()
}
