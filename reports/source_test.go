package reports_test

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/inputs"
	"cpd-jobs/reports/refresh"
)

type (
	row    map[string]any
	tables map[string][]row
)

// allTables are the synced tables of the service.
var allTables = []string{
	"cohorts", "lead_providers", "delivery_partners", "core_induction_programmes", "appropriate_bodies", "schools",
	"local_authorities", "local_authority_districts", "school_local_authorities", "school_local_authority_districts",
	"district_sparsities", "pupil_premiums", "school_cohorts", "partnerships", "nomination_emails",
	"induction_coordinator_profiles", "induction_coordinator_profiles_schools", "users", "participant_profiles",
	"teacher_profiles", "induction_programmes", "induction_records", "cpd_lead_providers", "schedules",
}

// personalTables are those of which columns, or all, are copied for restricted reports alone.
var personalTables = []string{
	"users", "teacher_profiles", "participant_identities", "participant_profiles", "ecf_participant_eligibilities",
	"ecf_participant_validation_data", "participant_profile_states", "participant_declarations", "declaration_states",
}

// database is a database of a test's own with every report's tables.
type database struct{ *pgxpool.Pool }

func newDatabase(t *testing.T) database {
	t.Helper()
	db := database{pgtest.New(t)}
	if err := reports.EnsureTables(t.Context(), db.Pool); err != nil {
		t.Fatal(err)
	}
	return db
}

// sync replaces the service's tables, all of them, and publishes the copy as of the instant.
func (db database) sync(t *testing.T, asOf time.Time, source tables) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		if err := inputs.Claim(t.Context(), tx, inputs.CPD); err != nil {
			return err
		}
		batch := &pgx.Batch{}
		fill := func(table string, rows []row) {
			batch.Queue("DELETE FROM " + table)
			if len(rows) > 0 {
				batch.Queue(fmt.Sprintf("INSERT INTO %[1]s SELECT * FROM jsonb_populate_recordset(NULL::%[1]s, $1)", table), rows)
			}
		}
		for _, name := range allTables {
			fill("cpd."+name, source[name])
		}
		for _, name := range personalTables {
			fill("restricted.cpd_"+name, source[name])
		}
		if err := tx.SendBatch(t.Context(), batch).Close(); err != nil {
			return err
		}
		_, err := inputs.Publish(t.Context(), tx, inputs.Version{Input: inputs.CPD, AsAt: asOf, ContentHash: "test"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func onboarding(t *testing.T) *definition.Definition {
	t.Helper()
	d, err := reports.Find("school_onboarding")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// refresh refreshes the School onboarding report.
func (db database) refresh(t *testing.T) (refresh.Summary, error) {
	t.Helper()
	return db.refreshWith(t, &run.Local{}, onboarding(t), refresh.Options{ProgramVersion: "test"})
}

func (db database) refreshWith(t *testing.T, r run.Run, d *definition.Definition, o refresh.Options) (refresh.Summary, error) {
	t.Helper()
	outcome, err := refresh.Report(t.Context(), r, db.Pool, d, o)
	summary, _ := outcome.Summary.(refresh.Summary)
	return summary, err
}

// mustRefresh refreshes and fails the test if that fails.
func (db database) mustRefresh(t *testing.T) refresh.Summary {
	t.Helper()
	summary, err := db.refresh(t)
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

// published reads the whole School onboarding report in its order.
func (db database) published(t *testing.T) []row {
	t.Helper()
	return query[row](t, db, "SELECT to_jsonb(r) FROM reports.school_onboarding r ORDER BY "+onboarding(t).OrderBy("r"))
}

// query reads one column.
func query[T any](t *testing.T, db database, sql string, args ...any) []T {
	t.Helper()
	rows, _ := db.Query(t.Context(), sql, args...)
	list, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return list
}

func one[T any](t *testing.T, db database, sql string, args ...any) T {
	t.Helper()
	list := query[T](t, db, sql, args...)
	if len(list) != 1 {
		t.Fatalf("%d rows, want 1: %s", len(list), sql)
	}
	return list[0]
}

func (db database) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := db.Exec(context.WithoutCancel(t.Context()), sql, args...); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
}

// id is the same uuid for the same name, so that rows of different tables can refer to one another in words.
func id(name string) string {
	h := md5.Sum([]byte(name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:])
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// with is the source with some tables replaced.
func (source tables) with(replaced tables) tables {
	all := maps.Clone(source)
	maps.Copy(all, replaced)
	return all
}

// and is the row with some columns replaced.
func (r row) and(replaced row) row {
	all := maps.Clone(r)
	maps.Copy(all, replaced)
	return all
}

// differences lists the columns in which got is not what is wanted, times compared as instants.
func differences(got, want row) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		g, there := got[name]
		if !there {
			list = append(list, name+" is not there")
			continue
		}
		if plain(g) != plain(want[name]) {
			list = append(list, fmt.Sprintf("%s: got %s, want %s", name, plain(g), plain(want[name])))
		}
	}
	return list
}

func plain(v any) string {
	if text, ok := v.(string); ok {
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return at.UTC().Format(time.RFC3339Nano)
		}
	}
	text, _ := json.Marshal(v)
	return string(text)
}

func formatted(v any) string { return fmt.Sprint(v) }
