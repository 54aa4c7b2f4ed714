package web

import (
	"net/http"
	"slices"
	"time"

	"cpd-jobs/queue"
)

// queuesPage is what waits, and who works.
type queuesPage struct {
	Said    string
	May     bool // the visitor may steer them
	Queues  []queueLine
	Workers []workerLine
}

// queueLine is a queue and how long its oldest job has waited.
type queueLine struct {
	queue.QueueInfo
	Wait  time.Duration
	State queue.QueueState
	Known bool // a worker works it, or did lately
}

// workerLine is a worker and the time since its last heartbeat.
type workerLine struct {
	queue.WorkerInfo
	Silence time.Duration
}

// queueSaid is what the page says after an action, by ?said.
var queueSaid = map[string]string{"pause": "The queue is paused.", "resume": "The queue is resumed."}

func (queuesPage) Page() Page {
	return Page{Template: "queues.html", Title: "Queues", Section: "/queues"}
}

func (s *site) queueList(w http.ResponseWriter, r *http.Request) error {
	list, err := queue.Queues(r.Context(), s.Control)
	if err != nil {
		return err
	}
	page := queuesPage{Queues: make([]queueLine, len(list)), Said: queueSaid[r.URL.Query().Get("said")], May: s.Queue != nil}
	var states []queue.QueueState
	if s.Queue != nil {
		if states, err = s.Queue.QueueStates(r.Context()); err != nil {
			return err
		}
	}
	now := s.Now()
	for i, q := range list {
		page.Queues[i].QueueInfo = q
		if at := slices.IndexFunc(states, func(st queue.QueueState) bool { return st.Name == q.Queue }); at >= 0 {
			page.Queues[i].State, page.Queues[i].Known = states[at], true
		}
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
