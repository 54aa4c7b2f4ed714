package gias_test

import (
	osexec "os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias"
)

const (
	// benchRows is about twenty national registers.
	benchRows = 800_000
	// benchRounds is how often each way is measured, in turns; the medians are reported.
	benchRounds = 3
)

// BenchmarkRegister measures syncs of a large register beside psql, which copies the same file into a plain table of
// text: a first import (should take at most three times as long), the same file again (1.5 times), and the same rows in
// another file, which have to be read (2.5 times).
func BenchmarkRegister(b *testing.B) {
	psql, err := osexec.LookPath("psql")
	if err != nil {
		b.Skip("skipped: psql is not there")
	}
	rows := schools(benchRows, nil)
	one, other := register(b, headings(), rows), register(b, append(headings(), "Unknown"), rows)
	took := map[string][]float64{}
	measure := func(what string, do func()) {
		start := time.Now()
		do()
		took[what] = append(took[what], time.Since(start).Seconds())
	}
	for b.Loop() {
		for range benchRounds {
			url := pgtest.URL(b)
			db := pgtest.Connect(b, url)
			imported := func(path string) func() {
				return func() {
					if _, err := gias.Sync(b.Context(), &run.Local{}, db, source.Options{}, gias.Args{Source: path}); err != nil {
						b.Fatal(err)
					}
				}
			}
			measure("psql", func() { copyPlainly(b, psql, url, one) })
			measure("first", imported(one))
			measure("unchanged", imported(one))
			measure("reread", imported(other))
		}
	}
	plain := middle(took["psql"])
	b.ReportMetric(plain, "psql-s")
	for _, what := range []string{"first", "unchanged", "reread"} {
		b.ReportMetric(middle(took[what])/plain, what+"-ratio")
	}
}

func middle(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

func copyPlainly(b *testing.B, psql, url, source string) {
	columns := make([]string, len(headings()))
	for i := range columns {
		columns[i] = "c" + strconv.Itoa(i) + " text"
	}
	out, err := osexec.Command(psql, url, "-qX", "-c", "CREATE TABLE public.plain ("+strings.Join(columns, ", ")+")",
		"-c", `\copy public.plain FROM '`+source+`' CSV HEADER ENCODING 'WIN1252'`).CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
}
