package cpd_test

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/jobs/cpd"
)

//go:embed testdata/copied.txt
var copiedTxt string

// What is copied is listed by hand: a new column is a decision about data of other people, so it must fail here first.
func TestCopiedColumns(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, table := range cpd.Tables() {
		fmt.Fprintf(&got, "%s:", table)
		for _, c := range table.Columns {
			fmt.Fprintf(&got, " %s", c.Name)
		}
		for _, c := range table.Computed {
			fmt.Fprintf(&got, " %s (computed)", c.Name)
		}
		got.WriteString("\n")
	}
	if diff := cmp.Diff(copiedTxt, got.String()); diff != "" {
		t.Errorf("copied columns (-listed in testdata/copied.txt +copied):\n%s", diff)
	}
}

// Columns that the service itself, or the law, calls personal, secret or an address.
func TestNothingPersonalIsCopied(t *testing.T) {
	t.Parallel()
	forRestrictedReports := []string{
		"full_name", "email", "trn", "external_identifier", "mentor_profile_id", "participant_identity_id",
	}
	forNobody := []string{
		"nino", "date_of_birth", "sent_to", "token", "login_token", "current_sign_in_ip", "last_sign_in_ip",
		"archived_email", "get_an_identity_id", "primary_contact_email", "secondary_contact_email", "email_address",
		"notes", "induction_start_date", "induction_completion_date", "mentor_completion_date", "preferred_identity_id",
	}
	for _, table := range cpd.Tables() {
		for _, c := range columnsOf(table) {
			if slices.Contains(forNobody, c.Name) || !table.Restricted && slices.Contains(forRestrictedReports, c.Name) {
				t.Errorf("%s.%s is copied", table, c.Name)
			}
		}
	}
}

// columnsOf are the columns of a copy, in order.
func columnsOf(table cpd.Table) []cpd.Column {
	list := slices.Clone(table.Columns)
	for _, c := range table.Computed {
		list = append(list, c.Column)
	}
	return list
}

// relationOf is the view that shows a copy.
func relationOf(table cpd.Table) string {
	if table.Restricted {
		return "restricted.cpd_" + table.Name
	}
	return "cpd." + table.Name
}

// What is copied does not stay behind, and the other way round.
func TestLeftColumnsAreNotCopied(t *testing.T) {
	t.Parallel()
	copied := map[string]bool{}
	for _, table := range cpd.Tables() {
		for _, c := range columnsOf(table) {
			copied[table.Name+"."+c.Name] = true
		}
	}
	for _, table := range cpd.Tables() {
		for _, column := range table.Left {
			if copied[table.Name+"."+column] {
				t.Errorf("%s.%s is both left and copied", table.Name, column)
			}
		}
	}
}

func TestMigrationsAgreeWithTables(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, table := range cpd.Tables() {
		var want []string
		for _, c := range columnsOf(table) {
			want = append(want, c.Name+" "+c.Type)
		}
		for _, relation := range []string{relationOf(table), relationOf(table) + "_0"} {
			got := ask[string](t, db, `SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute
				WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, relation)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-tables.go +migrations):\n%s", relation, diff)
			}
		}
	}
	views := one[int](t, db, `SELECT count(*) FROM pg_views
		WHERE schemaname = 'cpd' OR schemaname = 'restricted' AND viewname LIKE 'cpd\_%'`)
	if views != len(cpd.Tables()) {
		t.Errorf("the database has views of %d copies, %d tables are copied", views, len(cpd.Tables()))
	}
}

func TestRowsCanBeInsertedIntoTheViews(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, table := range cpd.Tables() {
		if _, err := db.Exec(t.Context(), "INSERT INTO "+relationOf(table)+" (id) VALUES (gen_random_uuid())"); err != nil {
			t.Errorf("insert into %s: %v", relationOf(table), err)
		}
	}
}
