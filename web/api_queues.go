package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
)

type queuesOutput struct {
	Body struct {
		Queues []queue.QueueState `json:"queues" doc:"By name"`
	}
}

// QueueInput names a queue.
type QueueInput struct {
	Name string `path:"name" maxLength:"100" example:"exports"`
}

type pauseQueueInput struct {
	QueueInput
	Body struct {
		Until *time.Time `json:"until,omitempty" doc:"Absent: until it is resumed"`
		Note  string     `json:"note,omitempty" maxLength:"200" doc:"Why; others see it"`
	}
}

type backfillsInput struct {
	All bool `query:"all" doc:"Those too that have ended: the last hundred"`
}

type backfillsOutput struct {
	Body struct {
		Backfills []queue.BackfillInfo `json:"backfills" doc:"Latest first"`
	}
}

// BackfillInput names a backfill.
type BackfillInput struct {
	ID int64 `path:"id" minimum:"1"`
}

type backfillOutput struct{ Body queue.BackfillInfo }

type manyInput struct {
	Body struct {
		State    string    `json:"state,omitempty" enum:"available,scheduled,retryable,running,cancelled,discarded,quarantined"`
		Kind     string    `json:"kind,omitempty" maxLength:"100"`
		Schedule string    `json:"schedule,omitempty" maxLength:"200"`
		Since    time.Time `json:"since,omitzero" doc:"Created then or later"`
		DryRun   bool      `json:"dry_run,omitempty" doc:"Say which jobs, and do nothing"`
	}
}

func (in *manyInput) selection() queue.JobSelection {
	return queue.JobSelection{State: in.Body.State, Kind: plainText(in.Body.Kind), Schedule: plainText(in.Body.Schedule), Since: in.Body.Since}
}

type manyOutput struct{ Body manyDone }

func (a *api) addQueues() {
	tags := []string{"Queues"}
	conflict := []int{http.StatusConflict}
	add(a, access.Developer, huma.Operation{Method: http.MethodGet, Path: "/queues", OperationID: "list-queues", Tags: tags,
		Summary: "List queues", Description: "The queues that workers work, and which are paused."}, a.listQueues)
	add(a, access.Developer, huma.Operation{Method: http.MethodPost, Path: "/queues/{name}/pause", OperationID: "pause-queue", Tags: tags,
		Summary: "Pause a queue", Description: "Lets no further job of it begin until a moment, or until it is resumed."}, a.pauseQueueNamed)
	add(a, access.Developer, huma.Operation{Method: http.MethodPost, Path: "/queues/{name}/resume", OperationID: "resume-queue", Tags: tags,
		Summary: "Resume a queue", Description: "Ends a pause: its jobs begin at once."}, a.resumeQueueNamed)
	add(a, access.Developer, huma.Operation{Method: http.MethodGet, Path: "/backfills", OperationID: "list-backfills", Tags: tags,
		Summary: "List backfills", Description: "Past ticks that somebody asked to run."}, a.listBackfills)
	add(a, access.Developer, huma.Operation{Method: http.MethodGet, Path: "/backfills/{id}", OperationID: "show-backfill", Tags: tags,
		Summary: "Show a backfill", Description: "One backfill and how far it has come."}, a.showBackfill)
	for _, verb := range backfillVerbs {
		add(a, access.Developer, huma.Operation{Method: http.MethodPost, Path: "/backfills/{id}/" + verb.name, OperationID: verb.name + "-backfill",
			Tags: tags, Errors: conflict, Summary: verb.title + " a backfill", Description: verb.about}, a.steerBackfill(verb))
	}
	add(a, access.Developer, huma.Operation{Method: http.MethodPost, Path: "/jobs/cancel", OperationID: "cancel-jobs", Tags: []string{"Jobs"}, Errors: conflict,
		Summary: "Cancel many jobs", Description: "Cancels the jobs that have all of what is given, and the ticks of a schedule that wait for their turn."},
		func(ctx context.Context, in *manyInput) (*manyOutput, error) { return a.many(ctx, in, cancelMany) })
	add(a, access.Developer, huma.Operation{Method: http.MethodPost, Path: "/jobs/retry", OperationID: "retry-jobs", Tags: []string{"Jobs"}, Errors: conflict,
		Summary: "Run many jobs again", Description: "Runs the jobs again that have all of what is given: those that failed for good, where no state is given."},
		func(ctx context.Context, in *manyInput) (*manyOutput, error) { return a.many(ctx, in, retryMany) })
}

func (a *api) listQueues(ctx context.Context, _ *struct{}) (*queuesOutput, error) {
	if a.Queue == nil {
		return nil, errNoQueue
	}
	out := &queuesOutput{}
	var err error
	out.Body.Queues, err = a.Queue.QueueStates(ctx)
	return out, err
}

func (a *api) pauseQueueNamed(ctx context.Context, in *pauseQueueInput) (*queuesOutput, error) {
	var until time.Time
	if in.Body.Until != nil {
		now, err := pg.Now(ctx, a.Control)
		if err != nil {
			return nil, err
		}
		if until = *in.Body.Until; !until.After(now) {
			return nil, run.Invalid("", "until: give a moment that is still to come")
		}
	}
	note := plainText(in.Body.Note)
	if err := a.pauseQueue(ctx, in.Name, until, note, map[string]any{"until": in.Body.Until, "note": note}); err != nil {
		return nil, err
	}
	return a.listQueues(ctx, nil)
}

func (a *api) resumeQueueNamed(ctx context.Context, in *QueueInput) (*queuesOutput, error) {
	if err := a.resumeQueue(ctx, in.Name); err != nil {
		return nil, err
	}
	return a.listQueues(ctx, nil)
}

func (a *api) listBackfills(ctx context.Context, in *backfillsInput) (*backfillsOutput, error) {
	out := &backfillsOutput{}
	var err error
	out.Body.Backfills, err = queue.Backfills(ctx, a.Control, in.All)
	return out, err
}

func (a *api) showBackfill(ctx context.Context, in *BackfillInput) (*backfillOutput, error) {
	b, err := a.findBackfill(ctx, in.ID)
	return &backfillOutput{Body: b}, err
}

func (a *api) steerBackfill(verb backfillVerb) func(context.Context, *BackfillInput) (*backfillOutput, error) {
	return func(ctx context.Context, in *BackfillInput) (*backfillOutput, error) {
		b, err := a.findBackfill(ctx, in.ID)
		if err == nil {
			b, err = a.steer(ctx, verb, b)
		}
		return &backfillOutput{Body: b}, err
	}
}

func (a *api) many(ctx context.Context, in *manyInput, act manyAct) (*manyOutput, error) {
	jobs, err := a.selected(ctx, act, in.selection())
	if err != nil {
		return nil, err
	}
	if in.Body.DryRun {
		done := manyDone{Jobs: []int64{}}
		for _, j := range jobs {
			done.Jobs = append(done.Jobs, j.ID)
		}
		return &manyOutput{Body: done}, nil
	}
	done, err := a.doMany(ctx, act, in.selection())
	return &manyOutput{Body: done}, err
}
