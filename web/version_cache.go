package web

import (
	"context"
	"sync"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/versions"
)

// versionCache keeps what was read of the live version of a report: asking the table for each page would cost more than
// the page. It has one entry for each name that code gives, never for what visitors write.
type versionCache struct {
	mu    sync.Mutex
	known map[string]cachedValue
}

type cachedValue struct {
	version int64
	value   any
}

func newVersionCache() *versionCache { return &versionCache{known: map[string]cachedValue{}} }

func (o *versionCache) find(name string, version int64) (any, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	found, ok := o.known[name]
	return found.value, ok && found.version == version
}

func (o *versionCache) keep(name string, version int64, value any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.known[name] = cachedValue{version, value}
}

// cached reads something of a report unless it was read of this version before. The name says what it is; the value
// must not be changed.
func cached[T any](ctx context.Context, s *site, def *definition.Definition, name string, read func(context.Context) (T, error)) (T, error) {
	var none T
	version, err := versions.Live(ctx, s.DB, def.Name)
	if err != nil {
		return none, err
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
