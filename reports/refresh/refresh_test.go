package refresh_test

import (
	"context"
	"cpd-jobs/internal/testing/reporttest"
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

// changes lists the change log of a version, one line each.
func changes(t *testing.T, db reporttest.Database, version int64) []string {
	t.Helper()
	return reporttest.Query[string](t, db, `
		SELECT concat_ws(' ', urn, action, reason, column_name, CASE action WHEN 'changed' THEN coalesce(old #>> '{}', 'nothing') || ' -> ' || coalesce(new #>> '{}', 'nothing') END)
		FROM reports.school_onboarding_changes WHERE version = $1 ORDER BY urn, column_name`, version)
}

// rowVersions tells rows that were written from those that were not.
func rowVersions(t *testing.T, db reporttest.Database) []string {
	t.Helper()
	return reporttest.Query[string](t, db, "SELECT urn || ' ' || xmin::text || ' ' || ctid::text FROM reports.school_onboarding ORDER BY urn")
}

func TestUnchangedDataWritesNoRow(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	source := reporttest.OneSchool().With(reporttest.Tables{"schools": reporttest.Schools(5)})
	db.Sync(t, reporttest.Day(t, 0), source)
	first := db.MustRefresh(t)
	before := rowVersions(t, db)
	db.Sync(t, reporttest.Day(t, 1), source)
	second := db.MustRefresh(t)

	if second.Version != 2 || second.Added+second.Removed+second.Changed != 0 || second.Rows != 5 {
		t.Errorf("second refresh: got %+v, want version 2 with nothing added, removed or changed", second)
	}
	if after := rowVersions(t, db); !slices.Equal(after, before) {
		t.Errorf("rows were written: before %v, after %v", before, after)
	}
	if log := changes(t, db, 2); len(log) > 0 {
		t.Errorf("changes: got %v, want none", log)
	}
	list, err := versions.List(t.Context(), db, "school_onboarding", 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Version != 2 || !list[0].AsOf.Equal(reporttest.Day(t, 1)) || list[0].ContentVersion != first.Version ||
		!list[0].PublishedAt.After(list[1].PublishedAt) {
		t.Errorf("refreshes: got %+v, want version 2 as of %s, published later, with the content of version 1", list, reporttest.Day(t, 1))
	}
}

func TestSameRequestIsNotComputedAgain(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool())
	db.MustRefresh(t)
	steps := 0
	counting := &run.Local{Now: clock.System, OnStep: func(*run.Step, bool, time.Duration, error) { steps++ }}
	outcome, err := refresh.Report(t.Context(), counting, db.Pool, reporttest.Onboarding(t), refresh.Options{})
	if err != nil {
		t.Fatal(err)
	}
	summary := outcome.Summary.(refresh.Summary)
	if outcome.Changed || outcome.Version != 1 || summary.State != "current" || summary.Rows != 1 || steps != 0 {
		t.Errorf("got %+v in %d steps, want the live version 1 without a step", outcome, steps)
	}
	db.MustExec(t, "UPDATE reports.school_onboarding SET name = 'changed by hand'")
	forced, err := db.RefreshWith(t, &run.Local{}, reporttest.Onboarding(t), refresh.Options{Force: true})
	if err != nil || forced.Version != 2 || forced.Changed != 1 {
		t.Errorf("forced: got %+v, %v, want version 2 with one row mended", forced, err)
	}
}

// numbered is a run of the queue's. It counts how often the publishing transaction says that there is a change.
type numbered struct {
	*run.Local
	id      int64
	changes *int
}

func (n numbered) ID() int64 { return n.id }

func (n numbered) Changed(context.Context, pgx.Tx, int64) error {
	*n.changes++
	return nil
}

// A run that died after it had published is run again: what follows on its change was committed with the change, so that
// the second attempt finds none and says none.
func TestRunThatDiedAfterPublishing(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool())
	changes := 0
	for attempt, id := range []int64{7, 7, 8} {
		outcome, err := refresh.Report(t.Context(), numbered{&run.Local{}, id, &changes}, db.Pool, reporttest.Onboarding(t), refresh.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if want := attempt == 0; outcome.Changed != want || outcome.Version != 1 || changes != 1 {
			t.Errorf("attempt %d, run %d: got changed %v of version %d, and %d changes that something follows, want %v of version 1, and one",
				attempt, id, outcome.Changed, outcome.Version, changes, want)
		}
	}
}

func TestChangesAreLoggedCellByCell(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	list := reporttest.Schools(3)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool().With(reporttest.Tables{"schools": list}))
	db.MustRefresh(t)
	list[1] = list[1].And(reporttest.Row{"name": "Renamed", "postcode": "ZZ1 1ZZ", "ukprn": nil})
	db.Sync(t, reporttest.Day(t, 1), reporttest.OneSchool().With(reporttest.Tables{"schools": list}))
	summary := db.MustRefresh(t)

	want := []string{"100002 changed name School 100002 -> Renamed", "100002 changed postcode AB1 2CD -> ZZ1 1ZZ", "100002 changed ukprn 10012345 -> nothing"}
	if got := changes(t, db, 2); !slices.Equal(got, want) {
		t.Errorf("changes: got %q, want %q", got, want)
	}
	if summary.Changed != 1 || summary.Added != 0 || summary.Removed != 0 {
		t.Errorf("summary: got %+v, want one row changed", summary)
	}
	stamps := reporttest.Query[time.Time](t, db, "SELECT as_of FROM reports.school_onboarding ORDER BY urn")
	for i, want := range []time.Time{reporttest.Day(t, 0), reporttest.Day(t, 1), reporttest.Day(t, 0)} {
		if !stamps[i].Equal(want) {
			t.Errorf("as_of of row %d: got %s, want %s, that of the refresh that last changed it", i, stamps[i], want)
		}
	}
	before := reporttest.One[time.Time](t, db, "SELECT DISTINCT row_as_of FROM reports.school_onboarding_changes WHERE version = 2")
	if !before.Equal(reporttest.Day(t, 0)) {
		t.Errorf("row_as_of: got %s, want %s, that of the row before", before, reporttest.Day(t, 0))
	}
}

func TestLeaversAndReturners(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	list := reporttest.Schools(8)
	list[4] = list[4].And(reporttest.Row{"school_type_code": 27, "section_41_approved": true})
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool().With(reporttest.Tables{"schools": list}))
	db.MustRefresh(t)
	whole := reporttest.One[string](t, db, "SELECT to_jsonb(r)::text FROM reports.school_onboarding r WHERE urn = '100001'")

	left := slices.Clone(list[:7]) // the eighth is gone
	left[0] = left[0].And(reporttest.Row{"school_status_code": 2, "school_status_name": "Closed"})
	left[1] = left[1].And(reporttest.Row{"school_status_code": 4})
	left[2] = left[2].And(reporttest.Row{"administrative_district_code": "W06000015"})
	left[3] = left[3].And(reporttest.Row{"school_type_code": 27})
	left[4] = left[4].And(reporttest.Row{"section_41_approved": false})
	left[5] = left[5].And(reporttest.Row{"school_status_code": nil})
	db.Sync(t, reporttest.Day(t, 1), reporttest.OneSchool().With(reporttest.Tables{"schools": left}))
	db.MustRefresh(t)
	want := []string{
		"100001 removed closed", "100002 removed proposed to open", "100003 removed not in England", "100004 removed type",
		"100005 removed section 41 lost", "100006 removed status not known", "100008 removed gone",
	}
	if got := changes(t, db, 2); !slices.Equal(got, want) {
		t.Errorf("leavers: got %q, want %q", got, want)
	}
	kept := reporttest.One[string](t, db, "SELECT old::text FROM reports.school_onboarding_changes WHERE version = 2 AND urn = '100001'")
	if kept != whole {
		t.Errorf("old row of a leaver: got %s, want %s", kept, whole)
	}

	db.Sync(t, reporttest.Day(t, 2), reporttest.OneSchool().With(reporttest.Tables{"schools": list}))
	db.MustRefresh(t)
	if got := changes(t, db, 3); len(got) != 7 || got[0] != "100001 added" {
		t.Errorf("returners: got %q, want seven added", got)
	}
	history := reporttest.Query[string](t, db, "SELECT version || ' ' || action FROM reports.school_onboarding_changes WHERE urn = '100001' ORDER BY version")
	if want := []string{"1 added", "2 removed", "3 added"}; !slices.Equal(history, want) {
		t.Errorf("history of one school: got %q, want %q", history, want)
	}
}

func TestFailedCheckKeepsTheLastGoodReport(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool())
	db.MustRefresh(t)
	before := db.Published(t)
	db.Sync(t, reporttest.Day(t, 1), reporttest.OneSchool().With(reporttest.Tables{"nomination_emails": {reporttest.Emailed.And(reporttest.Row{"opened_at": "2030-01-01T00:00:00Z"})}}))
	_, err := db.Refresh(t)
	if run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), "no_future_times failed for 1 of 1") {
		t.Fatalf("error: got %v, want one of class refused that names the check", err)
	}
	if got := reporttest.Formatted(db.Published(t)); got != reporttest.Formatted(before) {
		t.Errorf("report: got %s, want the last good one", got)
	}
	if n := reporttest.One[int64](t, db, "SELECT count(*) FROM reports.refreshes"); n != 1 {
		t.Errorf("%d refreshes are recorded, want 1", n)
	}
	sample := reporttest.One[string](t, db, "SELECT sample #>> '{0,nomination_email_opened_at}' FROM reports.check_results WHERE name = 'no_future_times' AND level = 'error' AND version IS NULL")
	if !strings.HasPrefix(sample, "2030-01-01") {
		t.Errorf("offending row: got %q, want the time in 2030", sample)
	}
	noStagingLeft(t, db)

	allowed, err := db.RefreshWith(t, &run.Local{}, reporttest.Onboarding(t), refresh.Options{Allow: []string{"no_future_times"}})
	if err != nil || allowed.Version != 2 {
		t.Fatalf("allowed: got %+v, %v, want version 2", allowed, err)
	}
	warnings, err := versions.Warnings(t.Context(), db, "school_onboarding", 2)
	if err != nil || !slices.ContainsFunc(warnings, func(w versions.CheckResult) bool {
		return w.Name == "no_future_times" && w.Level == "warn" && w.Offending == 1
	}) {
		t.Errorf("warnings: got %+v, %v, want the allowed check among them", warnings, err)
	}
	_, err = db.RefreshWith(t, &run.Local{}, reporttest.Onboarding(t), refresh.Options{Allow: []string{"no_future_time"}})
	if run.ClassOf(err) != run.ClassInvalid || !strings.Contains(fmt.Sprint(err), "did you mean no_future_times?") {
		t.Errorf("misspelt check: got %v, want the nearest name", err)
	}
}

func noStagingLeft(t *testing.T, db reporttest.Database) {
	t.Helper()
	if left := reporttest.Query[string](t, db, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'reports_staging'"); len(left) > 0 {
		t.Errorf("staging tables are left: %v", left)
	}
}

func TestShrinkingReportIsNotPublished(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool().With(reporttest.Tables{"schools": reporttest.Schools(250)}))
	db.MustRefresh(t)
	db.Sync(t, reporttest.Day(t, 1), reporttest.OneSchool().With(reporttest.Tables{"schools": reporttest.Schools(149)}))
	if _, err := db.Refresh(t); run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), "allow=not_shrunk") {
		t.Errorf("101 fewer: got %v, want it refused, and how to allow it", err)
	}
	db.Sync(t, reporttest.Day(t, 2), reporttest.OneSchool().With(reporttest.Tables{"schools": reporttest.Schools(150)}))
	if summary := db.MustRefresh(t); summary.Removed != 100 {
		t.Errorf("100 fewer: got %+v, want 100 removed", summary)
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	list := reporttest.Schools(3)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool().With(reporttest.Tables{"schools": list}))
	db.MustRefresh(t)
	before := rowVersions(t, db)
	db.Sync(t, reporttest.Day(t, 1), reporttest.OneSchool().With(reporttest.Tables{"schools": append(reporttest.Schools(4)[2:], list[0].And(reporttest.Row{"name": "Renamed"}))}))
	got, err := db.RefreshWith(t, &run.Local{Dry: true}, reporttest.Onboarding(t), refresh.Options{})
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
	if after := rowVersions(t, db); !slices.Equal(after, before) {
		t.Errorf("rows were written: before %v, after %v", before, after)
	}
	for table, want := range map[string]int64{"refreshes": 1, "school_onboarding_changes": 3} {
		if n := reporttest.One[int64](t, db, "SELECT count(*) FROM reports."+table); n != want {
			t.Errorf("reports.%s: got %d rows, want %d", table, n, want)
		}
	}
	noStagingLeft(t, db)
}

func TestConcurrentRefreshes(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool().With(reporttest.Tables{"schools": reporttest.Schools(20)}))
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			_, err := refresh.Report(t.Context(), &run.Local{}, db.Pool, reporttest.Onboarding(t), refresh.Options{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := reporttest.One[int64](t, db, "SELECT count(*) FROM reports.refreshes"); n != 1 {
		t.Errorf("%d refreshes are recorded, want 1: the others found it done", n)
	}
	if n := len(db.Published(t)); n != 20 {
		t.Errorf("got %d rows, want 20", n)
	}
	if n := reporttest.One[int64](t, db, "SELECT count(*) FROM reports.school_onboarding_changes"); n != 20 {
		t.Errorf("got %d changes, want each school added once", n)
	}
	noStagingLeft(t, db)
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
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool())
	slow := &reporttest.Hooked{Local: &run.Local{}, BeforeFence: func() {
		db.Sync(t, reporttest.Day(t, 1), reporttest.OneSchool().With(reporttest.Tables{"schools": reporttest.Schools(2)}))
		db.MustRefresh(t)
	}}
	summary, err := db.RefreshWith(t, slow, reporttest.Onboarding(t), refresh.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if summary.State != "current" || summary.Version != 1 || summary.Rows != 2 || !summary.AsOf.Equal(reporttest.Day(t, 1)) {
		t.Errorf("got %+v, want it to find version 1 of the newer data", summary)
	}
	if n := len(db.Published(t)); n != 2 {
		t.Errorf("got %d rows, want the 2 of the newer data", n)
	}
	noStagingLeft(t, db)
}

func TestLostAttemptPublishesNothing(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool())
	_, err := db.RefreshWith(t, &reporttest.Hooked{Local: &run.Local{}, Fails: run.ErrLost}, reporttest.Onboarding(t), refresh.Options{})
	if !errors.Is(err, run.ErrLost) {
		t.Errorf("error: got %v, want %v", err, run.ErrLost)
	}
	if n := len(db.Published(t)); n != 0 {
		t.Errorf("got %d rows, want none", n)
	}
	noStagingLeft(t, db)
}

func TestInputsStayWhileTheReportIsComputed(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool())
	var claimed error
	_, err := db.RefreshWith(t, after("compute", func() {
		claimed = pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), "SET LOCAL lock_timeout = '1ms'"); err != nil {
				return err
			}
			return inputs.Claim(t.Context(), tx, inputs.CPD)
		})
	}), reporttest.Onboarding(t), refresh.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](claimed); !ok || pg.Code != "55P03" {
		t.Errorf("claim of the input meanwhile: got %v, want it to wait", claimed)
	}
}

func TestGrantsAndDependentViewsSurvive(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool())
	db.MustRefresh(t)
	db.MustExec(t, "CREATE VIEW public.names AS SELECT urn, name FROM reports.school_onboarding")
	db.MustExec(t, "GRANT SELECT ON reports.school_onboarding TO PUBLIC")
	db.Sync(t, reporttest.Day(t, 1), reporttest.OneSchool().With(reporttest.Tables{"schools": {reporttest.Elm.And(reporttest.Row{"name": "Renamed"})}}))
	db.MustRefresh(t)
	if got := reporttest.One[string](t, db, "SELECT name FROM public.names"); got != "Renamed" {
		t.Errorf("view over the report: got %q, want %q", got, "Renamed")
	}
	for _, table := range []string{"school_onboarding", "school_onboarding_changes", "school_onboarding_funnel", "refreshes"} {
		if !reporttest.One[bool](t, db, "SELECT has_table_privilege('cpd_jobs_reader', 'reports.' || $1::text, 'SELECT')", table) {
			t.Errorf("cpd_jobs_reader may not read reports.%s", table)
		}
	}
	if reporttest.One[bool](t, db, "SELECT has_schema_privilege('cpd_jobs_reader', 'reports_staging', 'USAGE')") {
		t.Error("cpd_jobs_reader may enter reports_staging")
	}
}

func TestLeftoversOfDeadRefreshesAreDropped(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool())
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
	db.MustExec(t, "CREATE UNLOGGED TABLE reports_staging."+alive+" ()")
	db.MustExec(t, "CREATE UNLOGGED TABLE reports_staging.school_onboarding_1_1600000000000 ()")
	db.MustExec(t, "CREATE UNLOGGED TABLE reports_staging.school_onboarding_1_1600000000000_d ()")
	db.MustRefresh(t)
	left := reporttest.Query[string](t, db, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'reports_staging'")
	if !slices.Equal(left, []string{alive}) {
		t.Errorf("staging tables: got %v, want only that of the living, %s", left, alive)
	}
}

func TestRefreshBeforeTheFirstSync(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	_, err := db.Refresh(t)
	if run.ClassOf(err) != run.ClassBlocked || !strings.Contains(fmt.Sprint(err), "run cpd_sync first") {
		t.Errorf("got %v, want it refused, and what to do", err)
	}
}

// TestSameRowsWhateverTheOrderAndThePlan loads the same rows the other way round and forbids the usual plans.
func TestSameRowsWhateverTheOrderAndThePlan(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	source := reporttest.OneSchool().With(reporttest.WithTutor("2023-09-12T08:00:00Z")).With(reporttest.Tables{"nomination_emails": {
		reporttest.Emailed.And(reporttest.Row{"opened_at": "2023-09-02T08:00:00Z"}), reporttest.Emailed.And(reporttest.Row{"id": reporttest.ID("b")}), reporttest.Emailed.And(reporttest.Row{"id": reporttest.ID("c"), "opened_at": "2023-09-03T08:00:00Z"}),
	}, "partnerships": {
		reporttest.Partnership, reporttest.Partnership.And(reporttest.Row{"id": reporttest.ID("p2"), "lead_provider_id": reporttest.ID("Teach First")}), reporttest.Partnership.And(reporttest.Row{"id": reporttest.ID("p3"), "cohort_id": reporttest.ID("2022")}),
		reporttest.Partnership.And(reporttest.Row{"id": reporttest.ID("p4"), "challenge_reason": "mistake"}), reporttest.Partnership.And(reporttest.Row{"id": reporttest.ID("p5"), "challenge_reason": "no_ects"}),
	}, "induction_coordinator_profiles_schools": {reporttest.Link, reporttest.Link.And(reporttest.Row{"id": reporttest.ID("l2")}), reporttest.Link.And(reporttest.Row{"id": reporttest.ID("l3")})}})
	db.Sync(t, reporttest.Day(t, 0), source)
	db.MustRefresh(t)
	for i, setting := range []string{"enable_hashjoin = off", "enable_mergejoin = off", "enable_sort = off", "enable_hashagg = off", "min_parallel_table_scan_size = 0"} {
		for _, rows := range source {
			slices.Reverse(rows)
		}
		db.MustExec(t, fmt.Sprintf("DO $$ BEGIN EXECUTE format('ALTER ROLE %%I IN DATABASE %%I SET %s', current_user, current_database()); END $$",
			strings.ReplaceAll(setting, "=", "TO")))
		db.Reset()
		db.Sync(t, reporttest.Day(t, 1+i), source)
		if got := db.MustRefresh(t); got.Changed+got.Added+got.Removed != 0 {
			t.Errorf("%s: got %v, want no change", setting, changes(t, db, got.Version))
		}
	}
}

func TestProvenance(t *testing.T) {
	t.Parallel()
	db := reporttest.New(t)
	before, err := reports.Summaries(t.Context(), db)
	if err != nil || len(before) == 0 || before[0].Latest != nil {
		t.Fatalf("before the first refresh: got %+v, %v, want the report without a latest", before, err)
	}
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool())
	db.MustRefresh(t)
	list, err := reports.Summaries(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(o reports.Overview) bool { return o.Name == "school_onboarding" })
	if i < 0 || list[i].Latest == nil || list[i].Freshness <= 0 {
		t.Fatalf("got %+v, want the report with its latest refresh and freshness", list)
	}
	got := list[i].Latest
	if got.DefinitionVersion != reporttest.Onboarding(t).Version || len(got.DefinitionHash) != 64 || got.ProgramVersion != "test" || got.Rows != 1 || got.Added != 1 {
		t.Errorf("refresh: got %+v", got)
	}
	if len(got.Inputs) != 1 || got.Inputs[0].Input != inputs.CPD || got.Inputs[0].Version != 1 || !got.Inputs[0].AsAt.Equal(reporttest.Day(t, 0)) {
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
