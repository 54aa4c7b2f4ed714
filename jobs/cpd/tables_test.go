package cpd_test

import (
	_ "embed"
	"fmt"
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
		fmt.Fprintf(&got, "%s:", table.Name)
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
	personal := []string{
		"full_name", "email", "trn", "nino", "date_of_birth", "sent_to", "token", "login_token", "current_sign_in_ip",
		"last_sign_in_ip", "archived_email", "get_an_identity_id", "primary_contact_email", "secondary_contact_email",
		"email_address", "external_identifier", "notes", "induction_start_date", "induction_completion_date",
		"mentor_completion_date", "mentor_profile_id", "participant_identity_id", "preferred_identity_id",
	}
	for _, table := range cpd.Tables() {
		for _, c := range table.Columns {
			for _, p := range personal {
				if c.Name == p {
					t.Errorf("%s.%s is copied", table.Name, c.Name)
				}
			}
		}
	}
}

func TestMigrationsAgreeWithTables(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, table := range cpd.Tables() {
		var want []string
		for _, c := range table.Columns {
			want = append(want, c.Name+" "+c.Type)
		}
		for _, c := range table.Computed {
			want = append(want, c.Name+" "+c.Type)
		}
		for _, relation := range []string{table.Name, table.Name + "_0"} {
			got := ask[string](t, db, `SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute
				WHERE attrelid = to_regclass('cpd.' || $1::text) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, relation)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("cpd.%s (-tables.go +migrations):\n%s", relation, diff)
			}
		}
	}
	views := one[int](t, db, `SELECT count(*) FROM pg_views WHERE schemaname = 'cpd'`)
	if views != len(cpd.Tables()) {
		t.Errorf("schema cpd has %d views, %d tables are copied", views, len(cpd.Tables()))
	}
}

func TestRowsCanBeInsertedIntoTheViews(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, table := range cpd.Tables() {
		if _, err := db.Exec(t.Context(), "INSERT INTO cpd."+table.Name+" (id) VALUES (gen_random_uuid())"); err != nil {
			t.Errorf("insert into cpd.%s: %v", table.Name, err)
		}
	}
}
