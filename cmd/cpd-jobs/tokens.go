package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/queue/schedule"
	"cpd-jobs/web"
)

type tokensCommand struct {
	Create tokensCreateCommand `cmd:"" help:"Make a token and print it, this once."`
	List   tokensListCommand   `cmd:"" help:"List the tokens that were made."`
	Revoke tokensRevokeCommand `cmd:"" help:"Make a token useless."`
	Links  tokensLinksCommand  `cmd:"" name:"revoke-links" help:"Make every link useless that hands a file on."`
}

type tokensCreateCommand struct {
	Name string   `arg:"" help:"What it is for: the program that uses it."`
	Role []string `required:"" enum:"analyst,analyst-personal,developer,admin" help:"What it may do; may be repeated."`
	For  string   `default:"90d" placeholder:"DURATION" help:"How long it lives, at most 400d."`
	JSON bool     `name:"json" help:"Print JSON."`
}

func (c tokensCreateCommand) Run(ctx context.Context, a *app) error {
	life, err := schedule.ParseDuration(c.For)
	if err != nil {
		return fmt.Errorf("%w: --for: %w", errUsage, err)
	}
	roles := make([]web.Role, len(c.Role))
	for i, r := range c.Role {
		roles[i] = web.Role(r)
	}
	_, pool, err := a.client(ctx)
	if err != nil {
		return err
	}
	var token web.Token
	var secret string
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) (err error) {
		token, secret, err = web.CreateToken(ctx, tx, web.NewToken{Name: c.Name, Roles: roles, For: time.Duration(life), By: person()})
		if err != nil {
			return err
		}
		return web.RecordCommand(ctx, tx, person(), "create token", fmt.Sprintf("token %d", token.ID), map[string]any{"name": c.Name, "roles": roles, "until": token.ExpiresAt})
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

func (c tokensListCommand) Run(ctx context.Context, a *app) error {
	_, pool, err := a.client(ctx)
	if err != nil {
		return err
	}
	list, err := web.ListTokens(ctx, pool)
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

func (c tokensRevokeCommand) Run(ctx context.Context, a *app) error {
	_, pool, err := a.client(ctx)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if err := web.RevokeToken(ctx, tx, c.ID, person()); err != nil {
			return err
		}
		return web.RecordCommand(ctx, tx, person(), "revoke token", fmt.Sprintf("token %d", c.ID), nil)
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "token %d is revoked\n", c.ID)
	return err
}

type tokensLinksCommand struct{}

func (tokensLinksCommand) Run(ctx context.Context, a *app) error {
	_, pool, err := a.client(ctx)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if err := web.RevokeLinks(ctx, tx); err != nil {
			return err
		}
		return web.RecordCommand(ctx, tx, person(), "revoke links", "all links", nil)
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.stdout, "no link that was handed on works any longer")
	return err
}
