package web

import (
	"context"
	"fmt"
	"sync"

	"cpd-jobs/reports/definition"
)

// ofVersion remembers what was read of the version of a report that is live: asking the table for each page would cost more
// than the page. It has one thing for each name that code gives, never for what visitors write.
type ofVersion struct {
	mu    sync.Mutex
	known map[string]remembered
}

type remembered struct {
	version int64
	value   any
}

func newOfVersion() *ofVersion { return &ofVersion{known: map[string]remembered{}} }

func (o *ofVersion) find(name string, version int64) (any, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	found, ok := o.known[name]
	return found.value, ok && found.version == version
}

func (o *ofVersion) keep(name string, version int64, value any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.known[name] = remembered{version, value}
}

// remember reads something of a report, or knows it from the time that it was read of this version before. The name says
// what it is; the value must not be changed.
func remember[T any](ctx context.Context, s *site, def *definition.Definition, name string, read func(context.Context) (T, error)) (T, error) {
	var version int64
	var none T
	if err := s.DB.QueryRow(ctx, "SELECT live_version FROM reports.definitions WHERE report = $1", def.Name).Scan(&version); err != nil {
		return none, fmt.Errorf("read which version of %s is live: %w", def.Name, err)
	}
	name = def.Name + " " + name
	if value, ok := s.known.find(name, version); ok {
		return value.(T), nil
	}
	value, err := read(ctx)
	if err != nil {
		return none, err
	}
	s.known.keep(name, version, value)
	return value, nil
}
