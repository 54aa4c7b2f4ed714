package reports_test

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// service is the CPD service's data at one moment, read row by row. With it the rules of the School onboarding report are
// followed a second time, school by school, the way that one would explain them: no SQL, no sets, nothing clever.
type service struct {
	asOf    time.Time
	regions map[string][2]string // code and name by local authority
	rows    map[string]map[string]row
	of      map[string]map[string][]row // by the row that they belong to
	cohort  row
}

// belongs says by which column a table's rows are looked up.
var belongs = map[string]string{
	"school_local_authorities": "school_id", "school_local_authority_districts": "school_id",
	"district_sparsities": "local_authority_district_id", "pupil_premiums": "school_id", "school_cohorts": "school_id",
	"partnerships": "school_id", "nomination_emails": "school_id", "induction_coordinator_profiles_schools": "school_id",
	"participant_profiles": "school_cohort_id", "induction_programmes": "school_cohort_id", "induction_records": "induction_programme_id",
}

func newService(source tables, asOf time.Time, regions map[string][2]string) *service {
	s := &service{asOf: asOf, regions: regions, rows: map[string]map[string]row{}, of: map[string]map[string][]row{}}
	for table, rows := range source {
		s.rows[table], s.of[table] = map[string]row{}, map[string][]row{}
		for _, r := range rows {
			s.rows[table][text(r["id"])] = r
			if column := belongs[table]; column != "" {
				owner := text(r[column])
				s.of[table][owner] = append(s.of[table][owner], r)
			}
		}
	}
	s.cohort = s.currentCohort()
	return s
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	}
	return 0, false
}

// moment reads a time of the service: UTC, with or without saying so.
func moment(v any) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339Nano, strings.TrimSuffix(text(v), "Z")+"Z")
	if err != nil {
		at, err = time.Parse(time.RFC3339Nano, text(v))
	}
	return at.UTC(), err == nil
}

// shown is a time as the report has it.
func shown(v any) any {
	at, ok := moment(v)
	if !ok {
		return nil
	}
	return at.Format(time.RFC3339Nano)
}

// latest is the row with the latest of the times, a missing one counting as earliest of all; of equal ones, the next time
// decides and at last the smallest id.
func latest(rows []row, columns ...string) row {
	if len(rows) == 0 {
		return nil
	}
	return slices.MinFunc(rows, func(a, b row) int {
		for _, c := range columns {
			if order := descending(a[c], b[c]); order != 0 {
				return order
			}
		}
		return cmp.Compare(text(a["id"]), text(b["id"]))
	})
}

// descending orders years or times, latest first and missing ones last.
func descending(a, b any) int {
	x, y := sortable(a), sortable(b)
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return 1
	case y == nil:
		return -1
	}
	return cmp.Compare(*y, *x)
}

func sortable(v any) *float64 {
	if n, ok := number(v); ok {
		return &n
	}
	if at, ok := moment(v); ok {
		n := float64(at.UnixMicro())
		return &n
	}
	return nil
}

func keep(rows []row, wanted func(row) bool) []row {
	var list []row
	for _, r := range rows {
		if wanted(r) {
			list = append(list, r)
		}
	}
	return list
}

func (s *service) currentCohort() row {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	y, m, d := s.asOf.In(london).Date()
	if m == time.February && d == 29 {
		d = 28
	}
	yearAgo := time.Date(y-1, m, d, 0, 0, 0, 0, time.UTC)
	y, m, d = s.asOf.In(london).Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	var current []row
	for _, c := range s.rows["cohorts"] {
		if start, ok := moment(c["academic_year_start_date"]); ok {
			start = start.Truncate(24 * time.Hour)
			if start.After(yearAgo) && !start.After(today) {
				current = append(current, c)
			}
		}
	}
	return latest(current, "academic_year_start_date", "start_year")
}

// The types of section 2.
var (
	eligibleTypes = []float64{1, 2, 3, 5, 6, 7, 8, 12, 14, 15, 18, 28, 31, 32, 33, 34, 35, 36, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 57}
	cipOnlyTypes  = []float64{10, 11, 30, 37}
)

func eligibility(school row) string {
	status, known := number(school["school_status_code"])
	if !known || status != 1 && status != 3 {
		return ""
	}
	kind, hasKind := number(school["school_type_code"])
	district := text(school["administrative_district_code"])
	inEngland := strings.HasPrefix(strings.ToUpper(district), "E") || district == "9999"
	switch {
	case inEngland && (hasKind && slices.Contains(eligibleTypes, kind) || school["section_41_approved"] == true):
		return "eligible"
	case hasKind && slices.Contains(cipOnlyTypes, kind):
		return "cip_only"
	}
	return ""
}

// report is the rows by URN.
func (s *service) report() map[string]row {
	all := map[string]row{}
	for _, school := range s.rows["schools"] {
		if e := eligibility(school); e != "" {
			all[text(school["urn"])] = s.school(school, e)
		}
	}
	return all
}

func (s *service) school(school row, eligibility string) row {
	r := row{"eligibility": eligibility, "cohort": s.cohort["start_year"], "as_of": s.asOf.Format(time.RFC3339Nano), "register_flags": []string{}}
	for _, same := range []string{
		"name", "urn", "school_type_name", "school_phase_type", "school_phase_name", "school_status_code", "postcode",
		"administrative_district_code", "administrative_district_name", "school_type_code", "section_41_approved", "ukprn",
	} {
		r[same] = school[same]
	}
	r["school_status_name"] = map[string]any{
		"Open": "open", "Closed": "closed", "Open, but proposed to close": "proposed_to_close", "Proposed to open": "proposed_to_open",
	}[text(school["school_status_name"])]
	id := text(school["id"])
	s.place(r, id)
	s.uplifts(r, id)
	failed := s.emails(r, id)
	s.tutor(r, id)
	answer := s.answer(r, id)
	s.anyPartnership(r, id)
	p := s.partnerships(r, id)
	s.participants(r, answer)
	stage(r, p)
	r["flags"] = raisedFlags(r, p, answer, failed, school["has_contact_address"] == true)
	return r
}

func current(rows []row) row {
	return latest(keep(rows, func(l row) bool { return l["end_year"] == nil }), "start_year", "created_at")
}

func (s *service) place(r row, id string) {
	authority := s.rows["local_authorities"][text(current(s.of["school_local_authorities"][id])["local_authority_id"])]
	r["la_code"], r["la_name"] = authority["code"], authority["name"]
	r["region_code"], r["region_name"] = nil, "Unknown"
	if region, ok := s.regions[text(authority["code"])]; ok {
		r["region_code"], r["region_name"] = region[0], region[1]
	}
	year, _ := number(s.cohort["start_year"])
	r["sparsity"] = false
	for _, spell := range s.of["district_sparsities"][text(current(s.of["school_local_authority_districts"][id])["local_authority_district_id"])] {
		start, _ := number(spell["start_year"])
		end, ended := number(spell["end_year"])
		if start <= year && (!ended || end > year) {
			r["sparsity"] = true
		}
	}
}

func (s *service) uplifts(r row, id string) {
	r["pupil_premium"], r["sparsity_uplift"] = nil, nil
	year, _ := number(s.cohort["start_year"])
	for _, p := range s.of["pupil_premiums"][id] {
		if of, _ := number(p["start_year"]); of == year {
			r["pupil_premium"] = r["pupil_premium"] == true || p["pupil_premium_incentive"] == true
			r["sparsity_uplift"] = r["sparsity_uplift"] == true || p["sparsity_incentive"] == true
		}
	}
}

// emails fills in the contacts and says whether each one sent has failed.
func (s *service) emails(r row, id string) (failed bool) {
	all := s.of["nomination_emails"][id]
	sent := keep(all, func(e row) bool { return e["sent_at"] != nil })
	opened := keep(all, func(e row) bool { return e["opened_at"] != nil })
	byTime := func(column string) func(a, b row) int {
		return func(a, b row) int { return -descending(a[column], b[column]) }
	}
	r["nomination_email_opened_at"] = shown(latest(all, "created_at")["opened_at"])
	r["first_contacted_at"], r["last_contacted_at"], r["first_opened_at"] = nil, nil, nil
	if len(sent) > 0 {
		r["first_contacted_at"] = shown(slices.MinFunc(sent, byTime("sent_at"))["sent_at"])
		r["last_contacted_at"] = shown(slices.MaxFunc(sent, byTime("sent_at"))["sent_at"])
	}
	if len(opened) > 0 {
		r["first_opened_at"] = shown(slices.MinFunc(opened, byTime("opened_at"))["opened_at"])
	}
	r["contacts"] = len(sent)
	for _, e := range sent {
		if !strings.HasSuffix(text(e["notify_status"]), "-failure") {
			return false
		}
	}
	return len(sent) > 0 && len(opened) == 0
}

func (s *service) tutor(r row, id string) {
	user := func(link row) row {
		profile := s.rows["induction_coordinator_profiles"][text(link["induction_coordinator_profile_id"])]
		return s.rows["users"][text(profile["user_id"])]
	}
	link := latest(keep(s.of["induction_coordinator_profiles_schools"][id], func(l row) bool { return user(l) != nil }), "created_at")
	tutor := user(link)
	r["induction_tutor_nominated"] = link != nil
	r["tutor_linked_at"], r["tutor_nominated_time"] = shown(link["created_at"]), shown(tutor["created_at"])
	signedIn := tutor["current_sign_in_at"] != nil
	r["tutor_signed_in"], r["induction_tutor_signed_in"] = signedIn, nil
	if signedIn {
		r["induction_tutor_signed_in"] = true
	}
}

func (s *service) ofCohort(r row) bool { return r["cohort_id"] == s.cohort["id"] }

var programmes = []string{"full_induction_programme", "core_induction_programme", "design_our_own", "school_funded_fip"}

// answer fills in what the school chose for the cohort, and returns the row that says it.
func (s *service) answer(r row, id string) row {
	answer := latest(keep(s.of["school_cohorts"][id], s.ofCohort))
	r["induction_programme_choice"] = answer["induction_programme_choice"]
	r["opt_out_of_updates"] = answer["opt_out_of_updates"]
	r["chosen_cip"] = s.rows["core_induction_programmes"][text(answer["core_induction_programme_id"])]["name"]
	r["appropriate_body"] = s.rows["appropriate_bodies"][text(answer["appropriate_body_id"])]["name"]
	r["programme_chosen_at"] = nil
	if slices.Contains(programmes, text(answer["induction_programme_choice"])) {
		r["programme_chosen_at"] = shown(answer["created_at"])
	}
	return answer
}

func unchallenged(p row) bool { return p["challenged_at"] == nil && p["challenge_reason"] == nil }
func active(p row) bool       { return unchallenged(p) && p["pending"] != true }
func relation(p row) bool     { return p["relationship"] == true }

// anyPartnership fills in the columns that the original has, by the reference partnership.
func (s *service) anyPartnership(r row, id string) {
	order := func(a, b row) int {
		for _, question := range []func(row) bool{s.ofCohort, func(p row) bool { return !relation(p) }} {
			if question(a) != question(b) {
				if question(a) {
					return -1
				}
				return 1
			}
		}
		year := func(p row) any { return s.rows["cohorts"][text(p["cohort_id"])]["start_year"] }
		return cmp.Or(descending(year(a), year(b)), descending(a["created_at"], b["created_at"]), cmp.Compare(text(a["id"]), text(b["id"])))
	}
	all := slices.SortedFunc(slices.Values(s.of["partnerships"][id]), order)
	var reference row
	if len(all) > 0 {
		reference = all[0]
	}
	live := keep(all, active)
	for _, column := range []string{"partnership_time", "partnership_challenge_reason", "partnership_challenge_time"} {
		r[column] = nil
	}
	r["in_partnership"] = len(live) > 0
	if len(live) > 0 {
		reference = live[0]
		r["partnership_time"] = shown(reference["created_at"])
	} else {
		r["partnership_challenge_reason"], r["partnership_challenge_time"] = reference["challenge_reason"], shown(reference["challenged_at"])
	}
	r["lead_provider"] = s.rows["lead_providers"][text(reference["lead_provider_id"])]["name"]
	partner := s.rows["delivery_partners"][text(reference["delivery_partner_id"])]
	r["delivery_partner"] = nil
	if partner["discarded_at"] == nil {
		r["delivery_partner"] = partner["name"]
	}
}

// situation is how the school stands with partnerships of the cohort.
type situation struct{ active, activeRelation, withoutPartner, challenged, pending bool }

func (s *service) partnerships(r row, id string) situation {
	all := keep(s.of["partnerships"][id], s.ofCohort)
	own := keep(all, func(p row) bool { return !relation(p) })
	live := keep(own, active)
	rejected := keep(own, func(p row) bool { return !unchallenged(p) })
	waiting := keep(own, func(p row) bool { return unchallenged(p) && !active(p) })
	best := latest(live, "created_at")
	r["cohort_in_partnership"] = len(live) > 0
	r["cohort_partnership_time"] = shown(best["created_at"])
	r["cohort_lead_provider"] = s.rows["lead_providers"][text(best["lead_provider_id"])]["name"]
	r["cohort_delivery_partner"] = s.rows["delivery_partners"][text(best["delivery_partner_id"])]["name"]
	r["cohort_challenge_reason"], r["cohort_challenge_time"] = nil, nil
	if len(live) == 0 {
		last := latest(rejected, "challenged_at", "created_at")
		r["cohort_challenge_reason"], r["cohort_challenge_time"] = last["challenge_reason"], shown(last["challenged_at"])
	}
	r["cohort_partnership_pending"] = len(live) == 0 && len(waiting) > 0
	return situation{
		active:         len(live) > 0,
		activeRelation: len(keep(all, func(p row) bool { return relation(p) && active(p) })) > 0,
		withoutPartner: len(keep(live, func(p row) bool { return p["delivery_partner_id"] == nil })) > 0,
		challenged:     len(live) == 0 && len(rejected) > 0,
		pending:        len(live) == 0 && len(waiting) > 0,
	}
}

func (s *service) participants(r row, answer row) {
	count := map[string]int{}
	for _, p := range s.of["participant_profiles"][text(answer["id"])] {
		teacher := s.rows["teacher_profiles"][text(p["teacher_profile_id"])]
		if answer != nil && p["status"] == "active" && s.rows["users"][text(teacher["user_id"])] != nil {
			count[text(p["type"])]++
		}
	}
	ects, mentors := count["ParticipantProfile::ECT"], count["ParticipantProfile::Mentor"]
	r["active_ects"], r["active_mentors"], r["active_participants"] = ects, mentors, ects+mentors > 0
	training := map[string]bool{}
	if answer != nil {
		for _, programme := range s.of["induction_programmes"][text(answer["id"])] {
			for _, record := range s.of["induction_records"][text(programme["id"])] {
				if s.isCurrent(record) {
					training[text(record["participant_profile_id"])] = true
				}
			}
		}
	}
	r["current_participants"] = len(training)
}

func (s *service) isCurrent(record row) bool {
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
func stage(r row, p situation) {
	choice := text(r["induction_programme_choice"])
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

func raisedFlags(r row, p situation, answer row, failed, hasAddress bool) []string {
	choice := text(r["induction_programme_choice"])
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
