package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cpd-jobs/queue"
)

// Progress is sent as often as jobs write it. The limits are of open streams and of the life of each; the browser then
// asks anew.
const (
	liveEvery   = time.Second
	liveStreams = 64
	liveFor     = 15 * time.Minute
)

type stoppingKey struct{}

// stopping is closed when the server is about to stop, which would otherwise wait for streams.
func stopping(ctx context.Context) <-chan struct{} {
	done, _ := ctx.Value(stoppingKey{}).(<-chan struct{})
	return done
}

// events streams the progress of a job until it has finished: its steps whenever they change, its log lines as they
// come, as pieces of the page.
func (s *site) events(w http.ResponseWriter, r *http.Request) error {
	job, err := s.job(r)
	if err != nil {
		return err
	}
	select {
	case s.live <- struct{}{}:
		defer func() { <-s.live }()
	default:
		http.Error(w, "Too many pages watch jobs.", http.StatusServiceUnavailable)
		return nil
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // else the end of the server's own would end the stream; a recorder in tests has none
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if last, err := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64); err == nil {
		after = last // the browser came back
	}
	st := &stream{site: s, w: w, flush: control.Flush, job: job.ID, after: after}
	ctx, cancel := context.WithTimeout(r.Context(), liveFor)
	defer cancel()
	if err := st.follow(ctx); err != nil && ctx.Err() == nil {
		s.Log.ErrorContext(ctx, "progress of a job cannot be shown", "job", job.ID, "error", err)
	}
	return nil
}

// stream is the progress of one job on its way to one page.
type stream struct {
	site  *site
	w     http.ResponseWriter
	flush func() error
	job   int64
	after int64 // the last log line sent
	steps string
}

// follow sends what changes until the job or ctx ends.
func (st *stream) follow(ctx context.Context) error {
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	for {
		finished, err := st.send(ctx)
		if err != nil || finished {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-stopping(ctx):
			return nil
		case <-tick.C:
		}
	}
}

// send writes what is new, and says whether the job has finished.
func (st *stream) send(ctx context.Context) (finished bool, err error) {
	job, err := queue.FindJob(ctx, st.site.Control, st.job)
	if err != nil {
		return false, err
	}
	job = shown(ctx, job)
	lines, err := st.site.logs(ctx, job, st.after)
	if err != nil {
		return false, err
	}
	page := newRunPage(job, nil, st.site.Now())
	steps, err := st.site.pages.fragment("run.html", "run-steps", page)
	if err != nil {
		return false, err
	}
	var out strings.Builder
	if steps != st.steps {
		st.steps = steps
		writeEvent(&out, "steps", 0, steps)
	}
	if len(lines) > 0 {
		rows, err := st.site.pages.fragment("run.html", "run-log", logLines(lines))
		if err != nil {
			return false, err
		}
		st.after = lines[len(lines)-1].ID
		writeEvent(&out, "log", st.after, rows)
	}
	if job.Finished() {
		writeEvent(&out, "end", 0, job.State)
	}
	if out.Len() == 0 {
		out.WriteString(":\n\n") // tells of a visitor who has gone
	}
	if _, err := st.w.Write([]byte(out.String())); err != nil {
		return false, err
	}
	return job.Finished(), st.flush()
}

// writeEvent writes one server-sent event; id 0 is none.
func writeEvent(b *strings.Builder, name string, id int64, data string) {
	fmt.Fprintf(b, "event: %s\n", name)
	if id > 0 {
		fmt.Fprintf(b, "id: %d\n", id)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(data), "\n") {
		b.WriteString("data: " + strings.TrimRight(line, "\r") + "\n")
	}
	b.WriteString("\n")
}
