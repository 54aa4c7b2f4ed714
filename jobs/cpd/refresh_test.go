package cpd_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/cpd"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/refresh"
)

// onboarding is a made-up source, its copy, and the report of it.
type onboarding struct {
	world
	def     *definition.Definition
	schools int // in the report
}

func newOnboarding(t *testing.T) onboarding {
	t.Helper()
	url := pgtest.NewEmpty(t)
	options := demo.Options{Schools: 300, Seed: 1, AsOf: time.Date(2026, time.November, 22, 6, 10, 0, 0, time.UTC)}
	if _, err := demo.Source(t.Context(), url, options); err != nil {
		t.Fatal(err)
	}
	o := onboarding{world: world{t: t, source: pgtest.Connect(t, url), deps: cpd.Deps{DB: pgtest.New(t), SourceURL: url}}}
	if err := reports.EnsureTables(t.Context(), o.deps.DB); err != nil {
		t.Fatal(err)
	}
	def, err := reports.Find("school_onboarding")
	if err != nil {
		t.Fatal(err)
	}
	o.def = def
	o.copyMarked(1)
	o.wantRefresh(&run.Local{})
	o.schools = one[int](t, o.deps.DB, "SELECT count(*) FROM reports.school_onboarding")
	return o
}

// mark writes one number into tables that are copied at different moments: a report of two copies would show two.
func (o onboarding) mark(n int) error {
	_, err := o.source.Exec(o.t.Context(), fmt.Sprintf(`BEGIN;
		UPDATE schools SET name = regexp_replace(name, ' #.*$', '') || ' #%[1]d';
		UPDATE lead_providers SET name = regexp_replace(name, ' #.*$', '') || ' #%[1]d';
		UPDATE delivery_partners SET name = regexp_replace(name, ' #.*$', '') || ' #%[1]d';
		COMMIT`, n))
	return err
}

func (o onboarding) refresh(r run.Run) error {
	_, err := refresh.Report(o.t.Context(), r, o.deps.DB, o.def, refresh.Options{})
	return err
}

// copyMarked marks the source and syncs.
func (o onboarding) copyMarked(n int) {
	o.t.Helper()
	if err := o.mark(n); err != nil {
		o.t.Fatal(err)
	}
	o.sync()
}

// wantRefresh must succeed.
func (o onboarding) wantRefresh(r run.Run) {
	o.t.Helper()
	if err := o.refresh(r); err != nil {
		o.t.Fatal(err)
	}
}

// marks are the numbers in the report; there must be one, in every row that has names.
func (o onboarding) marks() (marks []string, err error) {
	var n int
	err = o.deps.DB.QueryRow(o.t.Context(), `
		SELECT count(DISTINCT urn), array_agg(DISTINCT substring(text FROM '#(\d+)$')) FILTER (WHERE text IS NOT NULL)
		FROM reports.school_onboarding CROSS JOIN LATERAL (VALUES (name), (lead_provider), (delivery_partner)) AS v (text)`).
		Scan(&n, &marks)
	if err == nil && n != o.schools {
		err = fmt.Errorf("the report has %d schools, want %d", n, o.schools)
	}
	return marks, err
}

// wantMark checks that the report is of one copy.
func (o onboarding) wantMark(when, mark string) {
	o.t.Helper()
	marks, err := o.marks()
	if err != nil {
		o.t.Fatal(err)
	}
	if diff := cmp.Diff([]string{mark}, marks); diff != "" {
		o.t.Errorf("marks in the %s (-want +got):\n%s", when, diff)
	}
}

// The swap comes while the report is half made: it is made of the old copy to its end, and then of the new one.
func TestSwapInTheMiddleOfARefresh(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"compute", "check", "compare"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			o := newOnboarding(t)
			o.copyMarked(2)
			if err := o.mark(3); err != nil {
				t.Fatal(err)
			}
			waits := make(chan struct{})
			heard := &listener{on: map[string]func(){"waiting for readers of the copy before": func() { close(waits) }}}
			done := make(chan error, 1)
			r := &run.Local{Now: time.Now, OnStep: func(s *run.Step, finished bool, _ time.Duration, _ error) {
				if s.Name != step || !finished {
					return
				}
				go func() {
					_, err := o.try(&run.Local{Logger: slog.New(heard)}, cpd.Args{})
					done <- err
				}()
				<-waits
			}}
			o.wantRefresh(r)
			o.wantMark("report that the swap met", "2")
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			o.wantRefresh(&run.Local{})
			o.wantMark("next report", "3")
		})
	}
}

// Syncs and refreshes side by side, as often as they will, meet at every moment.
func TestSwapsAndRefreshesSideBySide(t *testing.T) {
	t.Parallel()
	o := newOnboarding(t)
	const rounds = 5
	synced := make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		defer close(synced)
		for n := range rounds {
			if err := o.mark(n + 2); err != nil {
				return err
			}
			if _, err := o.try(&run.Local{}, cpd.Args{}); err != nil {
				return err
			}
		}
		return nil
	})
	var seen []string
	g.Go(func() error {
		for {
			select {
			case <-synced:
				return nil
			default:
			}
			if err := o.refresh(&run.Local{}); err != nil {
				return err
			}
			marks, err := o.marks()
			if err != nil {
				return err
			}
			if len(marks) != 1 {
				t.Errorf("a report of marks %q, want one", marks)
			}
			seen = append(seen, marks...)
		}
	})
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := len(slices.Compact(seen)); got < 2 {
		t.Errorf("the reports were of %d copies, want several", got)
	}
}
