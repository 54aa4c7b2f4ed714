package cpd

// emailAddress is citext at the source, whose binary form is that of text: this database need not have the extension.
var emailAddress = Computed{Column: Column{"email", text}, SQL: "email::text", Reads: []Column{{"email", citext}}}

// restricted lists what is about a person. Whatever else reports need of the same rows is copied with the others.
func restricted() []Table {
	list := append(people(), records()...)
	for i := range list {
		list[i].Restricted = true
	}
	return list
}

func people() []Table {
	return []Table{
		{
			Name:     "users",
			Columns:  []Column{{"id", uuid}, {"full_name", varchar}},
			Computed: []Computed{emailAddress},
		},
		{
			Name:    "teacher_profiles",
			Columns: []Column{{"id", uuid}, {"user_id", uuid}, {"trn", varchar}},
		},
		{
			Name:    "participant_identities",
			Columns: []Column{{"id", uuid}, {"user_id", uuid}, {"external_identifier", uuid}},
			Left:    left("email", "origin"),
		},
		{
			Name:    "participant_profiles",
			Columns: []Column{{"id", uuid}, {"participant_identity_id", uuid}, {"mentor_profile_id", uuid}},
		},
	}
}

// records are what others noted about people.
func records() []Table {
	return []Table{
		{
			Name: "ecf_participant_eligibilities",
			Columns: []Column{
				{"id", uuid}, {"participant_profile_id", uuid}, {"status", varchar}, {"reason", varchar},
				{"manually_validated", boolean},
			},
			Left: left("qts", "active_flags", "previous_participation", "previous_induction", "different_trn",
				"no_induction", "exempt_from_induction"),
		},
		{
			Name:    "ecf_participant_validation_data",
			Columns: []Column{{"id", uuid}, {"participant_profile_id", uuid}, {"created_at", timestamp}},
			Left:    leftButCreated("full_name", "trn", "nino", "date_of_birth", "api_failure"),
		},
		{
			Name: "participant_profile_states",
			Columns: []Column{
				{"id", uuid}, {"participant_profile_id", uuid}, {"state", text}, {"reason", text}, {"created_at", timestamp},
			},
			Left: leftButCreated("cpd_lead_provider_id"),
		},
		{
			Name: "participant_declarations",
			Columns: []Column{
				{"id", uuid}, {"user_id", uuid}, {"participant_profile_id", uuid}, {"declaration_type", varchar},
				{"declaration_date", timestamp}, {"course_identifier", varchar}, {"evidence_held", varchar},
				{"state", varchar}, {"cpd_lead_provider_id", uuid}, {"delivery_partner_id", uuid},
			},
			Left: left("type", "mentor_user_id", "voided_by_user_id", "superseded_by_id", "sparsity_uplift",
				"pupil_premium_uplift", "cohort_id", "voided_at"),
		},
		{
			Name: "declaration_states",
			Columns: []Column{
				{"id", uuid}, {"participant_declaration_id", uuid}, {"state", varchar}, {"state_reason", varchar},
				{"created_at", timestamp},
			},
			Left: leftButCreated(),
		},
	}
}
