package oidctest

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/reports"
	"cpd-jobs/reports/store"
	"cpd-jobs/web"
)

// site is our pages with a provider beside them.
type site struct {
	t        *testing.T
	db       *pgxpool.Pool
	provider *process
	url      string
	log      *log
}

// everybody is whom the provider knows.
var everybody = map[string][]string{"ann": {"analyst", "elsewhere"}, "dev": {"developer"}, "nil": {}}

func newSite(t *testing.T) *site { return newSiteWith(t, "a secret that both know") }

// newSiteWith is a site that believes its secret to be as given.
func newSiteWith(t *testing.T, secret string) *site {
	t.Helper()
	s := &site{t: t, db: pgtest.New(t), log: &log{}}
	if err := reports.EnsureTables(t.Context(), s.db); err != nil {
		t.Fatal(err)
	}
	files, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	s.url = "http://" + server.Listener.Addr().String()
	s.provider = start(t, setup{Client: "reports", Secret: "a secret that both know", Callback: s.url + "/sign-in/callback", Roles: everybody})
	server.Config.Handler = web.New(web.Deps{
		DB: s.db, Store: files, Log: slog.New(slog.NewTextHandler(s.log, nil)), Now: time.Now, Version: "test",
		SignIn: &web.SignIn{Issuer: s.provider.issuer, ClientID: "reports", ClientSecret: secret, PublicURL: s.url},
	})
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// browser is somebody's, with cookies.
type browser struct {
	*site
	http.Client
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{s, http.Client{Jar: jar}}
}

// answer is what a browser shows: it followed where it was led.
type answer struct {
	status   int
	at       *url.URL
	location string // where it would lead on
	body     string
}

func (b *browser) answer(res *http.Response, err error) answer {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Request.URL, res.Header.Get("Location"), string(body)}
}

// open opens a page of ours, or any address in full.
func (b *browser) open(address string) answer {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.url + address
	}
	return b.answer(b.Get(address))
}

// enter fills in the provider's own form, to which a page of ours has led, and follows to the end.
func (b *browser) enter(form answer, name string) answer {
	b.t.Helper()
	if !strings.HasPrefix(form.at.String(), b.provider.issuer) {
		b.t.Fatalf("%s is not a page of the provider: status %d\n%s\n%s", form.at, form.status, form.body, b.log)
	}
	return b.answer(b.PostForm(form.at.String(), url.Values{"username": {name}, "password": {password}, "id": {form.at.Query().Get("authRequestID")}}))
}

// signIn goes the whole way.
func (b *browser) signIn(name string) answer {
	b.t.Helper()
	return b.enter(b.open("/sign-in"), name)
}

// callback goes the whole way but its last step, and gives that address.
func (b *browser) callback(name string) string {
	b.t.Helper()
	form := b.open("/sign-in")
	var back string
	b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), b.url) {
			back = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	b.enter(form, name)
	b.CheckRedirect = nil
	if back == "" {
		b.t.Fatal("the provider did not lead back")
	}
	return back
}

// in says whether the pages know who has this browser.
func (b *browser) in() bool {
	b.t.Helper()
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	defer func() { b.CheckRedirect = nil }()
	return b.open("/").status == http.StatusOK
}

// signIns is what the audit says of sign-ins.
func (s *site) signIns() []string {
	s.t.Helper()
	rows, _ := s.db.Query(s.t.Context(), "SELECT actor || ' ' || action || ' ' || outcome FROM queue.audit_events WHERE action LIKE 'sign%' ORDER BY id")
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// log is written by handlers at the same time.
type log struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
