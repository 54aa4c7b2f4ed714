package selection

import (
	"context"
	"fmt"
	"sync"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/definition"
)

// countsKept is how many counts are remembered. Beyond it all are forgotten: a visitor who asks for ever new selections
// costs the database time, never this program memory.
const (
	countsKept = 2000
	longestKey = 300 // of a count that is remembered
)

// Counter counts the rows of selections, each once a version: most people ask for the same, page after page. Its zero
// value is ready, and safe for concurrent use.
type Counter struct {
	mu    sync.Mutex
	known map[string]int64
}

// Count counts the rows of a selection that has been checked, of which page was read; first says that it is the first
// page.
func (c *Counter) Count(ctx context.Context, db pg.Querier, def *definition.Definition, s Selection, page Page, first bool) (int64, error) {
	if first && page.Next == "" {
		return int64(len(page.Rows)), nil
	}
	counted := s
	counted.Sort, counted.Columns = "", nil
	key := fmt.Sprintf("%s %d %s", def.Name, page.Version, counted.Query().Encode())
	if n, ok := c.find(key); ok {
		return n, nil
	}
	n, err := Count(ctx, db, def, counted)
	if err == nil && page.Version > 0 && len(key) <= longestKey {
		c.keep(key, n)
	}
	return n, err
}

func (c *Counter) find(key string) (int64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, ok := c.known[key]
	return n, ok
}

func (c *Counter) keep(key string, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= countsKept {
		c.known = map[string]int64{}
	}
	c.known[key] = n
}
