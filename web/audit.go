package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
)

// deed is something that somebody does, for the audit.
type deed struct {
	Action string // "cancel", "pause"
	Target string // "job 17", "schedule register"
	Detail any    // what else was asked for; nil for nothing
}

// audited does something and records who did it and what came of it. What cannot be recorded is not done. It goes on
// to its end when the visitor leaves: half a deed helps nobody.
func (s *site) audited(ctx context.Context, d deed, do func(context.Context) error) error {
	ctx = context.WithoutCancel(ctx)
	id, err := s.beginAudit(ctx, d)
	if err != nil {
		return err
	}
	failed := do(ctx)
	_, err = s.DB.Exec(ctx, "UPDATE queue.audit SET outcome = $2, finished_at = clock_timestamp() WHERE id = $1", id, outcomeOf(failed))
	if err != nil {
		s.Log.ErrorContext(ctx, "outcome of an action is not in the audit", "audit", id, "action", d.Action, "target", d.Target, "error", err)
	}
	s.Log.InfoContext(ctx, "action", "audit", id, "action", d.Action, "target", d.Target, "outcome", outcomeOf(failed))
	return failed
}

func (s *site) beginAudit(ctx context.Context, d deed) (id int64, err error) {
	if d.Detail == nil {
		d.Detail = struct{}{}
	}
	v := visitorOf(ctx)
	if v.Via == "" {
		v.Via = viaNobody
	}
	err = s.DB.QueryRow(ctx, `
		INSERT INTO queue.audit (actor, via, action, target, detail, address, outcome) VALUES ($1, $2, $3, $4, $5, $6, 'begun')
		RETURNING id`, v.Name, v.Via, d.Action, d.Target, d.Detail, v.Address).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("record %s of %s in the audit: %w", d.Action, d.Target, err)
	}
	return id, nil
}

// RecordCommand notes what somebody did by a command of the program, within the transaction that does it.
func RecordCommand(ctx context.Context, db TokenDB, by, action, target string, detail any) error {
	if detail == nil {
		detail = struct{}{}
	}
	_, err := db.Exec(ctx, `
		INSERT INTO queue.audit (actor, via, action, target, detail, address, outcome, finished_at)
		VALUES ($1, 'terminal', $2, $3, $4, '', 'done', clock_timestamp())`, by, action, target, detail)
	if err != nil {
		return fmt.Errorf("record %s of %s in the audit: %w", action, target, err)
	}
	return nil
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "done"
	case statusOf(err) < http.StatusInternalServerError || run.ClassOf(err) == run.ClassBlocked:
		return "refused"
	default:
		return "failed"
	}
}

// addressOf is where a request comes from. Behind a platform's router that is what the router says, which is the last
// of the list: all before it is the client's own word.
func (s *site) addressOf(r *http.Request) string {
	if s.BehindProxy {
		list := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
		if addr, err := netip.ParseAddr(strings.TrimSpace(list[len(list)-1])); err == nil {
			return addr.String()
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// auditLine is a row of the audit.
type auditLine struct {
	ID         int64
	At         time.Time
	Actor, Via string
	Action     string
	Target     string
	Detail     json.RawMessage
	Address    string
	Outcome    string
}

// Text is the detail on one line.
func (l auditLine) Text() string { return compactJSON(l.Detail) }

// auditPage lists what was done, latest first.
type auditPage struct {
	Lines []auditLine
	Older string
}

const auditPerPage = 100

func (auditPage) Page() Page {
	return Page{Template: "audit.html", Title: "Audit", Section: "/audit"}
}

func (s *site) auditList(w http.ResponseWriter, r *http.Request) error {
	before, err := positive(r.URL.Query().Get("before"))
	if err != nil {
		return err
	}
	rows, _ := s.DB.Query(r.Context(), `
		SELECT id, at, actor, via, action, target, detail, address, outcome FROM queue.audit
		WHERE $1::bigint = 0 OR id < $1 ORDER BY id DESC LIMIT $2`, before, auditPerPage+1)
	lines, err := pgx.CollectRows(rows, pgx.RowToStructByName[auditLine])
	if err != nil {
		return fmt.Errorf("read the audit: %w", err)
	}
	page := auditPage{Lines: lines}
	if len(lines) > auditPerPage {
		page.Lines = lines[:auditPerPage]
		page.Older = fmt.Sprintf("/audit?before=%d", lines[auditPerPage-1].ID)
	}
	return s.render(w, r, http.StatusOK, page)
}
