package cpd

// hasContactAddress is true where either contact e-mail is not blank. It stands for the addresses, which may name a
// person.
var hasContactAddress = Computed{
	Column: Column{"has_contact_address", boolean},
	SQL: `coalesce(primary_contact_email ~ '[^[:space:]]', false)
		OR coalesce(secondary_contact_email ~ '[^[:space:]]', false)`,
	Reads: []Column{{"primary_contact_email", varchar}, {"secondary_contact_email", varchar}},
}

func places() []Table {
	return []Table{
		{
			Name: "schools",
			Columns: []Column{
				{"id", uuid}, {"urn", varchar}, {"name", varchar}, {"ukprn", varchar},
				{"school_type_code", integer}, {"school_type_name", varchar},
				{"school_phase_type", integer}, {"school_phase_name", varchar},
				{"school_status_code", integer}, {"school_status_name", varchar}, {"postcode", varchar},
				{"administrative_district_code", varchar}, {"administrative_district_name", varchar},
				{"section_41_approved", boolean},
			},
			Computed: []Computed{hasContactAddress},
			Left: left("address_line1", "address_line2", "address_line3", "primary_contact_email",
				"secondary_contact_email", "school_website", "slug", "domains", "network_id"),
		},
		{
			Name:    "local_authorities",
			Columns: []Column{{"id", uuid}, {"code", varchar}, {"name", varchar}},
			Left:    left(),
		},
		{
			Name:    "local_authority_districts",
			Columns: []Column{{"id", uuid}, {"code", varchar}, {"name", varchar}},
			Left:    left(),
		},
		{
			Name: "school_local_authorities",
			Columns: []Column{
				{"id", uuid}, {"school_id", uuid}, {"local_authority_id", uuid},
				{"start_year", smallint}, {"end_year", smallint}, {"created_at", timestamp},
			},
			Left: leftButCreated(),
		},
		{
			Name: "school_local_authority_districts",
			Columns: []Column{
				{"id", uuid}, {"school_id", uuid}, {"local_authority_district_id", uuid},
				{"start_year", smallint}, {"end_year", smallint}, {"created_at", timestamp},
			},
			Left: leftButCreated(),
		},
		{
			Name: "district_sparsities",
			Columns: []Column{
				{"id", uuid}, {"local_authority_district_id", uuid}, {"start_year", smallint}, {"end_year", smallint},
			},
			Left: left(),
		},
		{
			Name: "pupil_premiums",
			Columns: []Column{
				{"id", uuid}, {"school_id", uuid}, {"start_year", smallint},
				{"pupil_premium_incentive", boolean}, {"sparsity_incentive", boolean},
			},
			Left: left(),
		},
	}
}
