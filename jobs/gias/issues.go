package gias

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/jobs/gias/format"
)

const (
	// keptIssues is how many rejected rows, and how many values, are kept with their reasons; all are counted. A file with
	// more was let through a guard by a person who has looked at it.
	keptIssues = 10_000
	// keptDoubts of each reason: thousands of closed schools have no closing date.
	keptDoubts = 100
)

// issues collects what is wrong with a file.
type issues struct {
	kept    []format.Issue
	reasons map[format.Scope]map[string]int64
	scopes  map[format.Scope]int
	urns    map[string]struct{} // of rejected rows
}

func (x *issues) add(i format.Issue) {
	if x.reasons == nil {
		x.reasons = map[format.Scope]map[string]int64{}
		x.scopes = map[format.Scope]int{}
		x.urns = map[string]struct{}{}
	}
	if x.reasons[i.Scope] == nil {
		x.reasons[i.Scope] = map[string]int64{}
	}
	reason := strings.TrimSpace(i.Column + " " + i.Reason)
	x.reasons[i.Scope][reason]++
	if i.Scope == format.RowRejected && i.URN != "" {
		x.urns[i.URN] = struct{}{}
	}
	if i.Scope == format.Doubt && x.reasons[i.Scope][reason] > keptDoubts || x.scopes[i.Scope] >= keptIssues {
		return
	}
	x.scopes[i.Scope]++
	x.kept = append(x.kept, i)
}

// mostly names the commonest reasons, for a message.
func (x *issues) mostly(scope format.Scope) string {
	reasons := make([]counted, 0, len(x.reasons[scope]))
	for reason, n := range x.reasons[scope] {
		reasons = append(reasons, counted{reason, n})
	}
	slices.SortFunc(reasons, func(a, b counted) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.What, b.What))
	})
	var parts []string
	for _, r := range reasons[:min(3, len(reasons))] {
		parts = append(parts, fmt.Sprintf("%d: %s", r.Rows, r.What))
	}
	return strings.Join(parts, "; ")
}

// unread streams the URNs whose rows were rejected: they are in the file, so they are not gone.
func (x *issues) unread() pgx.CopyFromSource {
	urns := make([]string, 0, len(x.urns))
	for urn := range x.urns {
		urns = append(urns, urn)
	}
	return pgx.CopyFromSlice(len(urns), func(i int) ([]any, error) { return []any{urns[i]}, nil })
}
