package reports_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"slices"
	"testing"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/refresh"
)

// peopleOf refreshes one report of people, and lists some of its columns, with - for nothing.
func peopleOf(t *testing.T, report string, columns string) []string {
	t.Helper()
	db := reporttest.New(t)
	db.Sync(t, reporttest.Day(t, 0), reporttest.People())
	d := reporttest.Find(t, report)
	if _, err := db.RefreshWith(t, &run.Local{}, d, refresh.Options{Allow: []string{reporttest.Allowance[report]}}); err != nil {
		t.Fatal(err)
	}
	return reporttest.Query[string](t, db, "SELECT array_to_string(ARRAY["+columns+"]::text[], '|', '-') FROM restricted."+report+" r ORDER BY "+d.OrderBy("r"))
}

func TestInductionTutors(t *testing.T) {
	t.Parallel()
	got := peopleOf(t, "induction_tutors", "urn, tutor_nominated, tutor_nominated_at::date, tutor_signed_in, tutor_name, tutor_email, sit_mentor, right(sit_mentor_id, 1), tutor_linked_at::date, (tutor_id = '"+reporttest.ID("ann")+"')")
	want := []string{
		"100001|true|2021-05-02|true|Ann Ash|Ann@example.com|true|7|2021-06-01|true",
		"100001|true|2023-06-03|false|Carl Cedar|-|false|-|2023-06-04|false",
		"100002|false|-|false|-|-|false|-|2022-01-01|-",
		"100003|false|-|false|-|-|false|-|-|-",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestParticipants(t *testing.T) {
	t.Parallel()
	got := peopleOf(t, "participants", "type, school_urn, name, email, right(external_id, 1), cohort, (mentor_id = '"+reporttest.ID("ann")+"'), training_status, training_status_reason, "+
		"schedule_identifier, trn, trn_provided_at::date, trn_validated, trn_validated_reason, manual_validation_required, eligible_for_funding")
	slices.Sort(got)
	want := []string{
		"ECT|-|Carl Cedar|-|3|-|-|-|-|-|-|-|-|-|-|-",
		"ECT|100001|Bob Birch|bob@example.com|2|2023|true|deferred|parental-leave|ecf-standard-september|2222222|2023-07-05|true|none|false|-",
		"Mentor|100001|Ann Ash|Ann@example.com|7|2023|-|-|-|ecf-standard-september|1111111|-|false|previous_participation|true|false",
		"Mentor|100001|Ann Ash|Ann@example.com|9|2023|-|-|-|ecf-standard-september|1111111|-|false|no_qts|true|-",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestDeclarations(t *testing.T) {
	t.Parallel()
	got := peopleOf(t, "declarations", "declaration_type, (user_id = '"+reporttest.ID("bob")+"'), declaration_date::date, voided, evidence_held, state, state_reason, cpd_lead_provider_name, delivery_partner_name")
	slices.Sort(got)
	want := []string{
		"retained-1|true|2023-10-20|true|other|voided|-|Ambition Contracts|Old Hub",
		"retained-2|false|2023-10-20|false|other|ineligible|duplicate|-|North Hub",
		"started|true|2023-10-20|false|other|paid|-|Ambition Contracts|North Hub",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
