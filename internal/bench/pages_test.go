package bench

import (
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/export"
	"cpd-jobs/jobs/probe"
	"cpd-jobs/queue"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/refresh"
	"cpd-jobs/reports/store"
	"cpd-jobs/web"
)

// The load.
const (
	pagesPerSecond = 50
	pagesSeconds   = 40
)

// BenchmarkPages asks for every page, with every filter, order and search of Explore, at a steady rate, at national
// size. Times are the server's own but for a download's first byte, which is the client's.
func BenchmarkPages(b *testing.B) {
	s := newPages(b)
	kinds := s.kinds(b)
	for b.Loop() {
		took := s.load(b, kinds)
		var worst time.Duration
		var all strings.Builder // in one piece: of many, go test shows ten
		for _, name := range slices.Sorted(maps.Keys(took)) {
			p50, p95 := quantile(took[name], 0.5), quantile(took[name], 0.95)
			fmt.Fprintf(&all, "\n%-32s %4d requests, p50 %7s, p95 %7s", name, len(took[name]), p50.Round(100*time.Microsecond), p95.Round(100*time.Microsecond))
			if name != download && name != rowsOfAPI {
				worst = max(worst, p95)
			}
		}
		b.Log(all.String())
		b.ReportMetric(milliseconds(worst), "ms-p95")
		b.ReportMetric(milliseconds(quantile(took[download], 0.95)), "ms-first-byte")
	}
	heaviest := 0
	for name, addresses := range kinds {
		weight := 0
		for _, a := range addresses[:min(len(addresses), 3)] {
			weight = max(weight, s.weigh(b, name, a))
		}
		b.Logf("%-24s %7d bytes", name, weight)
		heaviest = max(heaviest, weight)
	}
	b.ReportMetric(float64(heaviest)/1000, "kB-heaviest")
}

// What is no page.
const (
	download  = "download"
	rowsOfAPI = "API's rows"
)

var quiet = slog.New(slog.DiscardHandler)

// pages is a server at national size with some history.
type pages struct {
	url   string
	files []exports.Export
	told  sync.Map // by a request's number, a channel that hears how long the server took
	next  atomic.Int64
}

func newPages(b *testing.B) *pages {
	b.Helper()
	n := newNational(b, demo.DefaultSchools)
	files, err := store.Folder(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	for range 2 {
		if _, err := refresh.Report(b.Context(), &run.Local{}, n.Pool, n.def, refresh.Options{ProgramVersion: "bench", Force: true}); err != nil {
			b.Fatal(err)
		}
		n.exec(b, "UPDATE reports.school_onboarding SET name = name || ' (again)' WHERE urn::bigint % 100 = 7")
	}
	if _, err := export.Export(b.Context(), &run.Local{}, export.Deps{DB: n.Pool, Store: files}, export.Args{Report: n.def.Name, Formats: []string{"xlsx", "csv"}}); err != nil {
		b.Fatal(err)
	}
	n.exec(b, `INSERT INTO queue.history (id, kind, queue, priority, state, attempt, max_attempts, args, metadata, created_at, scheduled_at, attempted_at, finalized_at)
		SELECT 1000000 + i, 'probe', 'default', 1, 'completed', 1, 3, '{}', jsonb_build_object('run_id', 1000000 + i), at, at, at, at + interval '1 minute'
		FROM generate_series(1, 20000) AS i, LATERAL (SELECT now() - i * interval '20 minutes' AS at) AS t`)
	n.exec(b, "ANALYZE")
	p := &pages{}
	if p.files, err = exports.List(b.Context(), n.Pool, n.def.Name, 10); err != nil {
		b.Fatal(err)
	}
	db, err := pg.Open(b.Context(), n.Config().ConnString(), pg.PoolOptions{App: "bench", MaxConns: 8}) // as the program has it
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(db.Close)
	client, err := queue.NewClient(db, probe.Kinds(probe.Deps{}), quiet)
	if err != nil {
		b.Fatal(err)
	}
	h := web.New(web.Deps{DB: db, Store: files, Log: quiet, Now: time.Now, Version: "bench", Queue: client, Schema: func(context.Context) error { return nil }})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		defer func() { // also when the connection is cut
			if told, ok := p.told.LoadAndDelete(r.Header.Get("X-Number")); ok {
				told.(chan time.Duration) <- time.Since(began)
			}
		}()
		h.ServeHTTP(w, r)
	}))
	b.Cleanup(server.Close)
	p.url = server.URL
	return p
}

var (
	filterForm  = regexp.MustCompile(`(?s)<select[^>]* name="([a-z_]+)"[^>]*>(.*?)</select>`)
	filterValue = regexp.MustCompile(`<option value="([^"]+)"`)
	rowLink     = regexp.MustCompile(`href="(/schools/\d+)"`)
	nextLink    = regexp.MustCompile(`href="([^"]*after=[^"]*)"`)
	assetLink   = regexp.MustCompile(`(?:href|src)="(/(?:assets|docs)/[^"]+)"`)
)

// kinds are the addresses to ask for, by what they are.
func (p *pages) kinds(b *testing.B) map[string][]string {
	b.Helper()
	const report = "/reports/school-onboarding"
	kinds := map[string][]string{
		"reports": {"/"}, "report": {report, report + "?schools=cip_only"}, "runs": {"/runs", "/runs?state=completed", "/runs?kind=probe"},
		"run": {"/runs/1000001", "/runs/1000777"}, "schedules": {"/schedules"}, "queues": {"/queues"}, "audit": {"/audit"}, "API's page": {"/docs"},
		"versions": {report + "/versions"}, "changes": {report + "/changes"}, "dictionary": {report + "/dictionary"}, "explore": {report + "/explore"},
		rowsOfAPI: {"/api/v1" + report + "/rows", "/api/v1" + report + "/rows?sort=-name"}, "tokens": {"/tokens"},
	}
	for _, e := range p.files {
		kinds[download] = append(kinds[download], fmt.Sprintf("%s/downloads/%d/%s", report, e.ID, e.Name))
	}
	page := p.text(b, report+"/explore")
	for _, form := range filterForm.FindAllStringSubmatch(page, -1) {
		for _, v := range filterValue.FindAllStringSubmatch(form[2], -1) {
			q := url.Values{form[1]: {html.UnescapeString(v[1])}}
			kinds["explore by "+form[1]] = append(kinds["explore by "+form[1]], report+"/explore?"+q.Encode())
		}
	}
	for _, column := range []string{"name", "urn", "la_name", "school_phase_name", "stage", "cohort_lead_provider", "flags"} {
		for _, order := range []string{column, "-" + column} {
			at := report + "/explore?sort=" + order
			kinds["explore sorted"] = append(kinds["explore sorted"], at)
			if next := nextLink.FindStringSubmatch(p.text(b, at)); next != nil {
				kinds["explore, next page"] = append(kinds["explore, next page"], html.UnescapeString(next[1]))
			}
		}
	}
	for _, q := range []string{"school", "st mary", "primary academy", "zzz", "10", "1001", "ab1", "B", "saint john's"} {
		kinds["explore, searched"] = append(kinds["explore, searched"], report+"/explore?q="+url.QueryEscape(q), report+"/explore?sort=-name&q="+url.QueryEscape(q))
	}
	for _, link := range rowLink.FindAllStringSubmatch(page, -1) {
		kinds["school"] = append(kinds["school"], link[1])
	}
	delete(kinds, "explore by format")
	return kinds
}

// text is a page, which must be there.
func (p *pages) text(b *testing.B, address string) string {
	b.Helper()
	res, err := http.Get(p.url + address)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("%s: status %d, %v", address, res.StatusCode, err)
	}
	return string(body)
}

// load asks at a steady rate, whether or not earlier answers have come, each kind in turn with its addresses in
// disorder.
func (p *pages) load(b *testing.B, kinds map[string][]string) map[string][]time.Duration {
	b.Helper()
	var mu sync.Mutex
	var group sync.WaitGroup
	took := map[string][]time.Duration{}
	names := slices.Sorted(maps.Keys(kinds))
	random := rand.New(rand.NewPCG(1, 2))
	tick := time.NewTicker(time.Second / pagesPerSecond)
	defer tick.Stop()
	for i := range pagesPerSecond * pagesSeconds {
		<-tick.C
		name := names[i%len(names)]
		address := kinds[name][random.IntN(len(kinds[name]))]
		group.Go(func() {
			d, err := p.ask(address, name == download)
			if err != nil {
				b.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			took[name] = append(took[name], d)
		})
	}
	group.Wait()
	return took
}

// ask gives how long the server took, or for a download until its first byte was here.
func (p *pages) ask(address string, first bool) (time.Duration, error) {
	r, err := http.NewRequest("GET", p.url+address, nil)
	if err != nil {
		return 0, err
	}
	number := strconv.FormatInt(p.next.Add(1), 10)
	r.Header.Set("X-Number", number)
	took := make(chan time.Duration, 1)
	p.told.Store(number, took)
	began := time.Now()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, 1)); err != nil || res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: status %d, %w", address, res.StatusCode, err)
	}
	firstByte := time.Since(began)
	if _, err := io.Copy(io.Discard, res.Body); err != nil || first {
		return firstByte, err
	}
	return <-took, nil
}

// weigh is what a page and all that it needs weigh on their way.
func (p *pages) weigh(b *testing.B, name, address string) int {
	b.Helper()
	if name == download || strings.HasPrefix(address, "/api/") || strings.HasPrefix(address, "/docs") {
		return 0 // no pages of ours: Swagger UI's own script alone is a megabyte and a half
	}
	total := 0
	page := p.packed(b, address, &total)
	for _, link := range assetLink.FindAllStringSubmatch(page, -1) {
		p.packed(b, html.UnescapeString(link[1]), &total)
	}
	return total
}

// packed gets an address as browsers do, and adds what came over the wire.
func (p *pages) packed(b *testing.B, address string, total *int) string {
	b.Helper()
	r, err := http.NewRequest("GET", p.url+address, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("%s: status %d, %v", address, res.StatusCode, err)
	}
	*total += len(body)
	return string(body)
}

func quantile(list []time.Duration, q float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
