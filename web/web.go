// Package web is the pages: reports with how fresh they are and their downloads, runs with what they did, and the
// addresses that probes and Prometheus ask. Pages are made on the server, in GOV.UK Frontend style, and need no
// JavaScript. What they show comes from packages queue and reports; nothing is decided here. Every action of a
// visitor is in the audit.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/time/rate"

	"cpd-jobs/internal/clock"
	"cpd-jobs/queue"
	"cpd-jobs/reports/selection"
	"cpd-jobs/reports/store"
)

//go:generate ./vendor.sh

// Deps is what the pages need. All are required but where it says otherwise.
type Deps struct {
	// DB reads reports. A report's table that is locked holds its connections for as long as pages wait for it.
	DB *pgxpool.Pool
	// Control is for everything else: sign-in, health, the audit, runs and schedules go on meanwhile. Nil is DB.
	Control *pgxpool.Pool
	Store   store.Store
	Log     *slog.Logger
	Now     clock.Now
	// Queue inserts and steers jobs; nil makes pages that only show.
	Queue *queue.Client
	// SignIn is how people sign in; nil: without sign-in the pages answer on this machine only.
	SignIn *SignIn
	// Analytics is how pages are counted; its zero value: they are not.
	Analytics Analytics
	// Contact is who answers for the pages: an e-mail address or that of a web page; "" for none.
	Contact string
	// BehindProxy says that a platform's router stands in front, whose word on where a request comes from is taken.
	BehindProxy bool
	// TrustedProxies are other proxies whose word on that is taken. Too many let a client choose its own address, too few
	// have all visitors of a proxy share one budget for sign-ins and bad tokens.
	TrustedProxies []netip.Prefix
	// Version of the program, shown at the foot of each page and part of nothing else.
	Version string
	// Schema says whether the database has every migration of this program: nil if so, else what it lacks. Asked by
	// /health/ready.
	Schema func(context.Context) error
	// SecurityTxt is the address of the policy that /.well-known/security.txt leads to; "" answers 404.
	SecurityTxt string
	// Downloaded is called for each download that begins, not for the parts that continue one; nil: it is not called.
	Downloaded func(report, format string)
	// Metrics answers /metrics; nil answers 404.
	Metrics http.Handler
}

// site is the pages at work.
type site struct {
	Deps
	pages  *pages
	assets *assets
	api    *api
	gate   *gate // nil without sign-in
	// docsFiles are those of the API's page.
	docsFiles http.Handler
	known     *versionCache
	// knownFiles are exported files that this process found to be as published, by id.
	knownFiles sync.Map
	writes     writeProbe
	counter    selection.Counter
	streams    streams
	// refusals, reads and linkReads bound what of each is recorded: see record.
	refusals, reads, linkReads *limits
	allRefusals                *rate.Limiter
	within                     time.Duration // how long a page may wait for the database
	live                       chan struct{} // has room for as many streams of progress as may be open
}

// New makes the pages. The handler is safe for concurrent use; it panics only where the templates in the binary do not
// parse.
func New(d Deps) http.Handler {
	s := newSite(d)
	return traced(s.observe(s.recoverPanics(s.secured(s.ownHosts(s.sameOrigin(s.withSession(s.routes())))))))
}

func newSite(d Deps) *site {
	if d.Control == nil {
		d.Control = d.DB
	}
	files := packedAssets()
	s := &site{Deps: d, assets: files, pages: newPages(files, d.Version, d.SignIn != nil), known: newVersionCache(), live: make(chan struct{}, liveStreams), within: pageWithin, docsFiles: newDocsFiles()}
	s.refusals, s.reads, s.linkReads = newLimits(10*time.Second, 6), newLimits(time.Minute, 1), newLimits(time.Minute, 1)
	s.allRefusals = rate.NewLimiter(refusalsKept/60.0, refusalsKept)
	if d.SignIn != nil {
		s.gate = newGate(d)
		s.gate.sessions.ErrorFunc = s.fail
	}
	s.api = newAPI(s)
	return s
}
