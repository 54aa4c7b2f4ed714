package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/run"
)

// attemptOf is an attempt at a job that runs on this worker.
func (w *idleWorker) attemptOf(r Request) *attempt {
	w.t.Helper()
	return w.attemptAt(w.runsOn(w.id, r).ID)
}

func (w *idleWorker) logOf(id int64) []LogLine {
	w.t.Helper()
	lines, err := Logs(w.t.Context(), w.pool, id, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return lines
}

func TestLogLinesKeepTheirAttributes(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	a := w.attemptOf(Request{Kind: "work"})
	log := a.Log().With("school", "100001").WithGroup("file")
	log.Debug("not kept")
	log.Warn("read", "rows", 3, "name", "a.csv")
	log.Error("failed", "error", errors.New("no such file"))
	w.recorder.flush(t.Context())
	lines := w.logOf(a.jobID)
	if len(lines) != 2 {
		t.Fatalf("lines are %+v, want two", lines)
	}
	first := lines[0]
	if first.Level != "warn" || first.Message != "read" || first.Attempt != 1 || time.Since(first.At) > time.Hour {
		t.Errorf("the line is %+v", first)
	}
	for _, want := range []string{`"school": "100001"`, `"file": {"name": "a.csv", "rows": 3}`, `"kind": "work"`, fmt.Sprintf(`"job": %d`, a.jobID)} {
		if !strings.Contains(string(first.Attrs), want) {
			t.Errorf("attributes are %s, want %s among them", first.Attrs, want)
		}
	}
	for _, column := range []string{`"time"`, `"level"`, `"msg"`} {
		if strings.Contains(string(first.Attrs), column) {
			t.Errorf("attributes repeat the column %s: %s", column, first.Attrs)
		}
	}
	if !strings.Contains(w.log.String(), "msg=read") {
		t.Error("the worker's own log does not have the line")
	}
}

func TestStepsShowHowFarTheyAre(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	a := w.attemptOf(Request{Kind: "work"})
	err := a.Step(t.Context(), "read", func(ctx context.Context, s *run.Step) error {
		s.SetTotal(10)
		s.Add(4)
		w.recorder.flush(ctx)
		step := w.job(a.jobID).Steps[0]
		if step.State != "running" || step.Done != 4 || step.Total != 10 || step.FinishedAt != nil {
			t.Errorf("under way the step is %+v", step)
		}
		s.Add(6)
		s.SetRows(10, 9)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = a.Step(t.Context(), "merge", func(context.Context, *run.Step) error { return errors.New("disk full") })
	if err == nil || err.Error() != "merge: disk full" {
		t.Errorf("the error is %v, want it to name the step", err)
	}
	w.recorder.flush(t.Context())
	steps := w.job(a.jobID).Steps
	if len(steps) != 2 || steps[0].State != "done" || steps[0].Done != 10 || steps[0].RowsIn != 10 || steps[0].RowsOut != 9 ||
		steps[0].FinishedAt == nil || steps[1].Name != "merge" || steps[1].State != "failed" {
		t.Errorf("steps are %+v", steps)
	}
	if n := len(w.recorder.steps); n != 0 {
		t.Errorf("%d finished steps are still watched", n)
	}
}

// What cannot be written while the database is away is written when it is back, in order, once.
func TestRecorderKeepsWhatItCannotWrite(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	a := w.attemptOf(Request{Kind: "work"})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 3 {
		a.Log().Info(fmt.Sprintf("line %d", i))
		w.recorder.flush(gone)
	}
	_ = a.Step(t.Context(), "read", func(context.Context, *run.Step) error { return nil })
	w.recorder.flush(gone)
	if n := len(w.logOf(a.jobID)); n != 0 {
		t.Fatalf("%d lines written without a database", n)
	}
	for range 2 {
		w.recorder.flush(t.Context())
	}
	var got []string
	for _, l := range w.logOf(a.jobID) {
		got = append(got, l.Message)
	}
	if strings.Join(got, ",") != "line 0,line 1,line 2" {
		t.Errorf("lines are %v", got)
	}
	if steps := w.job(a.jobID).Steps; len(steps) != 1 || steps[0].State != "done" {
		t.Errorf("steps are %+v", steps)
	}
}

func TestRecorderDropsTheOldestLinesFirst(t *testing.T) {
	t.Parallel()
	said := &logged{}
	r := newRecorder(nil, slog.New(slog.NewTextHandler(said, nil)))
	for i := range maxLines + 1 {
		r.add(line{message: fmt.Sprint(i)})
	}
	if n := len(r.lines); n != maxLines-maxLines/10+1 {
		t.Errorf("%d lines are kept", n)
	}
	if first, last := r.lines[0].message, r.lines[len(r.lines)-1].message; first != fmt.Sprint(maxLines/10) || last != fmt.Sprint(maxLines) {
		t.Errorf("kept are lines %s to %s", first, last)
	}
	if !strings.Contains(said.String(), "lines=1000") {
		t.Errorf("said %q, want how many lines were dropped", said)
	}
}

// The recorder writes its last lines although the worker was told to stop.
func TestRecorderFlushesWhenItStops(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	a := w.attemptOf(Request{Kind: "work"})
	a.Log().Info("last words")
	stopped, stop := context.WithCancel(t.Context())
	stop()
	w.recorder.run(stopped)
	if lines := w.logOf(a.jobID); len(lines) != 1 || lines[0].Message != "last words" {
		t.Errorf("lines are %+v", lines)
	}
}

func TestLogsAreReadInPages(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	a := w.attemptOf(Request{Kind: "work"})
	const all = 1005
	for i := range all {
		w.recorder.add(line{jobID: a.jobID, attempt: 1, at: time.Now(), level: "info", message: fmt.Sprint(i), attrs: []byte("{}")})
	}
	w.recorder.flush(t.Context())
	first := w.logOf(a.jobID)
	rest, err := Logs(t.Context(), w.pool, a.jobID, first[len(first)-1].ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(first) != 1000 || len(rest) != all-1000 || rest[0].Message != "1000" {
		t.Errorf("pages of %d and %d lines, the second from %q", len(first), len(rest), rest[0].Message)
	}
}

// A step or a line that the database refuses is dropped, and keeps no other from being written.
func TestRefusedProgressKeepsNoOtherBack(t *testing.T) {
	t.Parallel()
	w := idle(t, kindOf("work", false))
	w.exec("ALTER TABLE queue.steps ADD CHECK (name <> 'poison'); ALTER TABLE queue.logs ADD CHECK (message <> 'poison')")
	a := w.attemptOf(Request{Kind: "work"})
	for _, name := range []string{"before", "poison", "after"} {
		a.Log().Info(name)
		if err := a.Step(t.Context(), name, func(context.Context, *run.Step) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	w.recorder.flush(t.Context())
	var steps []string
	w.scan("SELECT array_agg(name ORDER BY number) FROM queue.steps", nil, &steps)
	if lines := w.logOf(a.jobID); len(lines) != 2 || lines[1].Message != "after" || strings.Join(steps, " ") != "before after" {
		t.Errorf("steps are %v, lines %+v", steps, lines)
	}
	w.recorder.flush(t.Context())
	if n := strings.Count(w.log.String(), "was dropped"); n != 2 {
		t.Errorf("%d times the log says that something was dropped, want twice:\n%s", n, w.log)
	}
}
