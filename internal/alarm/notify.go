package alarm

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/trace"
)

//go:embed sql/claim.sql
var claimSQL string

// incident is what a message to the webhook is about.
type incident struct {
	ID      int64
	What    string
	Subject string
	BeganAt time.Time
	EndedAt *time.Time
	Detail  string
	JobID   int64
	RunID   int64
	// Kind, Report and Traceparent are the job's, "" if it has none.
	Kind, Report, Traceparent string
}

// notify sends what is new. Each message is claimed first, so that of several processes one sends it.
func (w *Watch) notify(ctx context.Context) error {
	rows, _ := w.DB.Query(ctx, claimSQL)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[incident])
	if err != nil {
		return fmt.Errorf("claim messages for the webhook: %w", err)
	}
	var failures []error
	for _, i := range list {
		if err := w.notifyOne(ctx, i); err != nil {
			failures = append(failures, fmt.Errorf("notify the webhook of %s %s: %w", i.Subject, i.What, err))
		}
	}
	return errors.Join(failures...)
}

func (w *Watch) notifyOne(ctx context.Context, i incident) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if err := w.post.json(ctx, w.Webhook, map[string]string{"text": w.text(i)}); err != nil {
		return err
	}
	w.Log.Info("incident notified", append([]any{"incident", i.ID, "what", i.What, "subject", i.Subject, "over", i.EndedAt != nil}, i.job()...)...)
	// What was over before its message was sent is one message: its end with its beginning.
	_, err := w.DB.Exec(ctx, `
		UPDATE queue.incidents SET told_at = coalesce(told_at, now()), ended_told_at = CASE WHEN $2 THEN now() END,
			next_try = now(), tries = 0
		WHERE id = $1`, i.ID, i.EndedAt != nil)
	return err
}

// job is which job it is about, for the log; nothing where it is about none.
func (i incident) job() []any {
	switch {
	case i.What == Stale, i.What == Damaged:
		return []any{"report", i.Subject}
	case i.JobID == 0:
		return nil
	}
	attrs := []any{"job", i.JobID, "run", i.RunID, "kind", i.Kind}
	if i.Report != "" {
		attrs = append(attrs, "report", i.Report)
	}
	if t := trace.Parse(i.Traceparent); t.Valid() {
		attrs = append(attrs, "trace", t.ID())
	}
	return attrs
}

// runbook is the run book for each kind of incident.
var runbook = map[string]string{Failed: "refresh-failed.md", Stale: "report-stale.md", Silent: "silence.md", Damaged: "wrong-download.md"}

// text is the message. Slack gives &, < and > a meaning.
func (w *Watch) text(i incident) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s cpd-jobs (%s): %s", map[bool]string{false: ":red_circle:", true: ":large_green_circle:"}[i.EndedAt != nil], w.Environment, headline(i))
	if i.EndedAt != nil {
		fmt.Fprintf(&b, "; it began at %s and was over at %s", clockTime(i.BeganAt), clockTime(*i.EndedAt))
		return escape(b.String())
	}
	fmt.Fprintf(&b, ", since %s.", clockTime(i.BeganAt))
	if i.Detail != "" {
		fmt.Fprintf(&b, "\n%s", shorten(i.Detail, 200))
	}
	if i.JobID != 0 {
		fmt.Fprintf(&b, "\nJob %d, run %d: cpd-jobs jobs show %d", i.JobID, i.RunID, i.JobID)
		if w.PublicURL != "" {
			fmt.Fprintf(&b, " or %s/runs/%d", w.PublicURL, i.JobID)
		}
	}
	fmt.Fprintf(&b, "\nWhat to do: %s/%s", strings.TrimRight(w.Runbooks, "/"), runbook[i.What])
	return escape(b.String())
}

func headline(i incident) string {
	over := i.EndedAt != nil
	switch {
	case i.What == Failed && over:
		return i.Subject + " has succeeded again"
	case i.What == Failed:
		return i.Subject + " failed and will not be tried again by itself"
	case i.What == Damaged && over:
		return "the damaged file of report " + i.Subject + " is gone or was made again"
	case i.What == Damaged:
		return "a stored file of report " + i.Subject + " is not as it was published"
	case i.What == Stale && over:
		return "report " + i.Subject + " is fresh again"
	case i.What == Stale:
		return "report " + i.Subject + " is older than it may be"
	case over:
		return "schedule " + i.Subject + " is heard of again"
	}
	return "schedule " + i.Subject + " had no success for too long"
}

func clockTime(t time.Time) string { return t.UTC().Format("15:04 on 2 January (UTC)") }

// shorten cuts text to its first line and n characters.
func shorten(text string, n int) string {
	line, _, more := strings.Cut(strings.TrimSpace(text), "\n")
	if r := []rune(line); len(r) > n {
		line, more = string(r[:n]), true
	}
	if more {
		line += "..."
	}
	return line
}

func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
