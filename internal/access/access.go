// Package access is who may do what: roles, visitors, the tokens of programs, the sessions of people, share links, and
// the audit of what everybody did. It knows nothing of HTTP: how somebody comes in and what they are told is for
// package web.
package access

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Database is a pool, a connection or a transaction.
type Database interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Role is what a visitor may be.
type Role string

// Roles, and what each lets its bearer do.
const (
	Public    Role = "public"           // nothing to sign in for: probes, assets, the sign-in itself
	Analyst   Role = "analyst"          // read reports, download files and have files made
	Personal  Role = "analyst-personal" // the same with reports that have personal data
	Metrics   Role = "metrics"          // read /metrics, and nothing else
	Developer Role = "developer"        // see and control runs, schedules and queues
	Admin     Role = "admin"            // see the audit and all tokens
)

// Roles are all that a person or a token can be given.
var Roles = []Role{Analyst, Personal, Metrics, Developer, Admin}

// implied are the roles that come with a role. Personal comes with none: it is given to named people only.
var implied = map[Role][]Role{
	Personal:  {Analyst},
	Developer: {Analyst, Metrics},
	Admin:     {Developer, Analyst, Metrics},
}

// RoleNames are the names of [Roles], separated by commas.
func RoleNames() string {
	names := make([]string, len(Roles))
	for i, r := range Roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// Ways in which a visitor is known, as the audit has them.
const (
	ViaThisMachine = "this machine" // no sign-in is configured
	ViaSignIn      = "sign-in"
	ViaToken       = "token"
	ViaLink        = "link"     // has a share link
	ViaTerminal    = "terminal" // runs the program, and so has the database's password
	ViaUnknown     = "nobody"   // not known
)

// Visitor is a person or a program that asks for something. The zero value is one who is not known and may do nothing.
type Visitor struct {
	Name string // for the audit: an e-mail address, a token's name
	// ID tells a visitor from others in the log, which has no names: what the sign-in provider calls them, "token 3".
	ID    string
	Via   string
	Roles []Role
	// Address is where the request comes from.
	Address string
}

// ThisMachine is every visitor while no sign-in is configured. Personal data are not shown then.
var ThisMachine = Visitor{Name: "somebody at this machine", Via: ViaThisMachine, Roles: []Role{Analyst, Developer, Admin}}

// AtTerminal is a person who runs a command of the program.
func AtTerminal(person string) Visitor {
	return Visitor{Name: person, Via: ViaTerminal, Address: "this machine"}
}

// Can says whether the visitor has a role, or one that implies it.
func (v Visitor) Can(r Role) bool {
	if r == Public {
		return true
	}
	return slices.ContainsFunc(v.Roles, func(has Role) bool { return has == r || slices.Contains(implied[has], r) })
}

// Known says whether the visitor's name is known.
func (v Visitor) Known() bool { return v.Via != ViaUnknown && v.Via != "" }

// By is the visitor as the starter of a job: "person ann@example.com", "token nightly".
func (v Visitor) By() string {
	if v.Via == ViaToken {
		return "token " + v.Name
	}
	return "person " + v.Name
}

type visitorKey struct{}

// With returns a context in which [Of] finds the visitor.
func With(ctx context.Context, v Visitor) context.Context {
	return context.WithValue(ctx, visitorKey{}, v)
}

// Of is the visitor for whom ctx works; one who may do nothing where [With] set none.
func Of(ctx context.Context) Visitor {
	v, _ := ctx.Value(visitorKey{}).(Visitor)
	return v
}
