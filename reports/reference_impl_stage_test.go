package reports_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"slices"
)

func (s *service) participants(r reporttest.Row, answer reporttest.Row) {
	count := map[string]int{}
	for _, p := range s.of["participant_profiles"][reporttest.Text(answer["id"])] {
		teacher := s.rows["teacher_profiles"][reporttest.Text(p["teacher_profile_id"])]
		if answer != nil && p["status"] == "active" && s.rows["users"][reporttest.Text(teacher["user_id"])] != nil {
			count[reporttest.Text(p["type"])]++
		}
	}
	ects, mentors := count["ParticipantProfile::ECT"], count["ParticipantProfile::Mentor"]
	r["active_ects"], r["active_mentors"], r["active_participants"] = ects, mentors, ects+mentors > 0
	training := map[string]bool{}
	if answer != nil {
		for _, programme := range s.of["induction_programmes"][reporttest.Text(answer["id"])] {
			for _, record := range s.of["induction_records"][reporttest.Text(programme["id"])] {
				if s.isCurrent(record) {
					training[reporttest.Text(record["participant_profile_id"])] = true
				}
			}
		}
	}
	r["current_participants"] = len(training)
}

func (s *service) isCurrent(record reporttest.Row) bool {
	end, ends := moment(record["end_date"])
	start, starts := moment(record["start_date"])
	switch record["induction_status"] {
	case "active":
		return (!ends || !end.Before(s.asOf)) && (starts && start.Before(s.asOf) || record["school_transfer"] != true)
	case "leaving":
		return ends && !end.Before(s.asOf)
	}
	return false
}

// stage fills in the first stage whose rule holds, its rank, and the route.
func stage(r reporttest.Row, p situation) {
	choice := reporttest.Text(r["induction_programme_choice"])
	own := slices.Contains(programmes[1:], choice)
	for _, rule := range []struct {
		stage string
		rank  any
		holds bool
	}{
		{"participants_registered", 7, r["active_participants"] == true},
		{"no_ects", nil, choice == "no_early_career_teachers"},
		{"provision_in_place", 6, own || p.active},
		{"partnership_challenged", 5, p.challenged},
		{"programme_chosen", 5, choice == "full_induction_programme"},
		{"tutor_signed_in", 4, r["tutor_signed_in"] == true},
		{"tutor_nominated", 3, r["induction_tutor_nominated"] == true},
		{"email_opened", 2, r["first_opened_at"] != nil},
		{"contacted", 1, r["contacts"] != 0},
		{"not_contacted", 0, true},
	} {
		if rule.holds {
			r["stage"], r["stage_rank"] = rule.stage, rule.rank
			break
		}
	}
	r["route"] = nil
	switch {
	case slices.Contains(programmes, choice):
		r["route"] = choice
	case p.active && choice != "no_early_career_teachers":
		r["route"] = "full_induction_programme"
	}
}

func raisedFlags(r reporttest.Row, p situation, answer reporttest.Row, failed, hasAddress bool) []string {
	choice := reporttest.Text(r["induction_programme_choice"])
	rank, _ := number(r["stage_rank"])
	tutor := r["induction_tutor_nominated"] == true
	raised := []string{}
	for name, holds := range map[string]bool{
		"no_contact_address":           !hasAddress && !tutor,
		"contact_failed":               failed,
		"no_tutor":                     rank >= 5 && !tutor,
		"tutor_never_signed_in":        rank >= 5 && tutor && r["tutor_signed_in"] == false,
		"partnership_challenged":       p.challenged,
		"partnership_pending":          p.pending,
		"partnership_conflict":         p.active && (slices.Contains(programmes[1:], choice) || choice == "no_early_career_teachers"),
		"only_relationship":            p.activeRelation && !p.active,
		"other_cohort_partnership":     r["in_partnership"] == true && !p.active && !p.activeRelation,
		"delivery_partner_missing":     p.withoutPartner,
		"stale_materials":              answer["core_induction_programme_id"] != nil && choice != "core_induction_programme",
		"participants_despite_no_ects": r["active_participants"] == true && choice == "no_early_career_teachers",
	} {
		if holds {
			raised = append(raised, name)
		}
	}
	slices.Sort(raised)
	return raised
}
