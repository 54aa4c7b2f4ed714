package reporttest

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/pgtest"
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

// Generated is a made-up source, the columns that are synced of it.
func Generated(t *testing.T, o demo.Options) Tables {
	t.Helper()
	url := pgtest.NewEmpty(t)
	if _, err := demo.Source(t.Context(), url, o); err != nil {
		t.Fatal(err)
	}
	from := Database{pgtest.Connect(t, url)}
	source := Tables{}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(allTables, personalTables)))) {
		rows, _ := from.Query(t.Context(), "SELECT to_jsonb(t) FROM public."+pg.Ident(name)+" t")
		list, err := pgx.CollectRows(rows, pgx.RowTo[Row])
		if err != nil {
			t.Fatal(err)
		}
		source[name] = list
	}
	source["schools"] = WithoutAddresses(source["schools"])
	return source
}

// WithoutAddresses does what the sync does: that there is an address is copied, the address is not.
func WithoutAddresses(schools []Row) []Row {
	list := make([]Row, len(schools))
	for i, s := range schools {
		list[i] = s.And(Row{"has_contact_address": filled(s["primary_contact_email"]) || filled(s["secondary_contact_email"])})
	}
	return list
}

func filled(v any) bool {
	text, ok := v.(string)
	return ok && strings.TrimSpace(text) != ""
}
