package web

import (
	"net/http"
	"time"

	"cpd-jobs/queue"
)

// queuesPage is what waits, and who works.
type queuesPage struct {
	Queues  []queueLine
	Workers []workerLine
}

// queueLine is a queue and how long its oldest job has waited.
type queueLine struct {
	queue.QueueInfo
	Wait time.Duration
}

// workerLine is a worker and the time since its last heartbeat.
type workerLine struct {
	queue.WorkerInfo
	Silence time.Duration
}

func (queuesPage) Page() Page {
	return Page{Template: "queues.html", Title: "Queues", Section: "/queues"}
}

func (s *site) queueList(w http.ResponseWriter, r *http.Request) error {
	list, err := queue.Queues(r.Context(), s.Control)
	if err != nil {
		return err
	}
	page := queuesPage{Queues: make([]queueLine, len(list))}
	now := s.Now()
	for i, q := range list {
		page.Queues[i].QueueInfo = q
		if q.Oldest != nil {
			page.Queues[i].Wait = max(0, now.Sub(*q.Oldest))
		}
	}
	if page.Workers, err = s.workers(r, now); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page)
}

func (s *site) workers(r *http.Request, now time.Time) ([]workerLine, error) {
	alive, err := queue.Workers(r.Context(), s.Control)
	if err != nil {
		return nil, err
	}
	lines := make([]workerLine, len(alive))
	for i, info := range alive {
		lines[i] = workerLine{WorkerInfo: info, Silence: max(0, now.Sub(info.HeartbeatAt))}
	}
	return lines, nil
}
