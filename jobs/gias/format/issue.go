package format

import (
	"regexp"

	"cpd-jobs/internal/source"
)

// Scope says how much of a row an issue costs.
type Scope string

const (
	// RowRejected rows are not used.
	RowRejected Scope = "row"
	// ValueLeftOut values are taken for missing; the rest of their row is used.
	ValueLeftOut Scope = "value"
	// Doubt leaves everything as it is.
	Doubt Scope = "doubt"
)

// Issue is one thing that is wrong with a file.
type Issue struct {
	Scope  Scope
	Line   int
	URN    string // "" where it cannot be read
	Column string // the register's heading; "" where the whole row is meant
	Reason string
	Value  string // cut to 100 characters, "" for e-mail addresses and for values that are too long
}

// reject reports the current row and is false, for its caller to return.
func (r *Reader) reject(at int, reason string, value []byte) bool {
	r.report(RowRejected, at, reason, value)
	return false
}

func (r *Reader) leaveOut(at int, reason string, value []byte) {
	r.counts.Values++
	r.report(ValueLeftOut, at, reason, value)
}

func (r *Reader) doubt(at int, reason string) {
	r.counts.Doubts++
	r.report(Doubt, at, reason, r.row.Values[at])
}

// spoiltText points out a text that another program has spoilt. It is kept.
func (r *Reader) spoiltText(at int, text []byte) {
	what := spoilt(text)
	if what == "" {
		return
	}
	r.counts.Doubts++
	if r.OnIssue != nil {
		r.OnIssue(Issue{
			Scope: Doubt, Line: r.row.Line, URN: string(r.row.Values[atURN]), Column: r.table.Columns[at].Heading, Reason: what,
			Value: r.showable(at, string(text)),
		})
	}
}

func (r *Reader) report(s Scope, at int, reason string, value []byte) {
	if r.OnIssue == nil {
		return
	}
	i := Issue{Scope: s, Line: r.row.Line, URN: string(r.row.Values[atURN]), Reason: reason}
	if at >= 0 {
		i.Column = r.table.Columns[at].Heading
		i.Value = r.shown(at, value)
	}
	r.OnIssue(i)
}

func (r *Reader) shown(at int, value []byte) string {
	if len(value) > maxShown {
		return ""
	}
	decoded, _ := r.in.File.Encoding.Decode(nil, value)
	return r.showable(at, string(decoded))
}

// maxShown is the length of values beyond which none of it is shown.
const maxShown = 2000

func (r *Reader) showable(at int, text string) string {
	if r.table.Columns[at].Form == Email || HoldsAddress(text) {
		return ""
	}
	return source.Showable(text)
}

var address = regexp.MustCompile(`[^\s@]@[^\s@]+\.[^\s@]`)

// HoldsAddress says that there is an e-mail address in a value, which may name a person: some stand where a website
// should, and in a row with too few fields they move to any column.
func HoldsAddress(value string) bool { return address.MatchString(value) }
