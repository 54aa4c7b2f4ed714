package queue

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"cpd-jobs/internal/run"
	"cpd-jobs/queue/riverdb"
)

// Client inserts and steers jobs. It does not work them: that is [Worker].
type Client struct {
	pool  *pgxpool.Pool
	kinds kindSet
	river *river.Client[pgx.Tx]
	log   *slog.Logger
}

// NewClient makes a client that knows the given kinds.
func NewClient(pool *pgxpool.Pool, kinds []run.Kind, log *slog.Logger) (*Client, error) {
	c := &Client{pool: pool, kinds: byName(kinds), log: log}
	var err error
	c.river, err = river.NewClient(riverpgxv5.New(pool), &river.Config{Schema: riverdb.Schema, Logger: warnings(log)})
	if err != nil {
		return nil, fmt.Errorf("make a River client: %w", err)
	}
	return c, nil
}

// Kinds lists the kinds that the client knows, by name.
func (c *Client) Kinds() []run.Kind { return c.kinds.list() }

// Kind finds a kind by name. The error, of class Invalid, names the nearest.
func (c *Client) Kind(name string) (run.Kind, error) { return c.kinds.find(name) }

// KindFinder finds kinds as [Client.Kind] does, without a database.
func KindFinder(kinds []run.Kind) func(name string) (run.Kind, error) { return byName(kinds).find }

// kindSet is kinds by name.
type kindSet map[string]run.Kind

func byName(kinds []run.Kind) kindSet {
	set := make(kindSet, len(kinds))
	for _, k := range kinds {
		set[k.Name] = k
	}
	return set
}

func (s kindSet) list() []run.Kind {
	return slices.SortedFunc(maps.Values(s), func(a, b run.Kind) int { return strings.Compare(a.Name, b.Name) })
}

func (s kindSet) find(name string) (run.Kind, error) {
	if k, ok := s[name]; ok {
		return k, nil
	}
	names := slices.Sorted(maps.Keys(s))
	hint := "the kinds are " + strings.Join(names, ", ")
	if near := run.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return run.Kind{}, run.Invalid(hint, "no kind of job is called %q", name)
}
