package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/smoke"
	"cpd-jobs/jobs/demo"
	"cpd-jobs/queue"
	"cpd-jobs/reports"
)

type smokeCommand struct {
	URL  string `arg:"" name:"url" help:"Where the pages are, such as https://cpd-jobs.example.org."`
	Jobs bool   `help:"Also insert a probe job and a small export, and wait for them: needs DATABASE_URL and a worker."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Help is the long help.
func (smokeCommand) Help() string {
	return "Tries from outside what people and probes ask for: /ping, /health/ready, /health, the front page, a report's page, the headers of a download. " +
		"Where people must sign in, it checks that the pages say so. Exit status: 0 all passed, 1 something failed, 3 nothing answers."
}

func (c smokeCommand) Run(ctx context.Context, k *console) error {
	base, err := url.Parse(strings.TrimRight(c.URL, "/"))
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return run.Invalid("give http://HOST or https://HOST", "%q is no web address", c.URL)
	}
	s := smoke.New(base, clock.System)
	if err := s.Outside(ctx); err != nil {
		return err
	}
	if c.Jobs {
		k.hush()
		if err := smokeJobs(ctx, k, s); err != nil {
			return err
		}
	}
	if c.JSON {
		err = printJSON(k.stdout, map[string]any{"tries": s.Tries, "failed": s.Failed()})
	} else {
		t := newTable("tried", "", "took", "found")
		for _, one := range s.Tries {
			t.row(one.Name, map[bool]string{true: "ok", false: "FAILED"}[one.OK], one.Took, one.Found)
		}
		err = t.print(k.stdout)
	}
	if err == nil && s.Failed() > 0 {
		err = &exitStatus{1}
	}
	return err
}

// smokeJobsTimeout bounds the wait for both jobs.
const smokeJobsTimeout = 5 * time.Minute

// smokeJobs has a worker run a job that writes rows, then [smallExport].
func smokeJobs(ctx context.Context, k *console, s *smoke.Smoke) error {
	a, err := newSession(ctx, k)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, smokeJobsTimeout)
	defer cancel()
	small, err := smallExport()
	if err != nil {
		return err
	}
	for _, job := range []struct {
		name, kind string
		args       []byte
	}{
		{"probe job", "probe", []byte(`{"rows": 10, "note": "smoke"}`)},
		{"small export", "report_export", small},
	} {
		began := clock.System()
		ticket, err := a.client.Enqueue(ctx, queue.Request{Kind: job.kind, Args: job.args, By: person() + " (smoke)"})
		if err != nil {
			return err
		}
		done, err := queue.Follow(ctx, a.pool, ticket.ID, silent{})
		if err == nil && done.State != "completed" {
			err = fmt.Errorf("job %d was %s; cpd-jobs jobs show %d says why", done.ID, done.State, done.ID)
		}
		s.Add(job.name, clock.System().Sub(began), err, fmt.Sprintf("job %d", ticket.ID))
	}
	return nil
}

// smallExport is of the columns by which people know a row of the demo's report.
func smallExport() (json.RawMessage, error) {
	def, err := reports.Find(demo.Report)
	if err != nil {
		return nil, err
	}
	columns := slices.Compact([]string{def.Key, def.HeadingColumn()})
	return json.Marshal(map[string]any{"report": def.Name, "formats": []string{"csv"}, "columns": columns})
}

// silent follows a job and shows nothing.
type silent struct{}

func (silent) State(queue.Job)                {}
func (silent) Progress(queue.Job, queue.Step) {}
func (silent) Line(queue.LogLine)             {}
