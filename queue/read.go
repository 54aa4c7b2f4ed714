package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/source"
	"cpd-jobs/internal/trace"
)

// ErrNoJob says that no job has the id.
var ErrNoJob = errors.New("no such job")

// jobRow is a row of queue.jobs.
type jobRow struct {
	ID           int64
	RunID        *int64
	Kind         string
	Queue        string
	Priority     int
	State        string
	Attempt      int
	MaxAttempts  int
	Args         json.RawMessage
	Metadata     json.RawMessage
	Errors       json.RawMessage
	CreatedAt    time.Time
	ScheduledAt  time.Time
	AttemptedAt  *time.Time
	FinalizedAt  *time.Time
	SetAside     *string
	SupersededBy *int64
	RunState     string
}

const jobColumns = `id, run_id, kind, queue, priority, state, attempt, max_attempts, args, metadata, errors,
	created_at, scheduled_at, attempted_at, finalized_at,
	CASE WHEN state = 'running' THEN (SELECT reason FROM queue.set_aside_jobs WHERE job_id = id) END AS set_aside,
	CASE WHEN superseded_by IS NOT NULL THEN queue.latest_job(id) END AS superseded_by,
	CASE WHEN superseded_by IS NULL THEN run_state
	     ELSE (SELECT latest.run_state FROM queue.jobs AS latest WHERE latest.id = queue.latest_job(jobs.id)) END AS run_state`

// ListJobs lists jobs, latest first, with their steps: of each only the row that goes on, unless the filter asks for all.
func ListJobs(ctx context.Context, db pg.Querier, f JobFilter) ([]Job, error) {
	if f.Limit == 0 {
		f.Limit = 50
	}
	more := ""
	if f.State == quarantined {
		more = "AND metadata ? 'quarantined'" // as the index of the history has it
	}
	rows, _ := db.Query(ctx, `
		SELECT `+jobColumns+` FROM queue.jobs
		WHERE ($1 = '' OR kind = $1) AND ($2 = '' OR state = $2 OR run_state = $2) AND ($3::bigint = 0 OR run_id = $3)
		  AND ($4::bigint = 0 OR id < $4) AND ($6 OR superseded_by IS NULL) `+more+`
		ORDER BY id DESC LIMIT $5`, f.Kind, f.State, f.RunID, f.Before, f.Limit, f.All)
	return collectJobs(ctx, db, rows)
}

// lineage is a job with those that it went on from and those that went on in its place.
const lineage = `
	WITH RECURSIVE line AS (
		SELECT id, superseded_by, queue.whole_number(metadata, 'previous') AS previous FROM queue.jobs WHERE id = $1
		UNION
		SELECT j.id, j.superseded_by, queue.whole_number(j.metadata, 'previous')
		FROM line JOIN queue.jobs AS j ON j.id = ANY (ARRAY[line.superseded_by, line.previous])
			AND (j.id = line.superseded_by OR j.superseded_by = line.id)
	)`

// findSQL names the ids of the line in an array, so that they are looked up by index: the planner takes a line to be long.
const findSQL = lineage + "SELECT " + jobColumns + " FROM queue.jobs WHERE id = ANY (ARRAY(SELECT line.id FROM line)) ORDER BY id"

// FindJob finds one job by the id that it has or had, with the steps and errors of all its attempts; ErrNoJob where there
// is none. An id lives as long as its run: where the job was taken over or run again, what it says is what became of that,
// and SupersededBy is the id under which it goes on.
func FindJob(ctx context.Context, db pg.Querier, id int64) (Job, error) {
	rows, _ := db.Query(ctx, findSQL, id)
	jobs, err := collectJobs(ctx, db, rows)
	if err != nil {
		return Job{}, err
	}
	if len(jobs) == 0 {
		return Job{}, ErrNoJob
	}
	job := jobs[len(jobs)-1]
	job.ID, job.CreatedAt, job.Steps, job.Errors = id, jobs[0].CreatedAt, []Step{}, []JobError{}
	for _, j := range jobs {
		if j.ID == id {
			job.SupersededBy, job.TakenOverBy = j.SupersededBy, j.TakenOverBy
		}
		job.Steps, job.Errors = append(job.Steps, j.Steps...), append(job.Errors, j.Errors...)
	}
	return job, nil
}

// FindJobs lists the jobs that have the ids, oldest first, each as its row says.
func FindJobs(ctx context.Context, db pg.Querier, ids []int64) ([]Job, error) {
	rows, _ := db.Query(ctx, "SELECT "+jobColumns+" FROM queue.jobs WHERE id = ANY ($1) ORDER BY id", ids)
	return collectJobs(ctx, db, rows)
}

// SetAsideJobs lists the jobs of dead workers that could not be taken over, latest first.
func SetAsideJobs(ctx context.Context, db pg.Querier) ([]Job, error) {
	rows, _ := db.Query(ctx, `
		SELECT `+jobColumns+` FROM queue.jobs
		WHERE state = 'running' AND finalized_at IS NULL AND id IN (SELECT job_id FROM queue.set_aside_jobs)
		ORDER BY id DESC LIMIT 100`)
	return collectJobs(ctx, db, rows)
}

func collectJobs(ctx context.Context, db pg.Querier, rows pgx.Rows) ([]Job, error) {
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[jobRow])
	if err != nil {
		return nil, fmt.Errorf("read jobs: %w", err)
	}
	jobs := make([]Job, len(found))
	ids := make([]int64, len(found))
	for i, r := range found {
		jobs[i], ids[i] = r.job(), r.ID
	}
	steps, err := stepsOf(ctx, db, ids)
	if err != nil {
		return nil, err
	}
	for i := range jobs {
		if s := steps[jobs[i].ID]; s != nil {
			jobs[i].Steps = s
		}
	}
	return jobs, nil
}

func (r jobRow) job() Job {
	var meta struct {
		metadata
		Failure     string          `json:"failure"`
		TakenOverBy int64           `json:"taken_over_by"`
		Output      json.RawMessage `json:"output"`
	}
	// A row that someone inserted by hand may hold anything; what cannot be read is left empty.
	_ = json.Unmarshal(r.Metadata, &meta)
	j := Job{
		ID: r.ID, Kind: r.Kind, State: r.State, Attempt: r.Attempt, Args: json.RawMessage(source.MaskSecrets(string(r.Args))), StartedBy: meta.StartedBy,
		CreatedAt: r.CreatedAt.UTC(), ScheduledAt: r.ScheduledAt.UTC(), StartedAt: inUTC(r.AttemptedAt), FinishedAt: inUTC(r.FinalizedAt),
		Steps: []Step{}, Result: meta.Output, Errors: jobErrors(r.Errors), Failure: meta.Failure, TakenOverBy: meta.TakenOverBy,
		Queue: r.Queue, Priority: r.Priority, MaxAttempts: r.MaxAttempts,
		Cost: meta.Cost, TraceID: trace.Parse(meta.Traceparent).ID(), SetAside: deref(r.SetAside), RunState: r.RunState,
	}
	if r.RunID != nil {
		j.RunID = *r.RunID
	}
	if r.SupersededBy != nil {
		j.SupersededBy = *r.SupersededBy
	}
	switch {
	case j.Result != nil:
	case j.State == "completed":
		j.Result = json.RawMessage(`{"changed": false}`)
	default:
		j.Result = json.RawMessage("null")
	}
	if j.State == "completed" {
		j.Failure = ""
	}
	return j
}

// jobErrors reads River's errors; of one that cannot be read, what can.
func jobErrors(raw json.RawMessage) []JobError {
	var each []json.RawMessage
	_ = json.Unmarshal(raw, &each)
	list := make([]JobError, len(each))
	for i, one := range each {
		_ = json.Unmarshal(one, &list[i])
		list[i].Error = source.MaskSecrets(strings.TrimPrefix(list[i].Error, "JobCancelError: ")) // River's word for "do not try again"
	}
	return list
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

func stepsOf(ctx context.Context, db pg.Querier, jobs []int64) (map[int64][]Step, error) {
	type row struct {
		JobID int64
		Step
	}
	rows, _ := db.Query(ctx, `
		SELECT job_id, attempt, name, state, unit, done, total, rows_in, rows_out, started_at, finished_at, updated_at
		FROM queue.steps WHERE job_id = ANY ($1) ORDER BY job_id, attempt, number`, jobs)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		return nil, fmt.Errorf("read the steps of jobs: %w", err)
	}
	steps := map[int64][]Step{}
	for _, r := range found {
		r.StartedAt, r.UpdatedAt, r.FinishedAt = r.StartedAt.UTC(), r.UpdatedAt.UTC(), inUTC(r.FinishedAt)
		steps[r.JobID] = append(steps[r.JobID], r.Step)
	}
	return steps, nil
}

// Logs lists the lines of a job, in all its attempts, after the line with id after, oldest first, at most 1,000.
func Logs(ctx context.Context, db pg.Querier, jobID, after int64) ([]LogLine, error) {
	rows, _ := db.Query(ctx, lineage+`
		SELECT id, attempt, at, level, message, attrs FROM queue.logs
		WHERE job_id = ANY ($1::bigint || ARRAY(SELECT line.id FROM line)) AND id > $2 ORDER BY id LIMIT 1000`, jobID, after)
	lines, err := pgx.CollectRows(rows, pgx.RowToStructByName[LogLine])
	if err != nil {
		return nil, fmt.Errorf("read the log of job %d: %w", jobID, err)
	}
	for i, l := range lines {
		lines[i].Message, lines[i].Attrs = source.MaskSecrets(l.Message), json.RawMessage(source.MaskSecrets(string(l.Attrs)))
	}
	return lines, nil
}
