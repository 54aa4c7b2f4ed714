package cpd

func onboarding() []Table {
	return []Table{
		{
			Name: "school_cohorts",
			Columns: []Column{
				{"id", uuid}, {"school_id", uuid}, {"cohort_id", uuid}, {"induction_programme_choice", varchar},
				{"core_induction_programme_id", uuid}, {"appropriate_body_id", uuid}, {"opt_out_of_updates", boolean},
				{"created_at", timestamp},
			},
			Left: leftButCreated("default_induction_programme_id", "estimated_teacher_count", "estimated_mentor_count"),
		},
		{
			Name: "partnerships",
			Columns: []Column{
				{"id", uuid}, {"school_id", uuid}, {"lead_provider_id", uuid}, {"delivery_partner_id", uuid},
				{"cohort_id", uuid}, {"challenged_at", timestamp}, {"challenge_reason", varchar}, {"pending", boolean},
				{"relationship", boolean}, {"created_at", timestamp},
			},
			Left: leftButCreated("challenge_deadline", "report_id"),
		},
		{
			Name: "nomination_emails",
			Columns: []Column{
				{"id", uuid}, {"school_id", uuid}, {"sent_at", timestamp}, {"opened_at", timestamp},
				{"notify_status", varchar}, {"created_at", timestamp},
			},
			Left: leftButCreated("token", "sent_to", "notify_id", "delivered_at", "partnership_notification_email_id"),
		},
		{
			Name:    "induction_coordinator_profiles",
			Columns: []Column{{"id", uuid}, {"user_id", uuid}, {"created_at", timestamp}},
			Left:    leftButCreated("discarded_at", "reminder_email_sent_at"),
		},
		{
			Name: "induction_coordinator_profiles_schools",
			Columns: []Column{
				{"id", uuid}, {"induction_coordinator_profile_id", uuid}, {"school_id", uuid}, {"created_at", timestamp},
			},
			Left: leftButCreated(),
		},
		{
			Name:    "users",
			Columns: []Column{{"id", uuid}, {"current_sign_in_at", timestamp}, {"created_at", timestamp}},
			Left: leftButCreated("last_sign_in_at", "sign_in_count", "current_sign_in_ip",
				"last_sign_in_ip", "login_token", "login_token_valid_until", "remember_created_at", "discarded_at",
				"archived_at", "archived_email", "get_an_identity_id"),
		},
	}
}

func participants() []Table {
	return []Table{
		{
			Name:    "teacher_profiles",
			Columns: []Column{{"id", uuid}, {"user_id", uuid}},
			Left:    left("school_id"),
		},
		{
			Name: "participant_profiles",
			Columns: []Column{
				{"id", uuid}, {"type", varchar}, {"status", text}, {"school_cohort_id", uuid}, {"teacher_profile_id", uuid},
				{"schedule_id", uuid}, {"created_at", timestamp},
			},
			Left: leftButCreated("training_status", "sparsity_uplift", "pupil_premium_uplift", "profile_duplicity", "induction_start_date", "induction_completion_date",
				"mentor_completion_date", "mentor_completion_reason", "cohort_changed_after_payments_frozen", "notes",
				"school_id", "cohort_id", "core_induction_programme_id", "school_urn", "school_ukprn",
				"request_for_details_sent_at"),
		},
		{
			Name:    "induction_programmes",
			Columns: []Column{{"id", uuid}, {"school_cohort_id", uuid}},
			Left: left("training_programme", "partnership_id", "core_induction_programme_id",
				"delivery_partner_to_be_confirmed"),
		},
		{
			Name: "induction_records",
			Columns: []Column{
				{"id", uuid}, {"induction_programme_id", uuid}, {"participant_profile_id", uuid}, {"start_date", timestamp},
				{"end_date", timestamp}, {"induction_status", varchar}, {"school_transfer", boolean},
				{"training_status", varchar}, {"created_at", timestamp},
			},
			Left: leftButCreated("schedule_id", "mentor_profile_id", "appropriate_body_id", "preferred_identity_id"),
		},
		{
			Name:    "schedules",
			Columns: []Column{{"id", uuid}, {"name", text}, {"schedule_identifier", varchar}},
			Left:    left("type", "cohort_id", "identifier_alias"),
		},
	}
}
