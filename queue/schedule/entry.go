package schedule

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"cpd-jobs/internal/run"
	"cpd-jobs/queue/cron"
)

// London is where schedules tick that do not name a zone.
const London = "Europe/London"

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// schedule reads an entry of the list and says which keys were given.
func (r *reader) schedule(entry field) (Schedule, map[string]field) {
	s := Schedule{Timezone: London, Args: json.RawMessage("{}"), CatchUp: CatchUp{Policy: Latest}, Overlap: Skip}
	given := r.fields(entry, "a schedule")
	if given == nil {
		return s, nil
	}
	r.current, _ = scalar(given["name"].value) // before the rest, so that every problem can name its schedule
	r.set(given, map[string]any{
		"name": plain(&s.Name), "cron": plain(&s.Cron), "timezone": plain(&s.Timezone), "kind": plain(&s.Kind),
		"seconds": truth(&s.Seconds), "paused": truth(&s.Paused),
		"jitter": duration(&s.Jitter), "deadline": duration(&s.Deadline),
		"overlap":  oneOf(&s.Overlap, string(Skip), string(Queue), string(CancelRunning)),
		"catch_up": func(f field) { r.catchUp(f, &s.CatchUp) },
		"after":    func(f field) { s.After = r.after(f) },
		"args":     func(field) {}, // below: the kind must be known
	})
	for _, key := range []string{"name", "kind"} {
		if _, has := given[key]; !has {
			r.problem(entry.line, "%s is missing", key)
		}
	}
	if s.Name != "" && !nameForm.MatchString(s.Name) {
		r.problem(given["name"].line, "name %q must be 1 to 63 of a-z, 0-9, _ and -, a letter or digit first", s.Name)
	}
	r.checkTimes(s, entry, given)
	if s.Kind != "" {
		if kind, err := r.kinds(s.Kind); err != nil {
			r.problem(given["kind"].line, "%s", err)
		} else if args, has := given["args"]; has && args.value != nil {
			s.Args = r.args(kind, args)
		} else if s.Args, err = kind.Check(s.Args); err != nil {
			r.problem(entry.line, "%s", err)
		}
	}
	return s, given
}

func (r *reader) catchUp(f field, c *CatchUp) {
	given := r.fields(f, "catch_up")
	r.set(given, map[string]any{
		"policy":  oneOf(&c.Policy, string(None), string(Latest), string(All)),
		"max_age": duration(&c.MaxAge), "max_count": whole(&c.MaxCount, 1, 100_000),
	})
	if _, has := given["max_count"]; has && c.Policy != All {
		r.warn(f.line, "max_count has no effect under catch_up policy %s", c.Policy)
	}
	if _, has := given["max_age"]; has && c.Policy == None {
		r.warn(f.line, "max_age has no effect under catch_up policy none")
	}
}

func (r *reader) after(f field) *After {
	a := &After{When: Always}
	given := r.fields(f, "after")
	r.set(given, map[string]any{"kind": plain(&a.Kind), "when": oneOf(&a.When, string(Always), string(Changed))})
	if _, has := given["kind"]; given != nil && !has {
		r.problem(f.line, "after: kind is missing: the kind of job to follow")
	}
	if a.Kind != "" {
		if _, err := r.kinds(a.Kind); err != nil {
			r.problem(f.line, "after: %s", err)
		}
	}
	return a
}

// checkTimes checks that a schedule follows either the clock or a job, and an expression in its zone.
func (r *reader) checkTimes(s Schedule, entry field, given map[string]field) {
	expression, clock := given["cron"]
	_, follows := given["after"]
	if clock && follows {
		r.problem(expression.line, "cron and after exclude each other: a schedule follows the clock or a job")
	} else if !clock && !follows {
		r.problem(entry.line, "cron or after is missing")
	}
	if follows && !clock { // keys about ticks
		for _, key := range []string{"timezone", "seconds", "catch_up", "overlap", "jitter"} {
			if f, has := given[key]; has {
				r.warn(f.line, "%s has no effect where after is given", key)
			}
		}
		return
	}
	zone, zoneErr := Zone(s.Timezone)
	if zoneErr != nil {
		r.problem(given["timezone"].line, "%s", zoneErr)
		zone = time.UTC // the expression is checked all the same
	}
	if s.Cron == "" {
		return
	}
	spec, err := cron.Parse(s.Cron, zone, s.Seconds)
	if err != nil {
		reason, _, _ := strings.Cut(err.Error(), ": strconv.") // only a programmer would read the rest
		if !s.Seconds && len(strings.Fields(s.Cron)) == 6 && !strings.Contains(s.Cron, "TZ=") {
			reason += "; six need seconds: true"
		}
		r.problem(expression.line, "cron %q: %s", s.Cron, reason)
	} else if zoneErr == nil {
		r.warnTimes(s, spec, given)
	}
}

// aYear is how far ahead clock changes are looked for: both of the next ones are in it.
const aYear = 396 * 24 * time.Hour

func (r *reader) warnTimes(s Schedule, spec cron.Spec, given map[string]field) {
	line := given["cron"].line
	if spec.EitherDay() {
		r.warn(line, "cron %q restricts the day of month and the day of week: it runs on either, not on both", s.Cron)
	}
	seen := map[ChangeKind]bool{} // the first of each kind: the next ones are alike
	for _, moved := range clockChanges(s, spec, r.now, r.now.Add(aYear)) {
		if !seen[moved.Change.Kind] {
			r.warn(line, "cron %q meets a change of the clocks: %s", s.Cron, moved.Change)
		}
		seen[moved.Change.Kind] = true
	}
	if first := spec.Next(r.now); !first.IsZero() && s.Jitter > 0 {
		if next := spec.Next(first); !next.IsZero() && time.Duration(s.Jitter) >= next.Sub(first) {
			r.warn(given["jitter"].line, "jitter %s is not shorter than the time between two ticks: runs may start out of order", s.Jitter)
		}
	}
	if s.Overlap == CancelRunning && s.CatchUp.Policy == All {
		r.warn(given["overlap"].line, "overlap cancel_running leaves only the newest of the ticks that catch_up all makes up")
	}
}

// args reads a schedule's arguments as JSON, each by the type that its kind declares: `year: 2025` and `year: "2025"`
// mean the same, and a list may be written with commas as on the command line.
func (r *reader) args(kind run.Kind, f field) json.RawMessage {
	values, before := map[string]any{}, len(r.problems)
	given := r.fields(f, "args")
	for _, key := range slices.Sorted(maps.Keys(given)) {
		param, err := kind.Param(key)
		if err == nil {
			values[key], err = r.arg(param, given[key].value)
		}
		if err != nil {
			r.problem(given[key].line, "%s", err)
		}
	}
	raw, err := json.Marshal(values)
	if err == nil && len(r.problems) == before {
		raw, err = kind.Check(raw)
	}
	if err != nil {
		r.problem(f.line, "%s", err)
	}
	return raw
}

// maxValues bounds what one argument may unfold to: aliases of aliases would fill the memory.
const maxValues = 10_000

func (r *reader) arg(p run.Param, n ast.Node) (value any, err error) {
	if text, plain := scalar(n); plain {
		if number, ok := n.(*ast.IntegerNode); ok && p.Type == "number" {
			return number.Value, nil // 0x10 and 1_000 too
		}
		return p.Parse(text)
	}
	if n == nil {
		return nil, nil
	}
	if err := r.yaml.DecodeFromNode(n, &value); err != nil {
		return nil, fmt.Errorf("argument %s cannot be read", p.Name)
	}
	budget := maxValues
	if err := checkValue(value, &budget); err != nil {
		return nil, fmt.Errorf("argument %s %w", p.Name, err)
	}
	return value, nil
}

// checkValue counts the values in a list or mapping down from the budget. An empty one is refused: the library also
// gives one for an alias whose anchor stands within the same anchor.
func checkValue(value any, budget *int) error {
	var parts []any
	switch v := value.(type) {
	case nil:
		return fmt.Errorf("holds an empty value")
	case []any:
		parts = v
	case map[string]any:
		parts = slices.Collect(maps.Values(v))
	}
	for _, part := range parts {
		if *budget--; *budget < 0 {
			return fmt.Errorf("holds more than %d values", maxValues)
		}
		if err := checkValue(part, budget); err != nil {
			return err
		}
	}
	return nil
}
