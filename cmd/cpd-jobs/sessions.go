package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/access"
)

type sessionsCommand struct {
	List sessionsListCommand `cmd:"" help:"List who is signed in to the pages."`
	End  sessionsEndCommand  `cmd:"" help:"Sign people out at once, such as when a role was taken away from them."`
}

type sessionsListCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (c sessionsListCommand) Run(ctx context.Context, a *session) error {
	list, err := access.ListSessions(ctx, a.pool)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"sessions": list})
	}
	t := newTable("id", "person", "roles", "since", "until")
	for _, s := range list {
		t.row(s.ID, s.Person, strings.Join(s.Roles, ", "), s.BegunAt, s.ExpiresAt)
	}
	return t.print(a.stdout)
}

type sessionsEndCommand struct {
	Person string `arg:"" optional:"" help:"All sessions of a person: the e-mail address, or the provider's id of them."`
	ID     string `name:"id" help:"One session, by its id from sessions list."`
	Role   string `enum:"analyst,analyst-personal,metrics,developer,admin," default:"" help:"The sessions of all who have a role."`
}

// Help says what it does not do.
func (sessionsEndCommand) Help() string {
	return "The next request of an ended session has to sign in again, and gets the roles that the provider then gives: take the role away " +
		"there first. Tokens of programs are not sessions: cpd-jobs tokens revoke."
}

func (c sessionsEndCommand) Run(ctx context.Context, a *session) error {
	given := 0
	for _, one := range []string{c.Person, c.ID, c.Role} {
		if one != "" {
			given++
		}
	}
	if given != 1 {
		return fmt.Errorf("%w: give a person, --id or --role", errUsage)
	}
	var ended int64
	err := pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) (err error) {
		if ended, err = access.EndSessions(ctx, tx, c.ID, c.Person, access.Role(c.Role)); err != nil {
			return err
		}
		return access.RecordDone(ctx, tx, access.Event{
			Visitor: access.AtTerminal(person()), Action: "end sessions", Target: strings.TrimSpace(c.Person + c.ID + c.Role),
			Detail: map[string]any{"sessions": ended},
		})
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%d sessions are ended\n", ended)
	return err
}
