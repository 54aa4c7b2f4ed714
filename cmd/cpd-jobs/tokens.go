package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/access"
	"cpd-jobs/internal/clock"
)

type tokensCommand struct {
	Create tokensCreateCommand `cmd:"" help:"Make a token and print it, this once."`
	List   tokensListCommand   `cmd:"" help:"List the tokens that were made."`
	Revoke tokensRevokeCommand `cmd:"" help:"Make a token invalid."`
	Links  tokensLinksCommand  `cmd:"" name:"revoke-links" help:"Make all share links invalid."`
	Link   tokensLinkCommand   `cmd:"" name:"revoke-link" help:"Make one share link invalid."`
	Made   tokensMadeCommand   `cmd:"" name:"list-links" help:"List the share links whose time is not over."`
}

type tokensCreateCommand struct {
	Name string        `arg:"" help:"What it is for: the program that uses it."`
	Role []access.Role `required:"" enum:"${roles}" help:"What it may do; may be repeated."`
	For  string        `default:"90d" placeholder:"DURATION" help:"How long it lives, at most 400d."`
	JSON bool          `name:"json" help:"Print JSON."`
}

func (c tokensCreateCommand) Run(ctx context.Context, a *session) error {
	life, err := clock.ParseDuration(c.For)
	if err != nil {
		return fmt.Errorf("%w: --for: %w", errUsage, err)
	}
	var token access.Token
	var secret string
	err = pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) (err error) {
		token, secret, err = access.CreateToken(ctx, tx, access.NewToken{Name: c.Name, Roles: c.Role, For: life, By: person()})
		if err != nil {
			return err
		}
		return access.RecordDone(ctx, tx, access.Event{
			Visitor: access.AtTerminal(person()), Action: "create token", Target: fmt.Sprintf("token %d", token.ID),
			Detail: map[string]any{"name": c.Name, "roles": c.Role, "until": token.ExpiresAt},
		})
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"token": token, "secret": secret})
	}
	fmt.Fprintf(a.stderr, "token %d, until %s; it is shown this once:\n", token.ID, cell(token.ExpiresAt))
	_, err = fmt.Fprintln(a.stdout, secret)
	return err
}

type tokensListCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (c tokensListCommand) Run(ctx context.Context, a *session) error {
	list, err := access.Tokens(ctx, a.pool)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"tokens": list})
	}
	t := newTable("id", "name", "roles", "made by", "expires", "last used", "revoked")
	for _, k := range list {
		t.row(k.ID, k.Name, strings.Join(k.Roles, ", "), k.CreatedBy, k.ExpiresAt, k.LastUsedAt, k.RevokedAt)
	}
	return t.print(a.stdout)
}

type tokensRevokeCommand struct {
	ID int64 `arg:"" help:"The token's id, from tokens list."`
}

func (c tokensRevokeCommand) Run(ctx context.Context, a *session) error {
	err := pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
		if err := access.RevokeToken(ctx, tx, c.ID, person()); err != nil {
			return err
		}
		return access.RecordDone(ctx, tx, access.Event{Visitor: access.AtTerminal(person()), Action: "revoke token", Target: fmt.Sprintf("token %d", c.ID)})
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "token %d is revoked\n", c.ID)
	return err
}

type tokensLinksCommand struct{}

func (tokensLinksCommand) Run(ctx context.Context, a *session) error {
	err := pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
		if err := access.RevokeLinks(ctx, tx); err != nil {
			return err
		}
		return access.RecordDone(ctx, tx, access.Event{Visitor: access.AtTerminal(person()), Action: "revoke links", Target: "all links"})
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.stdout, "all share links are invalid now")
	return err
}

type tokensLinkCommand struct {
	Link string `arg:"" help:"The link's name, from tokens list-links: what stands before the first dot of its address."`
}

func (c tokensLinkCommand) Run(ctx context.Context, a *session) error {
	err := pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
		if err := access.RevokeLink(ctx, tx, c.Link, person()); err != nil {
			return err
		}
		return access.RecordDone(ctx, tx, access.Event{Visitor: access.AtTerminal(person()), Action: "revoke link", Target: "link " + c.Link})
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "share link %s is invalid now\n", c.Link)
	return err
}

type tokensMadeCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (c tokensMadeCommand) Run(ctx context.Context, a *session) error {
	list, err := access.MadeLinks(ctx, a.pool)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"links": list})
	}
	t := newTable("link", "made by", "of", "file", "until", "revoked")
	for _, l := range list {
		t.row(l.Link, l.By, l.Target, l.File, l.Until, l.Revoked)
	}
	return t.print(a.stdout)
}
