package demo

import "time"

// writeChecks writes what the checks of a participant's record found.
func (g *generator) writeChecks(d rng, x *profile) {
	if x.kind == npq || x.noTeacher {
		return
	}
	if d.chance(0.92) {
		g.writeEligibility(d, x)
	}
	if !d.chance(0.9) {
		return
	}
	b := g.row(validationData, g.id(validationData, x.plan.key, x.n), x.joined)
	b.UUID(x.id)
	b.Text("Demo Person " + x.number())
	b.Text(x.trn())
	b.Date(midnight(1900, time.January, 1))
	b.Bool(d.chance(0.01))
}

func (g *generator) writeEligibility(d rng, x *profile) {
	status := []string{"eligible", "matched", "manual_check", "ineligible"}[d.weighted(88, 3, 5, 4)]
	reason := "none"
	switch status {
	case "manual_check":
		reason = oneOf(d, []string{"active_flags", "no_qts", "different_trn", "no_induction", "previous_induction"})
	case "ineligible":
		reason = oneOf(d, []string{"previous_participation", "previous_induction", "duplicate_profile", "exempt_from_induction", "active_flags"})
	}
	b := g.row(eligibilities, g.id(eligibilities, x.plan.key, x.n), g.after(d, x.joined, 3))
	b.UUID(x.id)
	b.Text(status)
	b.Text(reason)
	b.Bool(status == "eligible" && d.chance(0.02))
	b.Bool(reason != "no_qts")
	b.Bool(reason == "active_flags")
	b.Bool(reason == "previous_participation")
	b.Bool(reason == "previous_induction")
}
