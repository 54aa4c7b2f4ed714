package gias_test

import (
	osexec "os/exec"
	"strconv"
	"strings"
	"testing"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/gias"
	"cpd-jobs/jobs/gias/received"
)

// benchRows is about twenty national registers.
const benchRows = 800_000

// BenchmarkFirstImport imports a large register; BenchmarkPsqlCopy copies the same file into a plain text table with
// psql. The first should take at most three times the second in the same run.
func BenchmarkFirstImport(b *testing.B) {
	source := register(b, headings(), schools(benchRows, nil))
	for b.Loop() {
		b.StopTimer()
		db := pgtest.New(b)
		b.StartTimer()
		if _, err := gias.Sync(b.Context(), &run.Local{}, db, received.Options{}, gias.Args{Source: source}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPsqlCopy(b *testing.B) {
	psql, err := osexec.LookPath("psql")
	if err != nil {
		b.Skip("skipped: psql is not there")
	}
	source := register(b, headings(), schools(benchRows, nil))
	columns := make([]string, len(headings()))
	for i := range columns {
		columns[i] = "c" + strconv.Itoa(i) + " text"
	}
	for b.Loop() {
		b.StopTimer()
		url := pgtest.URL(b)
		b.StartTimer()
		out, err := osexec.Command(psql, url, "-q", "-c", "CREATE TABLE plain ("+strings.Join(columns, ", ")+")",
			"-c", `\copy plain FROM '`+source+`' CSV HEADER ENCODING 'WIN1252'`).CombinedOutput()
		if err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
}

// BenchmarkUnchanged reads a register that is here already under other bytes, so that no short cut applies.
func BenchmarkUnchanged(b *testing.B) {
	rows := schools(benchRows, nil)
	one, other := register(b, headings(), rows), register(b, append(headings(), "Unknown"), rows)
	db := pgtest.New(b)
	if _, err := gias.Sync(b.Context(), &run.Local{}, db, received.Options{}, gias.Args{Source: one}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		one, other = other, one
		if _, err := gias.Sync(b.Context(), &run.Local{}, db, received.Options{}, gias.Args{Source: one}); err != nil {
			b.Fatal(err)
		}
	}
}
