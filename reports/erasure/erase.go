// Package erasure deletes a person from reports with personal data and from the copies that they are made of.
package erasure

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/inputs"
)

// Request says whom to erase, by exactly one of the first three, and why.
type Request struct {
	User       string // id of the user at the service
	ExternalID string // by which lead providers know a participant
	Email      string
	Why        string // kept: no name here
	By         string // kept: who erases
	// Files deletes every file of a report with personal data within the transaction that erases, and counts them.
	Files func(ctx context.Context, tx pgx.Tx, report string) (int, error)
	// DryRun counts and changes nothing; Files is not called.
	DryRun bool
}

// Result is how much an erasure took away.
type Result struct {
	Rows  map[string]int64 `json:"rows"` // deleted, or emptied of a mention, by table
	Files int              `json:"files"`
}

// Erase deletes a person from the reports with personal data, from the copies that they are made of, and all files of
// those reports, as it cannot be told which held the person. Where the row of somebody else mentions the person, the
// mention is emptied. That it was done is kept, of whom is not. As long as the service has the person the next sync
// copies them again: they must be erased there first. The error is of class Invalid where no person is known by what
// was said.
func Erase(ctx context.Context, pool *pgxpool.Pool, list []*definition.Definition, e Request) (Result, error) {
	if err := e.check(); err != nil {
		return Result{}, err
	}
	ofPeople := slices.DeleteFunc(slices.Clone(list), func(d *definition.Definition) bool { return !d.Restricted() })
	w := &eraser{Request: e, reports: ofPeople, done: Result{Rows: map[string]int64{}}}
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if err := w.erase(ctx, tx); err != nil {
			return err
		}
		if e.DryRun {
			return errDryRun
		}
		return w.record(ctx, tx)
	})
	switch {
	case errors.Is(err, errDryRun):
		return w.done, nil
	case err != nil:
		return Result{}, fmt.Errorf("erase a person: %w", err)
	}
	return w.done, clearAway(ctx, pool)
}

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// errDryRun takes back what a dry run did.
var errDryRun = errors.New("dry run")

func (e Request) check() error {
	given := 0
	for _, text := range []string{e.User, e.ExternalID, e.Email} {
		if strings.TrimSpace(text) != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return run.Invalid("", "say whom to erase by one of user, external id and email address")
	case e.User != "" && !uuidPattern.MatchString(strings.TrimSpace(e.User)):
		return run.Invalid("it is the id of a row of users at the service", "the user's id is no UUID")
	case strings.TrimSpace(e.Why) == "":
		return run.Invalid("such as the number of the request; it is kept, so no name", "say why the person is erased")
	}
	return nil
}

// eraser is one erasure under way.
type eraser struct {
	Request
	reports []*definition.Definition // those with personal data
	done    Result
	users   []string // ids
}

func (w *eraser) erase(ctx context.Context, tx pgx.Tx) error {
	// No sync brings the person back meanwhile, and no refresh is published: one that has computed already starts over.
	if err := inputs.Claim(ctx, tx, inputs.CPD); err != nil {
		return err
	}
	for _, d := range w.reports {
		if _, err := tx.Exec(ctx, "UPDATE reports.definitions SET erasures = erasures + 1 WHERE report = $1", d.Name); err != nil {
			return fmt.Errorf("lock report %s: %w", d.Name, err)
		}
	}
	if err := w.find(ctx, tx); err != nil {
		return err
	}
	for _, d := range w.reports {
		if err := w.fromReport(ctx, tx, d); err != nil {
			return fmt.Errorf("report %s: %w", d.Name, err)
		}
	}
	return w.fromCopies(ctx, tx)
}

// find learns the ids of the users meant, from the copies and from the reports: either may know what the other does
// not.
func (w *eraser) find(ctx context.Context, tx pgx.Tx) error {
	if w.User != "" {
		w.users = []string{strings.ToLower(strings.TrimSpace(w.User))}
		return nil
	}
	what, value, sql := definition.ExternalID, w.ExternalID, "SELECT user_id::text FROM restricted.cpd_participant_identities WHERE external_identifier::text = $1"
	if w.Email != "" {
		what, value, sql = definition.Email, w.Email, "SELECT id::text FROM restricted.cpd_users WHERE lower(email) = $1"
	}
	for _, d := range w.reports {
		for _, c := range d.Columns {
			if c.Person == what {
				sql += fmt.Sprintf(" UNION SELECT %s FROM %s WHERE lower(%s) = $1", pg.Ident(d.ColumnsOf(definition.Subject)[0]), d.Table().Sanitize(), pg.Ident(c.Name))
			}
		}
	}
	rows, _ := tx.Query(ctx, sql, strings.ToLower(strings.TrimSpace(value)))
	found, err := pgx.CollectRows(rows, pgx.RowTo[*string])
	if err != nil {
		return fmt.Errorf("find the person: %w", err)
	}
	for _, id := range found {
		if id != nil {
			w.users = append(w.users, *id)
		}
	}
	if len(w.users) == 0 {
		return run.Invalid("erase by the id of the user to have all files deleted all the same; else they go by themselves when their time is over",
			"nothing that is kept names anybody by that %s", strings.ReplaceAll(string(what), "_", " "))
	}
	return nil
}

func (w *eraser) fromReport(ctx context.Context, tx pgx.Tx, d *definition.Definition) error {
	table := d.Table().Sanitize()
	for _, name := range d.ColumnsOf(definition.Subject) {
		if err := w.count(ctx, tx, d.Schema+"."+d.Name, fmt.Sprintf("DELETE FROM %s WHERE %s = ANY ($1)", table, pg.Ident(name)), w.users); err != nil {
			return err
		}
	}
	for _, name := range d.ColumnsOf(definition.Mention) {
		if err := w.count(ctx, tx, d.Schema+"."+d.Name, fmt.Sprintf("UPDATE %[1]s SET %[2]s = NULL WHERE %[2]s = ANY ($1)", table, pg.Ident(name)), w.users); err != nil {
			return err
		}
	}
	if w.Files == nil || w.DryRun {
		return nil
	}
	files, err := w.Files(ctx, tx, d.Name)
	w.done.Files += files
	return err
}

// count runs a statement and adds its rows to those of a table.
func (w *eraser) count(ctx context.Context, tx pgx.Tx, table, sql string, args ...any) error {
	tag, err := tx.Exec(ctx, sql, args...)
	if err != nil {
		return err
	}
	if tag.RowsAffected() > 0 {
		w.done.Rows[table] += tag.RowsAffected()
	}
	return nil
}

func (w *eraser) record(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, "INSERT INTO restricted.erasures (erased_by, why, rows, files) VALUES ($1, $2, $3, $4)", w.By, w.Why, w.done.Rows, w.done.Files)
	return err
}
