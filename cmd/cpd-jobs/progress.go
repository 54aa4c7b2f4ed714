package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/reports/table"
)

// progress shows what a job does: on a terminal a bar for the step that runs, elsewhere one line a step.
type progress struct {
	out      io.Writer
	terminal bool
	// quiet leaves out the job's log lines.
	quiet bool

	mu    sync.Mutex
	bar   *progressbar.ProgressBar
	step  string
	local []*run.Step
}

var _ queue.Watcher = (*progress)(nil)

func newProgress(out io.Writer) *progress { return &progress{out: out, terminal: isTerminal(out)} }

// State shows takeovers and retries; the beginning and the end show by themselves.
func (p *progress) State(job queue.Job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if job.State == "running" && job.Attempt > 1 {
		p.println(fmt.Sprintf("attempt %d of %d", job.Attempt, job.MaxAttempts))
	}
	if job.State == "retryable" && len(job.Errors) > 0 {
		p.println(fmt.Sprintf("failed, trying again at %s: %s", job.ScheduledAt.Format(time.TimeOnly), job.Errors[len(job.Errors)-1].Error))
	}
}

// Progress shows a step.
func (p *progress) Progress(_ queue.Job, s queue.Step) {
	took := s.UpdatedAt.Sub(s.StartedAt)
	if s.FinishedAt != nil {
		took = s.FinishedAt.Sub(s.StartedAt)
	}
	p.show(s.Name, s.State, s.Unit, s.Done, s.Total, s.RowsOut, took)
}

// Line shows what the job logged.
func (p *progress) Line(l queue.LogLine) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quiet {
		return
	}
	p.println(fmt.Sprintf("%s %-5s %s%s", l.At.UTC().Format(time.TimeOnly), strings.ToUpper(l.Level), l.Message, attrText(l.Attrs)))
}

// ofEveryLine are the attributes that say which job a line is of.
var ofEveryLine = []string{"job", "run", "kind", "report", "trace"}

// attrText renders a line's attributes as people read them, leaving out what every line of the job has.
func attrText(raw json.RawMessage) string {
	var attrs map[string]any
	if json.Unmarshal(raw, &attrs) != nil {
		return ""
	}
	var b strings.Builder
	for _, key := range sortedKeys(attrs) {
		if !slices.Contains(ofEveryLine, key) {
			fmt.Fprintf(&b, " %s=%v", key, attrs[key])
		}
	}
	return b.String()
}

func (p *progress) show(name, state, unit string, done, total, rows int64, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if state != "running" {
		p.clear()
		p.println(stepLine(name, state, unit, done, rows, took))
		return
	}
	if !p.terminal {
		return
	}
	if p.bar == nil || p.step != name {
		p.clear()
		p.bar, p.step = p.newBar(name, unit, total), name
	}
	if total > 0 {
		p.bar.ChangeMax64(max(total, done))
	}
	_ = p.bar.Set64(done)
}

// stepLine describes a step that has ended: what it counted, and its rows where that was something else.
func stepLine(name, state, unit string, done, rows int64, took time.Duration) string {
	line := fmt.Sprintf("  %-53s %6.1fs", name, took.Seconds())
	if unit == "rows" {
		done = max(done, rows)
	} else if rows > 0 {
		line += fmt.Sprintf("  %12s rows", table.Thousands(rows))
	}
	if done > 0 {
		line += fmt.Sprintf("  %12s %s", table.Thousands(done), unit)
	}
	if state == "failed" {
		line += "  failed"
	}
	return line
}

func (p *progress) newBar(name, unit string, total int64) *progressbar.ProgressBar {
	if total == 0 {
		total = -1
	}
	options := []progressbar.Option{
		progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription("  " + name),
		progressbar.OptionThrottle(100 * time.Millisecond), progressbar.OptionShowCount(),
		progressbar.OptionSetSpinnerChangeInterval(0), // else it goes on drawing by itself after we are done with it
		progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(24),
	}
	if unit == "bytes" {
		options = append(options, progressbar.OptionShowBytes(true))
	} else {
		options = append(options, progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit))
	}
	return progressbar.NewOptions64(total, options...)
}

// println writes above the bar; the caller holds the lock.
func (p *progress) println(line string) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintln(p.out, line)
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
		_ = p.bar.Exit()
		p.bar, p.step = nil, ""
	}
}

// counting shows work that is no job: what it is at, as a bar, or a line whenever that changes.
func (p *progress) counting(about string, now clock.Now) func(what string, done, total int64) {
	started, last := now(), ""
	return func(what string, done, total int64) {
		if !p.terminal && what != last {
			last = what
			p.show(about+": "+what, "done", "rows", done, total, 0, now().Sub(started))
		}
		if p.terminal {
			p.show(about+": "+what, "running", "rows", done, total, 0, 0)
		}
	}
}

// end takes the bar away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// localStep is what run.Local calls at a step's beginning and end.
func (p *progress) localStep(s *run.Step, finished bool, took time.Duration, err error) {
	if !finished {
		p.mu.Lock()
		p.local = append(p.local, s)
		p.mu.Unlock()
		return
	}
	state := "done"
	if err != nil {
		state = "failed"
	}
	p.mu.Lock()
	for i, other := range p.local {
		if other == s {
			p.local = append(p.local[:i], p.local[i+1:]...)
			break
		}
	}
	p.mu.Unlock()
	_, out := s.Rows()
	p.show(s.Name, state, s.Unit, s.Done(), s.Total(), out, took)
}

// watch keeps the bar of a local step moving until it is stopped.
func (p *progress) watch(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				p.sample()
			}
		}
	}()
	return func() { cancel(); <-done; p.end() }
}

func (p *progress) sample() {
	p.mu.Lock()
	var latest *run.Step
	if n := len(p.local); n > 0 {
		latest = p.local[n-1]
	}
	p.mu.Unlock()
	if latest != nil {
		p.show(latest.Name, "running", latest.Unit, latest.Done(), latest.Total(), 0, 0)
	}
}

// handler keeps log lines from breaking into the bar.
func (p *progress) handler(inner slog.Handler) slog.Handler {
	return &aboveBar{Handler: inner, progress: p}
}

type aboveBar struct {
	slog.Handler
	progress *progress
}

func (h *aboveBar) Handle(ctx context.Context, r slog.Record) error {
	h.progress.mu.Lock()
	defer h.progress.mu.Unlock()
	if h.progress.bar != nil {
		_ = h.progress.bar.Clear()
	}
	return h.Handler.Handle(ctx, r)
}

func (h *aboveBar) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &aboveBar{Handler: h.Handler.WithAttrs(attrs), progress: h.progress}
}

func (h *aboveBar) WithGroup(name string) slog.Handler {
	return &aboveBar{Handler: h.Handler.WithGroup(name), progress: h.progress}
}
