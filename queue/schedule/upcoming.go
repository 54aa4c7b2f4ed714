package schedule

import (
	"slices"
	"time"

	"cpd-jobs/queue/cron"
)

// Coming is a tick that is still to come.
type Coming struct {
	Schedule string    `json:"schedule"`
	Tick     time.Time `json:"tick"`
	// Local is the same instant as the wall in the schedule's zone shows it.
	Local time.Time `json:"local"`
	// Change is set where a change of the clocks touches the tick.
	Change *Change `json:"change,omitempty"`
	// With are the other schedules that tick at the same instant.
	With []string `json:"with,omitempty"`
}

// Upcoming lists the next n ticks of a schedule after from; fewer where no more come, none where it follows another
// job. Of others, which may hold s itself, it names those that tick at the same instant.
func Upcoming(s Schedule, others []Schedule, from time.Time, n int) ([]Coming, error) {
	if s.Cron == "" {
		return nil, nil
	}
	spec, err := s.Spec()
	if err != nil {
		return nil, err
	}
	specs, err := specsOf(others, s.Name)
	if err != nil {
		return nil, err
	}
	var list []Coming
	for t := spec.Next(from); !t.IsZero() && len(list) < n; t = spec.Next(t) {
		c := Coming{Schedule: s.Name, Tick: t, Local: t.In(spec.Zone()), Change: change(s, spec, t)}
		for _, o := range specs {
			if ticksAt(o.spec, t) {
				c.With = append(c.With, o.name)
			}
		}
		list = append(list, c)
	}
	return list, nil
}

func ticksAt(spec cron.Spec, t time.Time) bool { return spec.Next(t.Add(-time.Second)).Equal(t) }

// named is the expression of a schedule.
type named struct {
	name string
	spec cron.Spec
}

// specsOf reads the expressions of all schedules that follow the clock, but one.
func specsOf(schedules []Schedule, but string) ([]named, error) {
	var list []named
	for _, s := range schedules {
		if s.Cron == "" || s.Name == but {
			continue
		}
		spec, err := s.Spec()
		if err != nil {
			return nil, err
		}
		list = append(list, named{s.Name, spec})
	}
	return list, nil
}

// Clash is a set of schedules that tick at the same instants.
type Clash struct {
	Schedules []string  `json:"schedules"`
	Count     int       `json:"count"`
	First     time.Time `json:"first"`
}

// Clashes finds the schedules that tick at the same instants in (from, to], most frequent first. An instant counts
// once, for all schedules that tick at it.
func Clashes(schedules []Schedule, from, to time.Time) ([]Clash, error) {
	specs, err := specsOf(schedules, "")
	if err != nil {
		return nil, err
	}
	var ticks timeline
	for i, s := range specs {
		ticks.add(s.spec.Next(from), i)
	}
	found := map[string]*Clash{}
	for {
		at, due := ticks.next()
		if at.IsZero() || at.After(to) {
			break
		}
		if len(due) > 1 {
			count(found, specs, at, due)
		}
		for _, i := range due {
			ticks.add(specs[i].spec.Next(at), i)
		}
	}
	return mostFrequent(found), nil
}

func count(found map[string]*Clash, specs []named, at time.Time, due []int) {
	key := make([]byte, 0, 64)
	for _, i := range due {
		key = append(key, byte(i), byte(i>>8), byte(i>>16))
	}
	c := found[string(key)]
	if c == nil {
		c = &Clash{First: at}
		for _, i := range due {
			c.Schedules = append(c.Schedules, specs[i].name)
		}
		found[string(key)] = c
	}
	c.Count++
}

func mostFrequent(found map[string]*Clash) []Clash {
	list := make([]Clash, 0, len(found))
	for _, c := range found {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b Clash) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		if !a.First.Equal(b.First) {
			return a.First.Compare(b.First)
		}
		return slices.Compare(a.Schedules, b.Schedules)
	})
	return list
}
