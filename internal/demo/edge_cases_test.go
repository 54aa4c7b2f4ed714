package demo_test

import (
	"strings"
	"testing"
	"time"
)

// shapes say by SQL what each edge case is: about the school s and the current cohort's year y. The helpers in
// braces stand for the school's rows of a table; partnerships have their cohort's year as year.
var shapes = map[string]string{
	"P01": `s.school_type_code = 1 AND s.school_status_code = 1 AND s.administrative_district_code = 'E09000007'`,
	"P02": `s.school_status_code = 3`,
	"P03": `s.school_status_code = 2`,
	"P04": `s.school_status_code = 4`,
	"P05": `s.school_type_code = 11 AND NOT s.section_41_approved`,
	"P06": `s.school_type_code = 10 AND s.section_41_approved`,
	"P07": `s.school_type_code = 30 AND s.administrative_district_code = 'W06000015'`,
	"P08": `s.school_type_code = 37 AND s.administrative_district_code = '9999'`,
	"P09": `s.school_type_code = 56`,
	"P10": `s.school_type_code = 24`,
	"P11": `s.school_type_code = 57`,
	"P12": `s.school_type_code = 47`,
	"P13": `s.administrative_district_code = '9999' AND s.administrative_district_name IS NULL`,
	"P14": `s.administrative_district_code IS NULL`,
	"P15": `s.school_type_code = 1 AND s.administrative_district_code = 'W06000015'`,
	"P16": `s.school_type_code = 27 AND s.section_41_approved`,
	"P17": `s.administrative_district_code = 'e09000007'`,
	"P18": `s.school_type_code = 10 AND s.section_41_approved AND s.administrative_district_code LIKE 'W%'`,
	"P19": `s.school_status_code = 1 AND s.school_status_name = 'Opened'`,
	"P20": `s.school_type_code IS NULL`,
	"N01": `(SELECT array_agg(opened_at IS NULL ORDER BY created_at) FROM {emails}) = '{f,t}'`,
	"N02": `(SELECT array_agg(opened_at IS NULL ORDER BY created_at) FROM {emails}) = '{t,f}'`,
	"N03": `(SELECT array_agg(opened_at IS NULL ORDER BY id) FROM {emails}) = '{f,t}' AND (SELECT count(DISTINCT created_at) FROM {emails}) = 1`,
	"N04": `(SELECT count(*) FROM {emails} AND sent_at IS NOT NULL AND opened_at IS NULL AND notify_status = 'delivered') = 1`,
	"N05": `(SELECT array_agg(notify_status) FROM {emails}) = '{permanent-failure}'`,
	"N06": `(SELECT count(*) FROM {emails} AND sent_at IS NULL) = 1`,
	"T01": `(SELECT count(*) FROM {tutors} AND u.created_at < l.created_at - interval '2 years' AND current_sign_in_at IS NULL) = 1`,
	"T02": `(SELECT count(*) FROM {tutors} AND current_sign_in_at IS NOT NULL) = 1`,
	"T03": `(SELECT array_agg(current_sign_in_at IS NULL ORDER BY l.created_at) FROM {tutors}) = '{f,t}'`,
	"T04": `(SELECT count(*) FROM induction_coordinator_profiles_schools o WHERE o.induction_coordinator_profile_id IN
		(SELECT l.induction_coordinator_profile_id FROM {tutors} AND current_sign_in_at IS NOT NULL)) = 2`,
	"T05": `(SELECT count(*) FROM {tutors} AND p.discarded_at IS NOT NULL AND current_sign_in_at IS NOT NULL) = 1`,
	"G01": `(SELECT choice FROM {choice}) = 'full_induction_programme' AND NOT EXISTS (FROM {partnerships})`,
	"G02": `NOT EXISTS (FROM {choice}) AND EXISTS (FROM {before} AND choice = 'core_induction_programme' AND materials IS NOT NULL)`,
	"G03": `EXISTS (FROM {choice} AND choice = 'core_induction_programme' AND materials IS NOT NULL)`,
	"G04": `EXISTS (FROM {choice} AND choice = 'full_induction_programme' AND materials IS NOT NULL)`,
	"G05": `EXISTS (FROM {choice} AND choice = 'no_early_career_teachers' AND opt_out)`,
	"G06": `EXISTS (FROM {choice} AND choice = 'not_yet_known') AND EXISTS (FROM {tutors} AND current_sign_in_at IS NOT NULL)`,
	"G07": `EXISTS (FROM {choice} AND choice = 'design_our_own' AND opt_out)`,
	"K01": `EXISTS (FROM {choice} AND choice = 'full_induction_programme') AND EXISTS (FROM {before} AND choice = 'core_induction_programme')`,
	"K06": `EXISTS (FROM {choice} AND choice = 'full_induction_programme') AND EXISTS (FROM {after} AND choice = 'core_induction_programme')`,
	"R01": `(SELECT array_agg(status) FROM {partnerships} AND year = y) = '{active}'`,
	"R02": `(SELECT array_agg(y - year) FROM {partnerships} AND status = 'active') = '{1}' AND NOT EXISTS (FROM {choice})`,
	"R03": `(SELECT array_agg(y - year ORDER BY year) FROM {partnerships} AND status = 'active') = '{1,0}'`,
	"R04": `(SELECT array_agg(status) FROM {partnerships} AND year = y AND challenge_reason = 'another_provider') = '{challenged}'`,
	"R05": `(SELECT array_agg(status ORDER BY made) FROM {partnerships} AND year = y) = '{challenged,active}'`,
	"R06": `(SELECT array_agg(status) FROM {partnerships}) = '{pending}'`,
	"R07": `EXISTS (FROM {partnerships} AND challenge_reason = 'mistake' AND challenged_at IS NULL)`,
	"R08": `(SELECT array_agg(relationship) FROM {partnerships}) = '{t}'`,
	"R09": `(SELECT array_agg(relationship ORDER BY made) FROM {partnerships} AND status = 'active') = '{f,t}'`,
	"R10": `(SELECT array_agg(status || coalesce(partner, '') ORDER BY made) FROM {partnerships}) = '{active,"challengedAlder South Teaching School Hub"}'`,
	"R11": `EXISTS (FROM {partnerships} AND status = 'active' AND discarded_at IS NOT NULL)`,
	"R12": `(SELECT count(*) FROM {partnerships} AND status = 'active' AND NOT relationship AND year = y) = 2`,
	"R13": `(SELECT array_agg(challenge_reason ORDER BY year) FROM {partnerships}) = '{not_confirmed,do_not_recognise}'`,
	"R14": `EXISTS (FROM {choice} AND choice = 'no_early_career_teachers') AND EXISTS (FROM {partnerships} AND challenge_reason = 'no_ects')`,
	"R15": `(SELECT array_agg(status) FROM {partnerships} AND year = y AND made < (SELECT as_of FROM clock) - interval '100 days') = '{active}'`,
	"R16": `EXISTS (FROM {choice} AND choice = 'core_induction_programme') AND EXISTS (FROM {partnerships} AND status = 'active')`,
	"R17": `(SELECT array_agg(year - y) FROM {partnerships} AND status = 'active') = '{1}'`,
	"R18": `(SELECT array_agg(challenge_reason ORDER BY made) FROM {partnerships} AND year = y AND status = 'challenged') = '{another_provider,mistake}'`,
	"A01": `(SELECT array_agg(type) FROM {people} AND year = y AND status = 'active' AND teacher_profile_id IS NOT NULL) = '{ParticipantProfile::ECT}'`,
	"A02": `(SELECT array_agg(status) FROM {people} AND year = y) = '{withdrawn}'`,
	"A03": `(SELECT array_agg(y - year) FROM {people} AND status = 'active') = '{1}' AND EXISTS (FROM {choice})`,
	"A04": `(SELECT array_agg(type) FROM {people} AND year = y) = '{ParticipantProfile::Mentor}'`,
	"A05": `(SELECT array_agg(type) FROM {people} AND year = y) = '{ParticipantProfile::NPQ}'`,
	"A06": `(SELECT array_agg(status || training_status) FROM {people} AND year = y) = '{activewithdrawn}'`,
	"A07": `(SELECT count(*) FROM {people} AND teacher_profile_id IS NULL) = 1`,
	"A08": `EXISTS (FROM {choice} AND choice = 'no_early_career_teachers') AND EXISTS (FROM {people} AND status = 'active')`,
	"A09": `(SELECT array_agg(status) FROM {partnerships}) = '{challenged}' AND EXISTS (FROM {people} AND status = 'active')`,
	"U01": `(SELECT array_agg(pupil_premium_incentive) FROM {premiums} AND start_year = y) = '{t}'`,
	"U02": `(SELECT array_agg(y - start_year) FROM {premiums} AND pupil_premium_incentive) = '{1}'`,
	"U03": `(SELECT array_agg(pupil_premium_incentive OR sparsity_incentive) FROM {premiums} AND start_year = y) = '{f}'`,
	"U04": `(SELECT array_agg(pupil_premium_incentive ORDER BY pupil_premium_incentive) FROM {premiums} AND start_year = y) = '{f,t}'`,
	"U05": `(SELECT array_agg(spell) FROM {districts} AND current) = '{open}'`,
	"U06": `(SELECT array_agg(spell) FROM {districts} AND current) = '{"ends 0"}'`,
	"U07": `(SELECT array_agg(spell) FROM {districts} AND current) = '{"ends 1"}'`,
	"U08": `(SELECT array_agg(spell) FROM {districts} AND current) = '{later}'`,
	"U09": `(SELECT array_agg(code <> s.administrative_district_code AND spell IS NULL) FROM {districts}) = '{t}'
		AND EXISTS (SELECT FROM spells WHERE code = s.administrative_district_code)`,
	"U10": `(SELECT array_agg(current) FROM {districts} AND spell = 'open') = '{f}'`,
	"U11": `(SELECT array_agg(spell ORDER BY start_year) FROM {districts} AND current) = '{NULL,open}'`,
	"U12": `(SELECT array_agg(sparsity_incentive) FROM {premiums} AND start_year = y) = '{t}'`,
	"U13": `(SELECT array_agg(spell IS NULL AND district = 'Fell and Dale') FROM {districts} AND current) = '{t}' AND EXISTS (SELECT FROM spells WHERE district = 'Oldfell')`,
	"F01": `EXISTS (FROM {emails} AND opened_at IS NOT NULL) AND EXISTS (FROM {tutors}) AND EXISTS (FROM {choice}) AND EXISTS (FROM {partnerships}) AND EXISTS (FROM {people})`,
	"F02": `EXISTS (FROM {partnerships}) AND NOT EXISTS (FROM {emails}) AND NOT EXISTS (FROM {tutors})`,
	"F03": `s.primary_contact_email IS NULL AND s.secondary_contact_email IS NULL`,
	"X01": `(SELECT count(*) FROM induction_coordinator_profiles_schools WHERE school_id = s.id) = 1 AND NOT EXISTS (FROM {tutors})`,
	"X02": `EXISTS (FROM {choice} AND body IS NOT NULL AND body NOT IN (SELECT id FROM appropriate_bodies))`,
	"X03": `trim(s.primary_contact_email) = '' AND s.primary_contact_email <> ''`,
	"X04": `(SELECT count(*) FROM school_local_authorities WHERE school_id = s.id AND end_year IS NULL) = 2`,
}

const shapeViews = `
CREATE VIEW clock AS SELECT current_setting('cpd_jobs.demo_clock')::timestamptz AT TIME ZONE 'UTC' AS as_of;
CREATE VIEW choices AS SELECT school_id, start_year AS year, induction_programme_choice AS choice, core_induction_programme_id AS materials,
	opt_out_of_updates AS opt_out, appropriate_body_id AS body, school_cohorts.id FROM school_cohorts JOIN cohorts ON cohorts.id = cohort_id;
CREATE VIEW pairs AS SELECT p.school_id, c.start_year AS year, p.created_at AS made, p.challenge_reason, p.challenged_at, p.relationship, d.name AS partner,
	d.discarded_at, CASE WHEN p.challenged_at IS NOT NULL OR p.challenge_reason IS NOT NULL THEN 'challenged' WHEN pending THEN 'pending' ELSE 'active' END AS status
	FROM partnerships p JOIN cohorts c ON c.id = p.cohort_id LEFT JOIN delivery_partners d ON d.id = p.delivery_partner_id;
CREATE VIEW spells AS SELECT d.id, code, d.name AS district, CASE WHEN start_year > (SELECT max(start_year) FROM cohorts WHERE academic_year_start_date <= (SELECT as_of FROM clock)) THEN 'later'
	WHEN end_year IS NULL THEN 'open' ELSE 'ends ' || end_year - (SELECT max(start_year) FROM cohorts WHERE academic_year_start_date <= (SELECT as_of FROM clock)) END AS spell
	FROM local_authority_districts d JOIN district_sparsities ON local_authority_district_id = d.id;
CREATE VIEW links AS SELECT l.school_id, d.code, d.name AS district, l.start_year, l.end_year IS NULL AS current, s.spell
	FROM school_local_authority_districts l JOIN local_authority_districts d ON d.id = l.local_authority_district_id LEFT JOIN spells s ON s.id = d.id;`

var shapeWords = strings.NewReplacer(
	"EXISTS (FROM", "EXISTS (SELECT FROM",
	"{emails}", "nomination_emails WHERE school_id = s.id",
	"{tutors}", `induction_coordinator_profiles_schools l JOIN induction_coordinator_profiles p ON p.id = l.induction_coordinator_profile_id
		JOIN users u ON u.id = p.user_id WHERE l.school_id = s.id`,
	"{choice}", "choices WHERE school_id = s.id AND year = y",
	"{before}", "choices WHERE school_id = s.id AND year = y - 1",
	"{after}", "choices WHERE school_id = s.id AND year = y + 1",
	"{partnerships}", "pairs WHERE school_id = s.id",
	"{people}", "participant_profiles JOIN choices ON choices.id = school_cohort_id WHERE choices.school_id = s.id",
	"{premiums}", "pupil_premiums WHERE school_id = s.id",
	"{districts}", "links WHERE school_id = s.id",
)

func TestEveryEdgeCaseIsThere(t *testing.T) {
	t.Parallel()
	o := small()
	o.AsOf = time.Date(2027, time.June, 1, 10, 0, 0, 0, time.UTC) // registration for the next cohort has opened
	m, db := made(t, o)
	if _, err := db.Exec(t.Context(), shapeViews); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range m.Cases {
		seen[c.ID] = true
		shape, ok := shapes[c.ID]
		if !ok {
			t.Errorf("%s (%s) has no shape to check", c.ID, c.Title)
			continue
		}
		sql := `SELECT coalesce(` + shapeWords.Replace(shape) + `, false) FROM schools s, (SELECT $2::int AS y) y WHERE urn = $1::int::text`
		if !value[bool](t, db, sql, c.URN, m.Cohort) {
			t.Errorf("%s (%s, URN %d) does not have its shape: %s", c.ID, c.Title, c.URN, shape)
		}
	}
	for id := range shapes {
		if !seen[id] {
			t.Errorf("no school carries case %s", id)
		}
	}
}

func TestCasesOfTheNextCohortWaitForIt(t *testing.T) {
	t.Parallel()
	m, _ := shared(t)
	for _, c := range m.Cases {
		if c.ID == "R17" || c.ID == "K06" {
			t.Errorf("%s is there in November, before the next cohort", c.ID)
		}
	}
	if len(m.Cases) < 86 {
		t.Errorf("got %d cases, want 86", len(m.Cases))
	}
}
