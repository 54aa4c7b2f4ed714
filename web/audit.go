package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cpd-jobs/internal/access"
)

// audited does something for the visitor and records it; see [access.Audited]. It goes on to its end when the visitor
// leaves: an action must not stop half-way.
func (s *site) audited(ctx context.Context, action, target string, detail any, do func(context.Context) error) error {
	ctx = context.WithoutCancel(ctx)
	done, failed := false, error(nil)
	event := access.Event{Visitor: access.Of(ctx), Action: action, Target: target, Detail: detail}
	err := access.Audited(ctx, s.Control, event, func() error {
		failed = do(ctx)
		done = true
		return failed
	})
	if !done {
		return err // it could not be recorded, so it was not begun
	}
	if failed == nil && err != nil { // the answer may have been written already
		s.Log.ErrorContext(ctx, "outcome of an action is not in the audit", "action", action, "target", target, "error", err)
	}
	s.Log.InfoContext(ctx, "action", "action", action, "target", target, "outcome", access.Outcome(failed))
	if failed != nil && isRefusal(failed) {
		return recordedError{failed}
	}
	return failed
}

// recordedError is a refusal that is in the audit already.
type recordedError struct{ error }

func (e recordedError) Unwrap() error { return e.error }

// hiddenError is a refusal that its visitor is told as that there is no such thing.
type hiddenError struct{ error }

func (e hiddenError) Unwrap() error { return e.error }

func isRefusal(err error) bool {
	_, hidden := errors.AsType[hiddenError](err)
	status := statusOf(err)
	return hidden || status == http.StatusForbidden || status == http.StatusUnauthorized
}

// refusalsKept bounds the refusals of all visitors that are recorded, in a minute: who has many addresses must not fill the audit.
const refusalsKept = 120

// recordRefusal records who was refused what, unless that visitor or all of them were often enough of late.
func (s *site) recordRefusal(ctx context.Context, where string, err error) {
	if _, already := errors.AsType[recordedError](err); already || !isRefusal(err) {
		return
	}
	v := access.Of(ctx)
	if !s.refusals.allow(v.Via+" "+v.Name+" "+v.Address, s.Now()) || !s.allRefusals.AllowN(s.Now(), 1) {
		return
	}
	s.record(ctx, access.RecordRefused, access.Event{Visitor: v, Action: "ask", Target: where, Detail: map[string]any{"status": statusOf(err)}})
}

// recordRead records that a visitor reads rows of a report page by page: once a minute.
func (s *site) recordRead(ctx context.Context, action, report string) {
	v := access.Of(ctx)
	if s.reads.allow(v.Via+" "+v.Name+" "+v.Address+" "+action+" "+report, s.Now()) {
		s.record(ctx, access.RecordDone, access.Event{Visitor: v, Action: action, Target: "report " + report})
	}
}

// recordWithin is how long a request waits for what is only noted beside it.
const recordWithin = 2 * time.Second

func (s *site) record(ctx context.Context, write func(context.Context, access.Database, access.Event) error, e access.Event) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if err := write(bounded, s.Control, e); err != nil {
		s.Log.ErrorContext(ctx, "an event is not in the audit", "action", e.Action, "target", e.Target, "error", err)
	}
}

// addressOf is where a request comes from: what the nearest proxy that is trusted says, and so on along the proxies that
// are. What comes before them is the client's own word.
func (s *site) addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	trusted := s.BehindProxy
	for _, hop := range slices.Backward(hops) {
		if addr, err := netip.ParseAddr(host); err == nil && slices.ContainsFunc(s.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) }) {
			trusted = true
		}
		addr, err := netip.ParseAddr(strings.TrimSpace(hop))
		if !trusted || err != nil {
			break
		}
		host, trusted = addr.String(), false
	}
	return host
}

// auditLine is a row of the audit.
type auditLine struct{ access.Recorded }

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
	events, err := access.Events(r.Context(), s.Control, before, auditPerPage+1)
	if err != nil {
		return err
	}
	var page auditPage
	for i, e := range events {
		if i == auditPerPage {
			page.Older = fmt.Sprintf("/audit?before=%d", events[i-1].ID)
			break
		}
		page.Lines = append(page.Lines, auditLine{e})
	}
	return s.render(w, r, http.StatusOK, page)
}
