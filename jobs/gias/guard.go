package gias

import (
	"fmt"
	"strings"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/gias/format"
)

const (
	// maxLoss is the share of what is here that may go or close in one sync. In seven real weeks 0.4 % of the open schools
	// closed; at once they go only when a file is broken.
	maxLoss = 0.02
	// maxRejectShare is the share of a file's rows that may be rejected, and fewRejects how many pass whatever their share.
	maxRejectShare = 0.01
	fewRejects     = 20
)

// breach is a guard that says no.
type breach struct{ guard, reason string }

// guardRejects stops a file with too many bad rows, before anything is compared.
func (s *sync) guardRejects() error {
	var found []breach
	for _, p := range s.parts {
		if tooManyRejects(p.summary.Read, p.summary.Rejected) {
			found = append(found, breach{Rejects, fmt.Sprintf("%d of %d rows of %s were rejected (%s)",
				p.summary.Rejected, p.summary.Read, p.file.Name, p.issues.mostly(format.RowRejected))})
		}
	}
	return s.refuse(found)
}

// guardDifferences stops a delivery that would lose or close too much, before anything is written.
func (s *sync) guardDifferences() error {
	var found []breach
	for _, p := range s.parts {
		if tooManyLost(p.live, p.summary.Gone) {
			found = append(found, breach{Shrink, fmt.Sprintf("%d of %d %s are gone from %s", p.summary.Gone, p.live, p.table.Part, p.file.Name)})
		}
		if closed := s.summary.Events["closed"]; p.Kept() && tooManyLost(p.liveOpen, closed) {
			found = append(found, breach{Closures, fmt.Sprintf("%d of %d establishments that were not closed are closed in %s", closed, p.liveOpen, p.file.Name)})
		}
	}
	return s.refuse(found)
}

func tooManyRejects(read, rejected int64) bool {
	return rejected > fewRejects && float64(rejected) > maxRejectShare*float64(read) || read > 0 && rejected == read
}

func tooManyLost(before, lost int64) bool {
	return float64(lost) > maxLoss*float64(before)
}

// refuse makes one error of the breaches that this run is not allowed.
func (s *sync) refuse(found []breach) error {
	var reasons, guards []string
	for _, b := range found {
		if s.args.Allow.has(b.guard) {
			s.run.Log().Warn("a guard was passed because the job allows it", "guard", b.guard, "reason", b.reason)
			continue
		}
		reasons = append(reasons, b.reason)
		if !strings.Contains(strings.Join(guards, ","), b.guard) {
			guards = append(guards, b.guard)
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	return run.Blocked(
		fmt.Sprintf("if that is right, allow it once with --arg allow=%s", strings.Join(guards, ",")),
		"nothing was changed: %s", strings.Join(reasons, "; "))
}
