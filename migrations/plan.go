package migrations

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
)

// Planned is a migration that Up would apply.
type Planned struct {
	Of      string `json:"of"` // River, cpd-jobs
	Version int64  `json:"version"`
	Name    string `json:"name"`
	About   string `json:"about,omitempty"` // its comment
	SQL     string `json:"sql"`
}

// Plan lists what Up would apply, in order, and changes nothing. On an empty database that is everything.
func Plan(ctx context.Context, pool *pgxpool.Pool) ([]Planned, error) {
	list, err := riverPlan(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("read the state of River's migrations: %w", err)
	}
	status, err := Status(ctx, pool)
	if err != nil {
		return nil, err
	}
	for _, m := range status {
		if m.State == string(goose.StateApplied) {
			continue
		}
		text, err := Files.ReadFile(m.Name)
		if err != nil {
			return nil, fmt.Errorf("read a migration: %w", err)
		}
		about, sql := split(string(text))
		list = append(list, Planned{Of: "cpd-jobs", Version: m.Version, Name: m.Name, About: about, SQL: sql})
	}
	return list, nil
}

func riverPlan(ctx context.Context, pool *pgxpool.Pool) ([]Planned, error) {
	list := []Planned{} // as JSON: a list, empty or not
	migrator, err := riverMigrator(pool)
	if err != nil {
		return nil, err
	}
	existing, err := migrator.ExistingVersions(ctx)
	if err != nil {
		return nil, err
	}
	has := map[int]bool{}
	for _, m := range existing {
		has[m.Version] = true
	}
	for _, m := range migrator.AllVersions() {
		if !has[m.Version] {
			list = append(list, Planned{Of: "River", Version: int64(m.Version), Name: m.Name, SQL: m.SQLUp})
		}
	}
	return list, nil
}

// split takes the comment at the head of a file from its statements.
func split(text string) (about, sql string) {
	var said []string
	text = strings.TrimPrefix(text, string(upMark))
	for {
		line, rest, _ := strings.Cut(text, "\n")
		comment, ok := strings.CutPrefix(line, "-- ")
		if !ok {
			return strings.Join(said, " "), strings.TrimSpace(text)
		}
		said, text = append(said, comment), rest
	}
}
