package queue

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"cpd-jobs/internal/run"
)

// riverSchema is where River's own tables are.
const riverSchema = "river"

// Client inserts and steers jobs. It does not work them: that is [Worker].
type Client struct {
	pool  *pgxpool.Pool
	kinds map[string]run.Kind
	river *river.Client[pgx.Tx]
	log   *slog.Logger
}

// NewClient makes a client that knows the given kinds.
func NewClient(pool *pgxpool.Pool, kinds []run.Kind, log *slog.Logger) (*Client, error) {
	c := &Client{pool: pool, kinds: byName(kinds), log: log}
	var err error
	c.river, err = river.NewClient(riverpgxv5.New(pool), &river.Config{Schema: riverSchema, Logger: warnings(log)})
	if err != nil {
		return nil, fmt.Errorf("make a River client: %w", err)
	}
	return c, nil
}

// Kinds lists the kinds that the client knows, by name.
func (c *Client) Kinds() []run.Kind {
	var list []run.Kind
	for _, k := range c.kinds {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b run.Kind) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Kind finds a kind by name. The error, of class BadInput, names the nearest.
func (c *Client) Kind(name string) (run.Kind, error) {
	if k, ok := c.kinds[name]; ok {
		return k, nil
	}
	var names []string
	for _, k := range c.Kinds() {
		names = append(names, k.Name)
	}
	hint := "the kinds are " + strings.Join(names, ", ")
	if near := run.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return run.Kind{}, run.Reject(hint, "no kind of job is called %q", name)
}

func byName(kinds []run.Kind) map[string]run.Kind {
	m := make(map[string]run.Kind, len(kinds))
	for _, k := range kinds {
		m[k.Name] = k
	}
	return m
}
