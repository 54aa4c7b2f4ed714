package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/reports"
)

// errNoQueue is the answer to actions where Deps.Queue is nil.
var errNoQueue = run.Blocked("use the command line", "this service cannot start or stop jobs")

// exportKind is the kind of job that makes files.
const exportKind = "report_export"

// maySteer refuses every act on jobs that make files of personal data to visitors who may not have them: to start, retry,
// trigger, backfill or cancel one. A count of rows tells something too.
func maySteer(ctx context.Context, kind string, args json.RawMessage) error {
	if kind != exportKind || maySee(ctx, args) {
		return nil
	}
	return forbidden("You need the role " + string(access.Personal) + " to have files of this report made.")
}

// maySee says whether the visitor may see what a job with these arguments counted and said: not where its report has
// personal data that they may not have.
func maySee(ctx context.Context, args json.RawMessage) bool {
	var about struct {
		Report string `json:"report"`
	}
	if json.Unmarshal(args, &about) != nil {
		return true // what is wrong with the arguments is told when they are checked
	}
	def, err := reports.Find(about.Report)
	return err != nil || !def.Restricted() || access.Of(ctx).Can(access.Personal)
}

// shown is a job as the visitor may see it: without its result and its counts where it is about personal data that they
// may not have.
func shown(ctx context.Context, job queue.Job) queue.Job {
	if maySee(ctx, job.Args) {
		return job
	}
	job.Result, job.Cost = nil, nil
	job.Steps = slices.Clone(job.Steps)
	for i := range job.Steps {
		job.Steps[i].RowsIn, job.Steps[i].RowsOut, job.Steps[i].Done, job.Steps[i].Total = 0, 0, 0, 0
	}
	return job
}

// logs are the log lines of a job after one of them; none where the visitor may not see what the job counted.
func (s *site) logs(ctx context.Context, job queue.Job, after int64) ([]queue.LogLine, error) {
	if !maySee(ctx, job.Args) {
		return nil, nil
	}
	return queue.Logs(ctx, s.Control, job.ID, after)
}

// enqueue starts a job for the visitor and records it.
func (s *site) enqueue(ctx context.Context, action, target string, request queue.Request) (ticket queue.Ticket, err error) {
	if s.Queue == nil {
		return ticket, errNoQueue
	}
	if err := maySteer(ctx, request.Kind, request.Args); err != nil {
		return ticket, err
	}
	kind, err := s.Queue.Kind(request.Kind)
	if err != nil {
		return ticket, err
	}
	if bytes.Contains(request.Args, []byte(`\u0000`)) { // refuses \\u0000 too, which no argument needs
		return ticket, run.Invalid("", "the arguments have a character that PostgreSQL does not take, of code 0")
	}
	if _, err := kind.Check(request.Args); err != nil { // before the audit, which takes only JSON
		return ticket, err
	}
	var detail any
	if len(request.Args) > 0 {
		detail = request.Args
	}
	request.By = access.Of(ctx).By()
	err = s.audited(ctx, action, target, detail, func(ctx context.Context) (err error) {
		ticket, err = s.Queue.Enqueue(ctx, request)
		return err
	})
	return ticket, err
}

// cancel stops a job, and returns it as it is then.
func (s *site) cancel(ctx context.Context, job queue.Job) (queue.Job, error) {
	if s.Queue == nil {
		return job, errNoQueue
	}
	err := s.audited(ctx, "cancel", fmt.Sprintf("job %d", job.ID), nil, func(ctx context.Context) (err error) {
		if err := maySteer(ctx, job.Kind, job.Args); err != nil {
			return err
		}
		if job.Finished() {
			return run.Blocked("", "job %d has finished already", job.ID)
		}
		job, err = s.Queue.Cancel(ctx, job.ID)
		return err
	})
	return job, err
}

// retry runs a job again.
func (s *site) retry(ctx context.Context, job queue.Job) (ticket queue.Ticket, err error) {
	if s.Queue == nil {
		return ticket, errNoQueue
	}
	err = s.audited(ctx, "retry", fmt.Sprintf("job %d", job.ID), nil, func(ctx context.Context) (err error) {
		if err := maySteer(ctx, job.Kind, job.Args); err != nil {
			return err
		}
		if kind, err := s.Queue.Kind(job.Kind); err == nil { // one of a newer version is for its workers to judge
			if _, err := kind.Check(job.Args); err != nil {
				return err
			}
		}
		ticket, err = s.Queue.Retry(ctx, job.ID, access.Of(ctx).By())
		return err
	})
	return ticket, err
}

// pause pauses a schedule until a moment, or until it is resumed where that is zero.
func (s *site) pause(ctx context.Context, schedule string, until time.Time, note string, detail any) error {
	return s.audited(ctx, "pause", "schedule "+schedule, detail, func(ctx context.Context) error {
		return queue.Pause(ctx, s.Control, schedule, until, access.Of(ctx).By(), note)
	})
}

func (s *site) resume(ctx context.Context, schedule string) error {
	return s.audited(ctx, "resume", "schedule "+schedule, nil, func(ctx context.Context) error {
		return queue.Resume(ctx, s.Control, schedule)
	})
}

// trigger starts the job of a schedule now, outside its ticks.
func (s *site) trigger(ctx context.Context, info queue.ScheduleInfo) (ticket queue.Ticket, err error) {
	if s.Queue == nil {
		return ticket, errNoQueue
	}
	err = s.audited(ctx, "run", "schedule "+info.Name, nil, func(ctx context.Context) (err error) {
		if err := maySteer(ctx, info.Kind, info.Args); err != nil {
			return err
		}
		ticket, err = s.Queue.Trigger(ctx, info.Schedule, access.Of(ctx).By())
		return err
	})
	return ticket, err
}
