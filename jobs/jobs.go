// Package jobs lists the kinds of job that the program runs. Each has a package of its own below; this one only joins
// them with what they need.
package jobs

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/cpd"
	"cpd-jobs/jobs/export"
	"cpd-jobs/jobs/gias"
	"cpd-jobs/jobs/housekeeping"
	"cpd-jobs/jobs/probe"
	"cpd-jobs/jobs/refresh"
	"cpd-jobs/jobs/uplift"
	"cpd-jobs/reports/store"
)

// Deps is what jobs work with. A source that is not set makes only its own sync fail.
type Deps struct {
	DB *pgxpool.Pool
	// SourceURL is the CPD service's database.
	SourceURL string
	// Register is where the register of schools comes from, and RegisterLogin opens its extract service.
	Register      string
	RegisterLogin source.Credentials
	// UpliftSource is where uplift files come from.
	UpliftSource string
	// Allow is where sources may lead; nil allows everything.
	Allow *source.Allowed
	// Store keeps exported files.
	Store store.Store
	// ExportPassphrase opens encrypted files, and Contact is who answers questions about any; either may be empty.
	ExportPassphrase, Contact string
	// Version is the program's.
	Version string
	// Now is the clock of steps; nil is the machine's.
	Now clock.Now
}

// All lists every kind, in the order in which the main job runs them; the rest follow.
func All(d Deps) []run.Kind {
	fetch := source.Options{Allow: d.Allow, Credentials: d.RegisterLogin, Now: d.Now}
	var kinds []run.Kind
	for _, list := range [][]run.Kind{
		gias.Kinds(gias.Deps{DB: d.DB, Source: d.Register, Fetch: fetch}),
		uplift.Kinds(uplift.Deps{DB: d.DB, Source: d.UpliftSource, Fetch: source.Options{Allow: d.Allow, Now: d.Now}}),
		cpd.Kinds(cpd.Deps{DB: d.DB, SourceURL: d.SourceURL}),
		refresh.Kinds(refresh.Deps{DB: d.DB, Version: d.Version, Now: d.Now}),
		export.Kinds(export.Deps{DB: d.DB, Store: d.Store, Contact: d.Contact, Passphrase: d.ExportPassphrase}),
		housekeeping.Kinds(housekeeping.Deps{DB: d.DB, Store: d.Store, Now: d.Now}),
		probe.Kinds(probe.Deps{DB: d.DB}),
	} {
		kinds = append(kinds, list...)
	}
	return kinds
}
