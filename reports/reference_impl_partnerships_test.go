package reports_test

import (
	"cmp"
	"cpd-jobs/internal/testing/reporttest"
	"slices"
)

func unchallenged(p reporttest.Row) bool {
	return p["challenged_at"] == nil && p["challenge_reason"] == nil
}
func active(p reporttest.Row) bool   { return unchallenged(p) && p["pending"] != true }
func relation(p reporttest.Row) bool { return p["relationship"] == true }

// anyPartnership fills in the columns that the original has, by the reference partnership.
func (s *service) anyPartnership(r reporttest.Row, id string) {
	order := func(a, b reporttest.Row) int {
		for _, question := range []func(reporttest.Row) bool{s.ofCohort, func(p reporttest.Row) bool { return !relation(p) }} {
			if question(a) != question(b) {
				if question(a) {
					return -1
				}
				return 1
			}
		}
		year := func(p reporttest.Row) any { return s.rows["cohorts"][reporttest.Text(p["cohort_id"])]["start_year"] }
		return cmp.Or(descending(year(a), year(b)), descending(a["created_at"], b["created_at"]), cmp.Compare(reporttest.Text(a["id"]), reporttest.Text(b["id"])))
	}
	all := slices.SortedFunc(slices.Values(s.of["partnerships"][id]), order)
	var reference reporttest.Row
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
	r["lead_provider"] = s.rows["lead_providers"][reporttest.Text(reference["lead_provider_id"])]["name"]
	partner := s.rows["delivery_partners"][reporttest.Text(reference["delivery_partner_id"])]
	r["delivery_partner"] = nil
	if partner["discarded_at"] == nil {
		r["delivery_partner"] = partner["name"]
	}
}

// situation is how the school stands with partnerships of the cohort.
type situation struct{ active, activeRelation, withoutPartner, challenged, pending bool }

func (s *service) partnerships(r reporttest.Row, id string) situation {
	all := keep(s.of["partnerships"][id], s.ofCohort)
	own := keep(all, func(p reporttest.Row) bool { return !relation(p) })
	live := keep(own, active)
	rejected := keep(own, func(p reporttest.Row) bool { return !unchallenged(p) })
	waiting := keep(own, func(p reporttest.Row) bool { return unchallenged(p) && !active(p) })
	best := latest(live, "created_at")
	r["cohort_in_partnership"] = len(live) > 0
	r["cohort_partnership_time"] = shown(best["created_at"])
	r["cohort_lead_provider"] = s.rows["lead_providers"][reporttest.Text(best["lead_provider_id"])]["name"]
	r["cohort_delivery_partner"] = s.rows["delivery_partners"][reporttest.Text(best["delivery_partner_id"])]["name"]
	r["cohort_challenge_reason"], r["cohort_challenge_time"] = nil, nil
	if len(live) == 0 {
		last := latest(rejected, "challenged_at", "created_at")
		r["cohort_challenge_reason"], r["cohort_challenge_time"] = last["challenge_reason"], shown(last["challenged_at"])
	}
	r["cohort_partnership_pending"] = len(live) == 0 && len(waiting) > 0
	return situation{
		active:         len(live) > 0,
		activeRelation: len(keep(all, func(p reporttest.Row) bool { return relation(p) && active(p) })) > 0,
		withoutPartner: len(keep(live, func(p reporttest.Row) bool { return p["delivery_partner_id"] == nil })) > 0,
		challenged:     len(live) == 0 && len(rejected) > 0,
		pending:        len(live) == 0 && len(waiting) > 0,
	}
}
