package cpd

import (
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
)

// benchRounds is how often each way is measured, in turns; the medians are reported.
const benchRounds = 3

// BenchmarkCopy copies a made-up source of national size beside psql: COPY in binary piped to COPY in binary, with the
// same keys and statistics. A sync should take at most 1.3 times as long as table after table; beside it stands what
// psql takes where a script copies as many tables at once as the sync does. CPD_JOBS_LONG=1 adds ten times that size.
func BenchmarkCopy(b *testing.B) {
	psql, err := osexec.LookPath("psql")
	if err != nil {
		b.Skip("skipped: psql is not there")
	}
	sizes := []int{demo.DefaultSchools}
	if os.Getenv("CPD_JOBS_LONG") != "" {
		sizes = append(sizes, 10*demo.DefaultSchools)
	}
	for _, size := range sizes {
		b.Run(fmt.Sprintf("schools=%d", size), func(b *testing.B) {
			source := pgtest.NewEmpty(b)
			asOf := time.Date(2026, time.November, 22, 6, 10, 0, 0, time.UTC)
			if _, err := demo.Source(b.Context(), source, demo.Options{Schools: size, Seed: 1, AsOf: asOf}); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				measureCopy(b, psql, source)
			}
		})
	}
}

func measureCopy(b *testing.B, psql, source string) {
	var ours, theirs, atOnce []float64
	for range benchRounds {
		ours = append(ours, syncSeconds(b, source))
		theirs = append(theirs, psqlSeconds(b, psql, source, 1))
		atOnce = append(atOnce, psqlSeconds(b, psql, source, Deps{}.workers()))
	}
	b.ReportMetric(middle(ours), "sync-s")
	b.ReportMetric(middle(theirs), "psql-s")
	b.ReportMetric(middle(ours)/middle(theirs), "ratio")
	b.ReportMetric(middle(ours)/middle(atOnce), "ratio-at-once")
}

func middle(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

func syncSeconds(b *testing.B, source string) float64 {
	db := pgtest.New(b)
	defer forget(b, db)
	start := time.Now()
	if _, err := Sync(b.Context(), &run.Local{}, Deps{DB: db, SourceURL: source}, Args{}); err != nil {
		b.Fatal(err)
	}
	return time.Since(start).Seconds()
}

func psqlSeconds(b *testing.B, psql, source string, workers int) float64 {
	target := pgtest.URL(b)
	db := pgtest.Connect(b, target)
	defer forget(b, db)
	live, err := copySide.describe(b.Context(), db, Tables())
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	var g errgroup.Group
	g.SetLimit(workers)
	for _, t := range Tables() {
		table := t.physical(1).quoted()
		g.Go(func() error {
			return pipePsql(
				osexec.Command(psql, source, "-qXc", t.copyOut()),
				osexec.Command(psql, target, "-qX", "-v", "ON_ERROR_STOP=1", "-c", create(t, 1, live[t.to()].columns),
					"-c", "COPY "+table+" FROM STDIN (FORMAT binary)", "-c", "ALTER TABLE "+table+" ADD PRIMARY KEY (id)",
					"-c", "ANALYZE "+table))
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start).Seconds()
}

// pipePsql runs one program into another.
func pipePsql(out, in *osexec.Cmd) error {
	pipe, err := out.StdoutPipe()
	if err != nil {
		return err
	}
	in.Stdin, in.Stderr, out.Stderr = pipe, os.Stderr, os.Stderr
	if err := out.Start(); err != nil {
		return err
	}
	return errors.Join(in.Run(), out.Wait())
}

// forget empties a database whose test goes on: ten national copies do not fit beside each other.
func forget(b *testing.B, db *pgxpool.Pool) {
	if _, err := db.Exec(b.Context(), "DROP SCHEMA cpd, restricted CASCADE; CHECKPOINT"); err != nil {
		b.Error(err)
	}
}
