package reports_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"slices"
	"strings"
	"time"
)

// service is the reference implementation: the CPD service's data at one moment, read row by row. With it the rules of
// the School onboarding report are followed a second time, school by school, the way that one would explain them: no
// SQL, no sets, nothing clever.
type service struct {
	asOf    time.Time
	regions map[string][2]string // code and name by local authority
	rows    map[string]map[string]reporttest.Row
	of      map[string]map[string][]reporttest.Row // by the row that they belong to
	cohort  reporttest.Row
}

// belongs says by which column a table's rows are looked up.
var belongs = map[string]string{
	"school_local_authorities": "school_id", "school_local_authority_districts": "school_id",
	"district_sparsities": "local_authority_district_id", "pupil_premiums": "school_id", "school_cohorts": "school_id",
	"partnerships": "school_id", "nomination_emails": "school_id", "induction_coordinator_profiles_schools": "school_id",
	"participant_profiles": "school_cohort_id", "induction_programmes": "school_cohort_id", "induction_records": "induction_programme_id",
}

func newService(source reporttest.Tables, asOf time.Time, regions map[string][2]string) *service {
	s := &service{asOf: asOf, regions: regions, rows: map[string]map[string]reporttest.Row{}, of: map[string]map[string][]reporttest.Row{}}
	for table, rows := range source {
		s.rows[table], s.of[table] = map[string]reporttest.Row{}, map[string][]reporttest.Row{}
		for _, r := range rows {
			s.rows[table][reporttest.Text(r["id"])] = r
			if column := belongs[table]; column != "" {
				owner := reporttest.Text(r[column])
				s.of[table][owner] = append(s.of[table][owner], r)
			}
		}
	}
	s.cohort = s.currentCohort()
	return s
}

func (s *service) currentCohort() reporttest.Row {
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
	var current []reporttest.Row
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

func eligibility(school reporttest.Row) string {
	status, known := number(school["school_status_code"])
	if !known || status != 1 && status != 3 {
		return ""
	}
	kind, hasKind := number(school["school_type_code"])
	district := reporttest.Text(school["administrative_district_code"])
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
func (s *service) report() map[string]reporttest.Row {
	all := map[string]reporttest.Row{}
	for _, school := range s.rows["schools"] {
		if e := eligibility(school); e != "" {
			all[reporttest.Text(school["urn"])] = s.school(school, e)
		}
	}
	return all
}

func (s *service) school(school reporttest.Row, eligibility string) reporttest.Row {
	r := reporttest.Row{"eligibility": eligibility, "cohort": s.cohort["start_year"], "as_of": s.asOf.Format(time.RFC3339Nano), "register_flags": []string{}}
	for _, same := range []string{
		"name", "urn", "school_type_name", "school_phase_type", "school_phase_name", "school_status_code", "postcode",
		"administrative_district_code", "administrative_district_name", "school_type_code", "section_41_approved", "ukprn",
	} {
		r[same] = school[same]
	}
	r["school_status_name"] = map[string]any{
		"Open": "open", "Closed": "closed", "Open, but proposed to close": "proposed_to_close", "Proposed to open": "proposed_to_open",
	}[reporttest.Text(school["school_status_name"])]
	id := reporttest.Text(school["id"])
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

func current(rows []reporttest.Row) reporttest.Row {
	return latest(keep(rows, func(l reporttest.Row) bool { return l["end_year"] == nil }), "start_year", "created_at")
}

func (s *service) place(r reporttest.Row, id string) {
	authority := s.rows["local_authorities"][reporttest.Text(current(s.of["school_local_authorities"][id])["local_authority_id"])]
	r["la_code"], r["la_name"] = authority["code"], authority["name"]
	r["region_code"], r["region_name"] = nil, "Unknown"
	if region, ok := s.regions[reporttest.Text(authority["code"])]; ok {
		r["region_code"], r["region_name"] = region[0], region[1]
	}
	year, _ := number(s.cohort["start_year"])
	r["sparsity"] = false
	for _, spell := range s.of["district_sparsities"][reporttest.Text(current(s.of["school_local_authority_districts"][id])["local_authority_district_id"])] {
		start, _ := number(spell["start_year"])
		end, ended := number(spell["end_year"])
		if start <= year && (!ended || end > year) {
			r["sparsity"] = true
		}
	}
}

func (s *service) uplifts(r reporttest.Row, id string) {
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
func (s *service) emails(r reporttest.Row, id string) (failed bool) {
	all := s.of["nomination_emails"][id]
	sent := keep(all, func(e reporttest.Row) bool { return e["sent_at"] != nil })
	opened := keep(all, func(e reporttest.Row) bool { return e["opened_at"] != nil })
	byTime := func(column string) func(a, b reporttest.Row) int {
		return func(a, b reporttest.Row) int { return -descending(a[column], b[column]) }
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
		if !strings.HasSuffix(reporttest.Text(e["notify_status"]), "-failure") {
			return false
		}
	}
	return len(sent) > 0 && len(opened) == 0
}

func (s *service) tutor(r reporttest.Row, id string) {
	user := func(link reporttest.Row) reporttest.Row {
		profile := s.rows["induction_coordinator_profiles"][reporttest.Text(link["induction_coordinator_profile_id"])]
		return s.rows["users"][reporttest.Text(profile["user_id"])]
	}
	link := latest(keep(s.of["induction_coordinator_profiles_schools"][id], func(l reporttest.Row) bool { return user(l) != nil }), "created_at")
	tutor := user(link)
	r["induction_tutor_nominated"] = link != nil
	r["tutor_linked_at"], r["tutor_nominated_time"] = shown(link["created_at"]), shown(tutor["created_at"])
	signedIn := tutor["current_sign_in_at"] != nil
	r["tutor_signed_in"], r["induction_tutor_signed_in"] = signedIn, nil
	if signedIn {
		r["induction_tutor_signed_in"] = true
	}
}

func (s *service) ofCohort(r reporttest.Row) bool { return r["cohort_id"] == s.cohort["id"] }

var programmes = []string{"full_induction_programme", "core_induction_programme", "design_our_own", "school_funded_fip"}

// answer fills in what the school chose for the cohort, and returns the row that says it.
func (s *service) answer(r reporttest.Row, id string) reporttest.Row {
	answer := latest(keep(s.of["school_cohorts"][id], s.ofCohort))
	r["induction_programme_choice"] = answer["induction_programme_choice"]
	r["opt_out_of_updates"] = answer["opt_out_of_updates"]
	r["chosen_cip"] = s.rows["core_induction_programmes"][reporttest.Text(answer["core_induction_programme_id"])]["name"]
	r["appropriate_body"] = s.rows["appropriate_bodies"][reporttest.Text(answer["appropriate_body_id"])]["name"]
	r["programme_chosen_at"] = nil
	if slices.Contains(programmes, reporttest.Text(answer["induction_programme_choice"])) {
		r["programme_chosen_at"] = shown(answer["created_at"])
	}
	return answer
}
