package reports_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/inputs"
	"cpd-jobs/reports/refresh"
	"cpd-jobs/reports/versions"
)

// schools makes n schools like Elm with URNs from 100001.
func schools(n int) []row {
	list := make([]row, n)
	for i := range list {
		urn := fmt.Sprint(100001 + i)
		list[i] = elm.and(row{"id": id(urn), "urn": urn, "name": "School " + urn})
	}
	return list
}

// day is the instant of our cases, n days later.
func day(t *testing.T, n int) time.Time { return instant(t, asOf).AddDate(0, 0, n) }

// changes lists the change log of a version, one line each.
func (db database) changes(t *testing.T, version int64) []string {
	t.Helper()
	return query[string](t, db, `
		SELECT concat_ws(' ', urn, action, reason, column_name, CASE action WHEN 'changed' THEN coalesce(old #>> '{}', 'nothing') || ' -> ' || coalesce(new #>> '{}', 'nothing') END)
		FROM reports.school_onboarding_changes WHERE version = $1 ORDER BY urn, column_name`, version)
}

// rowVersions tells rows that were written from those that were not.
func (db database) rowVersions(t *testing.T) []string {
	t.Helper()
	return query[string](t, db, "SELECT urn || ' ' || xmin::text || ' ' || ctid::text FROM reports.school_onboarding ORDER BY urn")
}

func TestUnchangedDataWritesNoRow(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	source := oneSchool().with(tables{"schools": schools(5)})
	db.sync(t, day(t, 0), source)
	first := db.mustRefresh(t)
	before := db.rowVersions(t)
	db.sync(t, day(t, 1), source)
	second := db.mustRefresh(t)

	if second.Version != 2 || second.Added+second.Removed+second.Changed != 0 || second.Rows != 5 {
		t.Errorf("second refresh: got %+v, want version 2 with nothing added, removed or changed", second)
	}
	if after := db.rowVersions(t); !slices.Equal(after, before) {
		t.Errorf("rows were written: before %v, after %v", before, after)
	}
	if log := db.changes(t, 2); len(log) > 0 {
		t.Errorf("changes: got %v, want none", log)
	}
	list, err := versions.List(t.Context(), db, "school_onboarding", 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Version != 2 || !list[0].AsOf.Equal(day(t, 1)) || list[0].ContentVersion != first.Version ||
		!list[0].PublishedAt.After(list[1].PublishedAt) {
		t.Errorf("refreshes: got %+v, want version 2 as of %s, published later, with the content of version 1", list, day(t, 1))
	}
}

func TestSameRequestIsNotComputedAgain(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.sync(t, day(t, 0), oneSchool())
	db.mustRefresh(t)
	steps := 0
	counting := &run.Local{Now: clock.System, OnStep: func(*run.Step, bool, time.Duration, error) { steps++ }}
	outcome, err := refresh.Report(t.Context(), counting, db.Pool, onboarding(t), refresh.Options{})
	if err != nil {
		t.Fatal(err)
	}
	summary := outcome.Summary.(refresh.Summary)
	if outcome.Changed || outcome.Version != 1 || summary.State != "current" || summary.Rows != 1 || steps != 0 {
		t.Errorf("got %+v in %d steps, want the live version 1 without a step", outcome, steps)
	}
	db.exec(t, "UPDATE reports.school_onboarding SET name = 'changed by hand'")
	forced, err := db.refreshWith(t, &run.Local{}, onboarding(t), refresh.Options{Force: true})
	if err != nil || forced.Version != 2 || forced.Changed != 1 {
		t.Errorf("forced: got %+v, %v, want version 2 with one row mended", forced, err)
	}
}

// numbered is a run of the queue's.
type numbered struct {
	*run.Local
	id int64
}

func (n numbered) ID() int64 { return n.id }

// TestRunThatDiedAfterPublishing is run again: what follows on a change must not be lost with its worker.
func TestRunThatDiedAfterPublishing(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.sync(t, day(t, 0), oneSchool())
	for _, again := range []struct {
		run  int64
		want bool
	}{{7, true}, {7, true}, {8, false}} {
		outcome, err := refresh.Report(t.Context(), numbered{&run.Local{}, again.run}, db.Pool, onboarding(t), refresh.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if outcome.Changed != again.want || outcome.Version != 1 {
			t.Errorf("run %d: got changed %v of version %d, want %v of version 1", again.run, outcome.Changed, outcome.Version, again.want)
		}
	}
}

func TestChangesAreLoggedCellByCell(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	list := schools(3)
	db.sync(t, day(t, 0), oneSchool().with(tables{"schools": list}))
	db.mustRefresh(t)
	list[1] = list[1].and(row{"name": "Renamed", "postcode": "ZZ1 1ZZ", "ukprn": nil})
	db.sync(t, day(t, 1), oneSchool().with(tables{"schools": list}))
	summary := db.mustRefresh(t)

	want := []string{"100002 changed name School 100002 -> Renamed", "100002 changed postcode AB1 2CD -> ZZ1 1ZZ", "100002 changed ukprn 10012345 -> nothing"}
	if got := db.changes(t, 2); !slices.Equal(got, want) {
		t.Errorf("changes: got %q, want %q", got, want)
	}
	if summary.Changed != 1 || summary.Added != 0 || summary.Removed != 0 {
		t.Errorf("summary: got %+v, want one row changed", summary)
	}
	stamps := query[time.Time](t, db, "SELECT as_of FROM reports.school_onboarding ORDER BY urn")
	for i, want := range []time.Time{day(t, 0), day(t, 1), day(t, 0)} {
		if !stamps[i].Equal(want) {
			t.Errorf("as_of of row %d: got %s, want %s, that of the refresh that last changed it", i, stamps[i], want)
		}
	}
	before := one[time.Time](t, db, "SELECT DISTINCT row_as_of FROM reports.school_onboarding_changes WHERE version = 2")
	if !before.Equal(day(t, 0)) {
		t.Errorf("row_as_of: got %s, want %s, that of the row before", before, day(t, 0))
	}
}

func TestLeaversAndReturners(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	list := schools(8)
	list[4] = list[4].and(row{"school_type_code": 27, "section_41_approved": true})
	db.sync(t, day(t, 0), oneSchool().with(tables{"schools": list}))
	db.mustRefresh(t)
	whole := one[string](t, db, "SELECT to_jsonb(r)::text FROM reports.school_onboarding r WHERE urn = '100001'")

	left := slices.Clone(list[:7]) // the eighth is gone
	left[0] = left[0].and(row{"school_status_code": 2, "school_status_name": "Closed"})
	left[1] = left[1].and(row{"school_status_code": 4})
	left[2] = left[2].and(row{"administrative_district_code": "W06000015"})
	left[3] = left[3].and(row{"school_type_code": 27})
	left[4] = left[4].and(row{"section_41_approved": false})
	left[5] = left[5].and(row{"school_status_code": nil})
	db.sync(t, day(t, 1), oneSchool().with(tables{"schools": left}))
	db.mustRefresh(t)
	want := []string{
		"100001 removed closed", "100002 removed proposed to open", "100003 removed not in England", "100004 removed type",
		"100005 removed section 41 lost", "100006 removed status not known", "100008 removed gone",
	}
	if got := db.changes(t, 2); !slices.Equal(got, want) {
		t.Errorf("leavers: got %q, want %q", got, want)
	}
	kept := one[string](t, db, "SELECT old::text FROM reports.school_onboarding_changes WHERE version = 2 AND urn = '100001'")
	if kept != whole {
		t.Errorf("old row of a leaver: got %s, want %s", kept, whole)
	}

	db.sync(t, day(t, 2), oneSchool().with(tables{"schools": list}))
	db.mustRefresh(t)
	if got := db.changes(t, 3); len(got) != 7 || got[0] != "100001 added" {
		t.Errorf("returners: got %q, want seven added", got)
	}
	history := query[string](t, db, "SELECT version || ' ' || action FROM reports.school_onboarding_changes WHERE urn = '100001' ORDER BY version")
	if want := []string{"1 added", "2 removed", "3 added"}; !slices.Equal(history, want) {
		t.Errorf("history of one school: got %q, want %q", history, want)
	}
}

func TestFailedCheckKeepsTheLastGoodReport(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.sync(t, day(t, 0), oneSchool())
	db.mustRefresh(t)
	before := db.published(t)
	db.sync(t, day(t, 1), oneSchool().with(tables{"nomination_emails": {emailed.and(row{"opened_at": "2030-01-01T00:00:00Z"})}}))
	_, err := db.refresh(t)
	if run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), "no_future_times failed for 1 of 1") {
		t.Fatalf("error: got %v, want one of class refused that names the check", err)
	}
	if got := formatted(db.published(t)); got != formatted(before) {
		t.Errorf("report: got %s, want the last good one", got)
	}
	if n := one[int64](t, db, "SELECT count(*) FROM reports.refreshes"); n != 1 {
		t.Errorf("%d refreshes are recorded, want 1", n)
	}
	sample := one[string](t, db, "SELECT sample #>> '{0,nomination_email_opened_at}' FROM reports.check_results WHERE name = 'no_future_times' AND level = 'error' AND version IS NULL")
	if !strings.HasPrefix(sample, "2030-01-01") {
		t.Errorf("offending row: got %q, want the time in 2030", sample)
	}
	db.noStagingLeft(t)

	allowed, err := db.refreshWith(t, &run.Local{}, onboarding(t), refresh.Options{Allow: []string{"no_future_times"}})
	if err != nil || allowed.Version != 2 {
		t.Fatalf("allowed: got %+v, %v, want version 2", allowed, err)
	}
	warnings, err := versions.Warnings(t.Context(), db, "school_onboarding", 2)
	if err != nil || !slices.ContainsFunc(warnings, func(w versions.CheckResult) bool {
		return w.Name == "no_future_times" && w.Level == "warn" && w.Offending == 1
	}) {
		t.Errorf("warnings: got %+v, %v, want the allowed check among them", warnings, err)
	}
	_, err = db.refreshWith(t, &run.Local{}, onboarding(t), refresh.Options{Allow: []string{"no_future_time"}})
	if run.ClassOf(err) != run.ClassInvalid || !strings.Contains(fmt.Sprint(err), "did you mean no_future_times?") {
		t.Errorf("misspelt check: got %v, want the nearest name", err)
	}
}

func (db database) noStagingLeft(t *testing.T) {
	t.Helper()
	if left := query[string](t, db, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'reports_staging'"); len(left) > 0 {
		t.Errorf("staging tables are left: %v", left)
	}
}

func TestShrinkingReportIsNotPublished(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.sync(t, day(t, 0), oneSchool().with(tables{"schools": schools(250)}))
	db.mustRefresh(t)
	db.sync(t, day(t, 1), oneSchool().with(tables{"schools": schools(149)}))
	if _, err := db.refresh(t); run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), "allow=not_shrunk") {
		t.Errorf("101 fewer: got %v, want it refused, and how to allow it", err)
	}
	db.sync(t, day(t, 2), oneSchool().with(tables{"schools": schools(150)}))
	if summary := db.mustRefresh(t); summary.Removed != 100 {
		t.Errorf("100 fewer: got %+v, want 100 removed", summary)
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	list := schools(3)
	db.sync(t, day(t, 0), oneSchool().with(tables{"schools": list}))
	db.mustRefresh(t)
	before := db.rowVersions(t)
	db.sync(t, day(t, 1), oneSchool().with(tables{"schools": append(schools(4)[2:], list[0].and(row{"name": "Renamed"}))}))
	got, err := db.refreshWith(t, &run.Local{Dry: true}, onboarding(t), refresh.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got.State != "dry run" || got.Added != 1 || got.Changed != 1 || got.Removed != 1 || got.Version != 0 {
		t.Errorf("got %+v, want one row each added, changed and removed", got)
	}
	var sample []string
	for _, c := range got.Sample {
		sample = append(sample, strings.TrimSpace(fmt.Sprintf("%s %s %s%s %s", c.Key, c.Action, c.Column, c.Reason, c.New)))
	}
	want := []string{`100001 changed name "Renamed"`, "100002 removed gone", "100004 added"}
	if !slices.Equal(sample, want) {
		t.Errorf("sample: got %q, want %q", sample, want)
	}
	if after := db.rowVersions(t); !slices.Equal(after, before) {
		t.Errorf("rows were written: before %v, after %v", before, after)
	}
	for table, want := range map[string]int64{"refreshes": 1, "school_onboarding_changes": 3} {
		if n := one[int64](t, db, "SELECT count(*) FROM reports."+table); n != want {
			t.Errorf("reports.%s: got %d rows, want %d", table, n, want)
		}
	}
	db.noStagingLeft(t)
}

func TestConcurrentRefreshes(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.sync(t, day(t, 0), oneSchool().with(tables{"schools": schools(20)}))
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			_, err := refresh.Report(t.Context(), &run.Local{}, db.Pool, onboarding(t), refresh.Options{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := one[int64](t, db, "SELECT count(*) FROM reports.refreshes"); n != 1 {
		t.Errorf("%d refreshes are recorded, want 1: the others found it done", n)
	}
	if n := len(db.published(t)); n != 20 {
		t.Errorf("got %d rows, want 20", n)
	}
	if n := one[int64](t, db, "SELECT count(*) FROM reports.school_onboarding_changes"); n != 20 {
		t.Errorf("got %d changes, want each school added once", n)
	}
	db.noStagingLeft(t)
}

// after does something when a step has ended, once.
func after(step string, do func()) *run.Local {
	done := false
	return &run.Local{Now: clock.System, OnStep: func(s *run.Step, finished bool, _ time.Duration, _ error) {
		if s.Name == step && finished && !done {
			done = true
			do()
		}
	}}
}

func TestOvertakenRefreshDoesNotGoBack(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.sync(t, day(t, 0), oneSchool())
	slow := &hooked{Local: &run.Local{}, beforeFence: func() {
		db.sync(t, day(t, 1), oneSchool().with(tables{"schools": schools(2)}))
		db.mustRefresh(t)
	}}
	summary, err := db.refreshWith(t, slow, onboarding(t), refresh.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if summary.State != "current" || summary.Version != 1 || summary.Rows != 2 || !summary.AsOf.Equal(day(t, 1)) {
		t.Errorf("got %+v, want it to find version 1 of the newer data", summary)
	}
	if n := len(db.published(t)); n != 2 {
		t.Errorf("got %d rows, want the 2 of the newer data", n)
	}
	db.noStagingLeft(t)
}

// hooked does something just before it publishes, once.
type hooked struct {
	*run.Local
	beforeFence func()
	fence       error
}

func (h *hooked) Fence(ctx context.Context, tx pgx.Tx) error {
	if do := h.beforeFence; do != nil {
		h.beforeFence = nil
		do()
	}
	return errors.Join(h.fence, h.Local.Fence(ctx, tx))
}

func TestLostAttemptPublishesNothing(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.sync(t, day(t, 0), oneSchool())
	_, err := db.refreshWith(t, &hooked{Local: &run.Local{}, fence: run.ErrLost}, onboarding(t), refresh.Options{})
	if !errors.Is(err, run.ErrLost) {
		t.Errorf("error: got %v, want %v", err, run.ErrLost)
	}
	if n := len(db.published(t)); n != 0 {
		t.Errorf("got %d rows, want none", n)
	}
	db.noStagingLeft(t)
}

func TestInputsStayWhileTheReportIsComputed(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.sync(t, day(t, 0), oneSchool())
	var claimed error
	_, err := db.refreshWith(t, after("compute", func() {
		claimed = pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), "SET LOCAL lock_timeout = '1ms'"); err != nil {
				return err
			}
			return inputs.Claim(t.Context(), tx, inputs.CPD)
		})
	}), onboarding(t), refresh.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](claimed); !ok || pg.Code != "55P03" {
		t.Errorf("claim of the input meanwhile: got %v, want it to wait", claimed)
	}
}

func TestGrantsAndDependentViewsSurvive(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.sync(t, day(t, 0), oneSchool())
	db.mustRefresh(t)
	db.exec(t, "CREATE VIEW public.names AS SELECT urn, name FROM reports.school_onboarding")
	db.exec(t, "GRANT SELECT ON reports.school_onboarding TO PUBLIC")
	db.sync(t, day(t, 1), oneSchool().with(tables{"schools": {elm.and(row{"name": "Renamed"})}}))
	db.mustRefresh(t)
	if got := one[string](t, db, "SELECT name FROM public.names"); got != "Renamed" {
		t.Errorf("view over the report: got %q, want %q", got, "Renamed")
	}
	for _, table := range []string{"school_onboarding", "school_onboarding_changes", "school_onboarding_funnel", "refreshes"} {
		if !one[bool](t, db, "SELECT has_table_privilege('cpd_jobs_reader', 'reports.' || $1::text, 'SELECT')", table) {
			t.Errorf("cpd_jobs_reader may not read reports.%s", table)
		}
	}
	if one[bool](t, db, "SELECT has_schema_privilege('cpd_jobs_reader', 'reports_staging', 'USAGE')") {
		t.Error("cpd_jobs_reader may enter reports_staging")
	}
}

func TestLeftoversOfDeadRefreshesAreDropped(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.sync(t, day(t, 0), oneSchool())
	conn, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	var alive string
	err = conn.QueryRow(t.Context(), `
		SELECT format('school_onboarding_%s_%s_d', pid, (extract(epoch FROM backend_start) * 1000)::bigint)
		FROM pg_stat_get_activity(pg_backend_pid())`).Scan(&alive)
	if err != nil {
		t.Fatal(err)
	}
	db.exec(t, "CREATE UNLOGGED TABLE reports_staging."+alive+" ()")
	db.exec(t, "CREATE UNLOGGED TABLE reports_staging.school_onboarding_1_1600000000000 ()")
	db.exec(t, "CREATE UNLOGGED TABLE reports_staging.school_onboarding_1_1600000000000_d ()")
	db.mustRefresh(t)
	left := query[string](t, db, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'reports_staging'")
	if !slices.Equal(left, []string{alive}) {
		t.Errorf("staging tables: got %v, want only that of the living, %s", left, alive)
	}
}

func TestRefreshBeforeTheFirstSync(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	_, err := db.refresh(t)
	if run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), "run cpd_sync first") {
		t.Errorf("got %v, want it refused, and what to do", err)
	}
}

// TestSameRowsWhateverTheOrderAndThePlan loads the same rows the other way round and forbids the usual plans.
func TestSameRowsWhateverTheOrderAndThePlan(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	source := oneSchool().with(withTutor("2023-09-12T08:00:00Z")).with(tables{"nomination_emails": {
		emailed.and(row{"opened_at": "2023-09-02T08:00:00Z"}), emailed.and(row{"id": id("b")}), emailed.and(row{"id": id("c"), "opened_at": "2023-09-03T08:00:00Z"}),
	}, "partnerships": {
		partnership, partnership.and(row{"id": id("p2"), "lead_provider_id": id("Teach First")}), partnership.and(row{"id": id("p3"), "cohort_id": id("2022")}),
		partnership.and(row{"id": id("p4"), "challenge_reason": "mistake"}), partnership.and(row{"id": id("p5"), "challenge_reason": "no_ects"}),
	}, "induction_coordinator_profiles_schools": {link, link.and(row{"id": id("l2")}), link.and(row{"id": id("l3")})}})
	db.sync(t, day(t, 0), source)
	db.mustRefresh(t)
	for i, setting := range []string{"enable_hashjoin = off", "enable_mergejoin = off", "enable_sort = off", "enable_hashagg = off", "min_parallel_table_scan_size = 0"} {
		for _, rows := range source {
			slices.Reverse(rows)
		}
		db.exec(t, fmt.Sprintf("DO $$ BEGIN EXECUTE format('ALTER ROLE %%I IN DATABASE %%I SET %s', current_user, current_database()); END $$",
			strings.ReplaceAll(setting, "=", "TO")))
		db.Reset()
		db.sync(t, day(t, 1+i), source)
		if got := db.mustRefresh(t); got.Changed+got.Added+got.Removed != 0 {
			t.Errorf("%s: got %v, want no change", setting, db.changes(t, got.Version))
		}
	}
}

func TestProvenance(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	before, err := reports.Summaries(t.Context(), db)
	if err != nil || len(before) == 0 || before[0].Latest != nil {
		t.Fatalf("before the first refresh: got %+v, %v, want the report without a latest", before, err)
	}
	db.sync(t, day(t, 0), oneSchool())
	db.mustRefresh(t)
	list, err := reports.Summaries(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(o reports.Overview) bool { return o.Name == "school_onboarding" })
	if i < 0 || list[i].Latest == nil || list[i].Freshness <= 0 {
		t.Fatalf("got %+v, want the report with its latest refresh and freshness", list)
	}
	got := list[i].Latest
	if got.DefinitionVersion != onboarding(t).Version || len(got.DefinitionHash) != 64 || got.ProgramVersion != "test" || got.Rows != 1 || got.Added != 1 {
		t.Errorf("refresh: got %+v", got)
	}
	if len(got.Inputs) != 1 || got.Inputs[0].Input != inputs.CPD || got.Inputs[0].Version != 1 || !got.Inputs[0].AsAt.Equal(day(t, 0)) {
		t.Errorf("inputs: got %+v, want cpd 1", got.Inputs)
	}
	var steps []string
	for _, s := range got.Steps {
		steps = append(steps, s.Step)
	}
	if want := []string{"compute", "check", "compare", "publish"}; !slices.Equal(steps, want) {
		t.Errorf("steps: got %v, want %v", steps, want)
	}
	if _, err := json.Marshal(got); err != nil {
		t.Error(err)
	}
}
