package web

import (
	"context"
	"fmt"
	"net/http"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
)

// errNoQueue is what a program says that only shows pages.
var errNoQueue = run.Blocked("use the command line", "these pages cannot start or stop jobs")

// runSaid is what a run's page says after an action, by ?said.
var runSaid = map[string]string{
	"begun":     "The job is in its queue.",
	"again":     "This is the job that does it again.",
	"cancelled": "The job was told to stop.",
}

func (s *site) cancelForm(w http.ResponseWriter, r *http.Request) error {
	job, err := s.job(r)
	if err != nil {
		return err
	}
	page := confirmPage{
		Title: fmt.Sprintf("Cancel job %d", job.ID), Section: "/runs", Back: runPath(job.ID),
		Text:   []string{words(job.Kind) + ", started by " + job.StartedBy + "."},
		Method: "post", Action: runPath(job.ID) + "/cancel", Button: "Cancel the job", Risky: true,
		Warning: "It stops where it is. What it has published stays; nothing else is left behind.",
	}
	if job.Finished() {
		page.Text, page.Warning, page.Button = append(page.Text, "It has finished already."), "", ""
	}
	return s.render(w, r, http.StatusOK, page)
}

func (s *site) cancel(w http.ResponseWriter, r *http.Request) error {
	job, err := s.job(r)
	switch {
	case err != nil:
		return err
	case s.Queue == nil:
		return errNoQueue
	}
	err = s.audited(r.Context(), "cancel", fmt.Sprintf("job %d", job.ID), nil, func(ctx context.Context) error {
		if job.Finished() {
			return run.Blocked("", "job %d has finished already", job.ID)
		}
		_, err := s.Queue.Cancel(ctx, job.ID)
		return err
	})
	if err != nil {
		return err
	}
	return seeOther(w, r, runPath(job.ID), "cancelled")
}

func (s *site) retryForm(w http.ResponseWriter, r *http.Request) error {
	job, err := s.job(r)
	if err != nil {
		return err
	}
	page := confirmPage{
		Title: fmt.Sprintf("Run job %d again", job.ID), Section: "/runs", Back: runPath(job.ID),
		Text:   []string{"A new job of the same run starts with the same arguments: " + againCommand(job.Kind, job.Args)},
		Method: "post", Action: runPath(job.ID) + "/retry", Button: "Run it again",
	}
	switch {
	case job.State == "running":
		page.Text, page.Button = []string{"It is running. Cancel it first."}, ""
	case !job.Finished():
		page.Text, page.Button = []string{"It waits for its next attempt, which then starts at once."}, "Start it now"
	}
	return s.render(w, r, http.StatusOK, page)
}

func (s *site) retry(w http.ResponseWriter, r *http.Request) error {
	job, err := s.job(r)
	switch {
	case err != nil:
		return err
	case s.Queue == nil:
		return errNoQueue
	}
	var ticket queue.Ticket
	err = s.audited(r.Context(), "retry", fmt.Sprintf("job %d", job.ID), nil, func(ctx context.Context) (err error) {
		ticket, err = s.Queue.Retry(ctx, job.ID, access.Of(r.Context()).By())
		return err
	})
	if err != nil {
		return err
	}
	return seeOther(w, r, runPath(ticket.ID), "again")
}

func runPath(id int64) string { return fmt.Sprintf("/runs/%d", id) }
