package demo

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/demo/pgcopy"
	"cpd-jobs/internal/pgtest"
)

// walk goes through the schools of a source without a database.
func walk(t *testing.T, o Options, see func(g *generator, p *plan) error) *generator {
	t.Helper()
	o, err := o.checked()
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWorld(o)
	if err != nil {
		t.Fatal(err)
	}
	g := newGenerator(w, func(_ tableID, b *pgcopy.Buffer) (*pgcopy.Buffer, error) {
		b.Reset()
		return b, nil
	})
	err = g.eachSchool(func(s School) error {
		return see(g, g.plan(s))
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestEveryAuthorityAndPhaseGetsEveryStage(t *testing.T) {
	t.Parallel()
	authorities, phases := map[string]map[stage]int{}, map[string]map[stage]int{}
	var all [stageCount]int
	reported := 0
	count := func(m map[string]map[stage]int, key string, s stage) {
		if m[key] == nil {
			m[key] = map[stage]int{}
		}
		m[key][s]++
	}
	national := Options{Seed: DefaultSeed, AsOf: time.Date(2026, time.November, 22, 6, 10, 0, 0, time.UTC)}
	walk(t, national, func(_ *generator, p *plan) error {
		if !p.inPopulation() || p.edgeCase {
			return nil
		}
		reported++
		all[p.stage]++
		count(phases, p.PhaseName, p.stage)
		if p.inEngland() && p.LACode != "000" {
			count(authorities, p.LACode, p.stage)
		}
		return nil
	})
	if len(authorities) != 153 {
		t.Errorf("got %d local authorities, want England's 153", len(authorities))
	}
	for where, stages := range phases {
		if len(stages) != int(stageCount) {
			t.Errorf("phase %s: got stages %v, want all %d", where, stages, stageCount)
		}
	}
	for where, stages := range authorities {
		if len(stages) != int(stageCount) {
			t.Errorf("authority %s: got stages %v, want all %d", where, stages, stageCount)
		}
	}
	for s, n := range all {
		if share := 100 * float64(n) / float64(reported); share < 3 || share > 50 {
			t.Errorf("stage %s: got %.1f %% of schools, want between 3 and 50", stageNames[s], share)
		}
	}
}

// A quarter of the nation has a quarter of the nation's rows: the race detector makes writing all of them take long.
func TestRowsOfAQuarter(t *testing.T) {
	t.Parallel()
	quarter := Options{Schools: DefaultSchools / 4, Seed: DefaultSeed, AsOf: time.Date(2026, time.November, 22, 6, 10, 0, 0, time.UTC)}
	g := walk(t, quarter, func(g *generator, p *plan) error {
		g.write(p)
		return g.flush(false)
	})
	for _, want := range []struct {
		table    tableID
		from, to int64
	}{
		{schools, DefaultSchools / 4, DefaultSchools / 4}, {participantProfiles, 250000 / 4, 265000 / 4}, {inductionRecords, 500000 / 4, 530000 / 4},
	} {
		if got := g.rows[want.table]; got < want.from || got > want.to {
			t.Errorf("%s: got %d rows, want from %d to %d", tables[want.table].name, got, want.from, want.to)
		}
	}
}

// stageSQL works a school's stage out of the tables alone, by the report's rules.
const stageSQL = `
WITH c AS (SELECT id FROM cohorts WHERE start_year = $1),
facts AS (
	SELECT s.urn::int AS urn,
		(SELECT induction_programme_choice FROM school_cohorts WHERE school_id = s.id AND cohort_id IN (TABLE c)) AS choice,
		EXISTS (SELECT FROM participant_profiles p JOIN school_cohorts sc ON sc.id = p.school_cohort_id
			WHERE sc.school_id = s.id AND sc.cohort_id IN (TABLE c) AND p.status = 'active' AND p.teacher_profile_id IS NOT NULL
			AND p.type IN ('ParticipantProfile::ECT', 'ParticipantProfile::Mentor')) AS people,
		(SELECT bool_or(challenged_at IS NULL AND challenge_reason IS NULL AND NOT pending) FROM partnerships
			WHERE school_id = s.id AND cohort_id IN (TABLE c) AND NOT relationship) AS partnered,
		(SELECT bool_or(challenged_at IS NOT NULL OR challenge_reason IS NOT NULL) FROM partnerships
			WHERE school_id = s.id AND cohort_id IN (TABLE c) AND NOT relationship) AS challenged,
		(SELECT current_sign_in_at IS NOT NULL FROM induction_coordinator_profiles_schools l
			JOIN induction_coordinator_profiles p ON p.id = l.induction_coordinator_profile_id JOIN users u ON u.id = p.user_id
			WHERE l.school_id = s.id ORDER BY l.created_at DESC, l.id LIMIT 1) AS signed_in,
		(SELECT bool_or(opened_at IS NOT NULL) FROM nomination_emails WHERE school_id = s.id) AS opened,
		(SELECT bool_or(sent_at IS NOT NULL) FROM nomination_emails WHERE school_id = s.id) AS sent
	FROM schools s
)
SELECT urn, CASE
	WHEN people THEN 'participants_registered'
	WHEN choice = 'no_early_career_teachers' THEN 'no_ects'
	WHEN choice IN ('core_induction_programme', 'design_our_own', 'school_funded_fip') OR partnered THEN 'provision_in_place'
	WHEN challenged THEN 'partnership_challenged'
	WHEN choice = 'full_induction_programme' THEN 'programme_chosen'
	WHEN signed_in THEN 'tutor_signed_in'
	WHEN signed_in IS NOT NULL THEN 'tutor_nominated'
	WHEN opened THEN 'email_opened'
	WHEN sent THEN 'contacted'
	ELSE 'not_contacted' END
FROM facts`

func TestRowsLeadToTheAssignedStage(t *testing.T) {
	t.Parallel()
	o := Options{Schools: 2000, Seed: 11, AsOf: time.Date(2024, time.March, 1, 12, 0, 0, 0, time.UTC)}
	url := pgtest.NewEmpty(t)
	if _, err := Source(t.Context(), url, o); err != nil {
		t.Fatal(err)
	}
	assigned := map[int]string{}
	walk(t, o, func(_ *generator, p *plan) error {
		if p.inPopulation() && !p.edgeCase {
			assigned[p.URN] = stageNames[p.stage]
		}
		return nil
	})
	rows, _ := pgtest.Connect(t, url).Query(t.Context(), stageSQL, 2023)
	var urn, checked int
	var got string
	_, err := pgx.ForEachRow(rows, []any{&urn, &got}, func() error {
		if want, ok := assigned[urn]; ok {
			checked++
			if got != want {
				t.Errorf("URN %d: its rows say %s, dealt was %s", urn, got, want)
			}
		}
		return nil
	})
	if err != nil || checked != len(assigned) || checked < 1800 {
		t.Errorf("checked %d of %d schools, error %v", checked, len(assigned), err)
	}
}
