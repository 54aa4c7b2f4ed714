package web

import (
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/queue"
)

// queuesPage is what waits, and who works.
type queuesPage struct {
	Queues  []queueLine
	Workers []workerLine
}

// queueLine is a queue: its unfinished jobs by state, and what ended in the last day.
type queueLine struct {
	Queue                                 string
	Waiting, Scheduled, Retrying, Running int64
	Oldest                                *time.Time // since when the one that waits longest has been due
	Wait                                  time.Duration
	Done, Failed                          int64
}

// workerLine is a worker and how many jobs it runs.
type workerLine struct {
	queue.WorkerInfo
	Running int64
	Silence time.Duration // since it was last heard of
}

func (queuesPage) Page() Page {
	return Page{Template: "queues.html", Title: "Queues", Section: "/queues"}
}

const queuesSQL = `
	SELECT queue, count(*) FILTER (WHERE state = 'available') AS waiting, count(*) FILTER (WHERE state IN ('scheduled', 'pending')) AS scheduled,
	       count(*) FILTER (WHERE state = 'retryable') AS retrying, count(*) FILTER (WHERE state = 'running') AS running,
	       min(scheduled_at) FILTER (WHERE state = 'available' AND scheduled_at <= now()) AS oldest,
	       count(*) FILTER (WHERE state = 'completed') AS done, count(*) FILTER (WHERE state = 'discarded') AS failed
	FROM (
		SELECT queue, state::text, scheduled_at FROM river.river_job
		WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled') OR finalized_at > now() - interval '1 day'
		UNION ALL
		SELECT queue, state, scheduled_at FROM queue.history WHERE finalized_at > now() - interval '1 day'
		UNION ALL
		SELECT known, NULL, NULL FROM unnest(ARRAY['default', 'exports', 'reports', 'syncs']) AS known
	) AS job
	GROUP BY queue ORDER BY queue`

func (s *site) queueList(w http.ResponseWriter, r *http.Request) error {
	rows, _ := s.DB.Query(r.Context(), queuesSQL)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[queueLine])
	if err != nil {
		return fmt.Errorf("read the queues: %w", err)
	}
	page := queuesPage{Queues: list}
	now := s.Now()
	for i, q := range list {
		if q.Oldest != nil {
			list[i].Wait = max(0, now.Sub(*q.Oldest))
		}
	}
	if page.Workers, err = s.workers(r, now); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page)
}

func (s *site) workers(r *http.Request, now time.Time) ([]workerLine, error) {
	alive, err := queue.Workers(r.Context(), s.DB)
	if err != nil {
		return nil, err
	}
	rows, _ := s.DB.Query(r.Context(), `
		SELECT attempted_by[array_upper(attempted_by, 1)], count(*) FROM river.river_job WHERE state = 'running' GROUP BY 1`)
	running, id, n := map[string]int64{}, (*string)(nil), int64(0)
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		if id != nil {
			running[*id] = n
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what workers do: %w", err)
	}
	lines := make([]workerLine, len(alive))
	for i, info := range alive {
		lines[i] = workerLine{WorkerInfo: info, Running: running[info.ID], Silence: max(0, now.Sub(info.HeartbeatAt))}
	}
	return lines, nil
}
