package schedule

import (
	"strings"
	"time"

	"cpd-jobs/queue/cron"
)

func (r *reader) checkName(e *entry) {
	switch {
	case !e.has("name"):
		r.problem(e.node, "name is missing")
	case e.schedule.Name != "" && !nameForm.MatchString(e.schedule.Name):
		r.problem(e.at["name"], "name %q must be 1 to 63 of a-z, 0-9, _ and -, a letter or digit first", e.schedule.Name)
	}
}

func (r *reader) checkTimes(e *entry) {
	switch {
	case e.has("cron") && e.has("after"):
		r.problem(e.at["cron"], "cron and after exclude each other: a schedule follows the clock or a job")
	case e.has("after"):
		r.checkFollower(e)
		return
	case !e.has("cron"):
		r.problem(e.node, "cron or after is missing")
	}
	zone, err := Zone(e.schedule.Timezone)
	if err != nil {
		if e.schedule.Timezone != "" {
			r.problem(e.at["timezone"], "%s", err)
		}
		zone = time.UTC // the expression is checked all the same
	}
	if e.schedule.Cron == "" {
		return
	}
	spec, cronErr := cron.Parse(e.schedule.Cron, zone, e.schedule.Seconds)
	if cronErr != nil {
		r.problem(e.at["cron"], "cron %q: %s", e.schedule.Cron, cronReason(e.schedule, cronErr))
	}
	if err == nil && cronErr == nil {
		r.warnTimes(e, spec)
	}
}

// cronReason takes what only a programmer would read out of the library's message.
func cronReason(s Schedule, err error) string {
	reason, _, _ := strings.Cut(err.Error(), ": strconv.")
	if !s.Seconds && len(strings.Fields(s.Cron)) == 6 && !strings.Contains(s.Cron, "TZ=") {
		reason += "; six need seconds: true"
	}
	return reason
}

// checkFollower points out keys that are about ticks, which a schedule that follows a job has none of.
func (r *reader) checkFollower(e *entry) {
	for _, key := range []string{"timezone", "seconds", "catch_up", "overlap", "jitter"} {
		if e.has(key) {
			r.warn(e.at[key], "%s has no effect where after is given", key)
		}
	}
}

// aYear is how far ahead clock changes are looked for: both of the next ones are in it.
const aYear = 396 * 24 * time.Hour

func (r *reader) warnTimes(e *entry, spec cron.Spec) {
	s := e.schedule
	if spec.EitherDay() {
		r.warn(e.at["cron"], "cron %q restricts the day of month and the day of week: it runs on either, not on both", s.Cron)
	}
	seen := map[ChangeKind]bool{} // the first of each kind: the next ones are alike
	for _, moved := range clockChanges(s, spec, r.now, r.now.Add(aYear)) {
		if !seen[moved.Change.Kind] {
			r.warn(e.at["cron"], "cron %q meets a change of the clocks: %s", s.Cron, moved.Change)
		}
		seen[moved.Change.Kind] = true
	}
	if first := spec.Next(r.now); !first.IsZero() && s.Jitter > 0 {
		if next := spec.Next(first); !next.IsZero() && time.Duration(s.Jitter) >= next.Sub(first) {
			r.warn(e.at["jitter"], "jitter %s is not shorter than the time between two ticks: runs may start out of order", s.Jitter)
		}
	}
	if s.Overlap == CancelRunning && s.CatchUp.Policy == All {
		r.warn(e.at["overlap"], "overlap cancel_running leaves only the newest of the ticks that catch_up all makes up")
	}
}

func (r *reader) checkKind(e *entry) {
	s := &e.schedule
	if s.After != nil && s.After.Kind != "" {
		if _, err := r.kinds(s.After.Kind); err != nil {
			r.problem(e.at["after"], "after: %s", err)
		}
	}
	if s.Kind == "" {
		if !e.has("kind") {
			r.problem(e.node, "kind is missing")
		}
		return
	}
	kind, err := r.kinds(s.Kind)
	if err != nil {
		r.problem(e.at["kind"], "%s", err)
		return
	}
	before := len(r.problems)
	raw := r.args(kind, e.at["args"])
	if len(r.problems) > before {
		return
	}
	checked, err := kind.Check(raw)
	if err != nil {
		r.problem(e.where("args"), "%s", err)
		return
	}
	s.Args = checked
}
