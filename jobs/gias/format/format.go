// Package format reads the register of schools as GIAS delivers it: which file of a delivery is which, what each
// column means, and which rows and values cannot be believed. It keeps every row accounted for - read or
// rejected with a line and a reason - and leaves the comparison with what is already known to package gias.
package format

import (
	"context"
	"path"
	"strings"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
)

// Delivery is one delivery of the register. Close removes its temporary files.
type Delivery struct {
	// Source is where it came from, without passwords.
	Source string
	// Address tells the source from others, "" for a path.
	Address string
	// AsAt is the date that the source gives it, zero where it gives none.
	AsAt time.Time
	// ETag is the source's mark of this content, "" if none.
	ETag string
	// Unchanged says that the source has nothing newer than what the options named; there are no files then.
	Unchanged bool
	// Establishments is never nil unless Unchanged.
	Establishments *source.File
	// Links is nil where the delivery has none.
	Links *source.File

	delivery *source.Delivery
}

// Close removes what was downloaded.
func (x *Delivery) Close() error { return x.delivery.Close() }

// Open opens a source of the register: a .csv, .csv.gz, .zip, a folder, or an address. A plain file is the
// establishments, whatever its name; in a folder or zip they are ecf_tech.csv (or edubasealldata*.csv), and the links
// links.csv.
func Open(ctx context.Context, from string, o source.Options) (*Delivery, error) {
	d, err := source.Open(ctx, from, o)
	if err != nil {
		return nil, err
	}
	x := &Delivery{Source: d.Source, Address: d.Address, AsAt: d.AsAt, ETag: d.ETag, Unchanged: d.Unchanged, delivery: d}
	if d.Unchanged {
		return x, nil
	}
	if err := x.find(ctx); err != nil {
		_ = d.Close()
		return nil, err
	}
	return x, nil
}

func (x *Delivery) find(ctx context.Context) (err error) {
	if x.delivery.Whole() {
		x.Establishments, err = x.delivery.Only(ctx)
		return err
	}
	if x.Establishments, err = x.delivery.Find(ctx, isEstablishments); err != nil {
		return err
	}
	if x.Establishments == nil {
		return run.Invalid("it must have that name", "%s has no ecf_tech.csv", x.Source)
	}
	x.Links, err = x.delivery.Find(ctx, isLinks)
	return err
}

// OpenLinks opens a source for its links alone: a plain file, or the links.csv of a folder or zip. They are in Links;
// Establishments is nil.
func OpenLinks(ctx context.Context, from string, o source.Options) (*Delivery, error) {
	d, err := source.Open(ctx, from, o)
	if err != nil {
		return nil, err
	}
	x := &Delivery{Source: d.Source, Address: d.Address, AsAt: d.AsAt, ETag: d.ETag, Unchanged: d.Unchanged, delivery: d}
	switch {
	case d.Unchanged:
	case d.Whole():
		x.Links, err = d.Only(ctx)
	default:
		x.Links, err = d.Find(ctx, isLinks)
		if err == nil && x.Links == nil {
			err = run.Invalid("it must have that name", "%s has no links.csv", d.Source)
		}
	}
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	return x, nil
}

// isEstablishments knows the extract's own name and that of the public download, which carries its date. Names count
// at the top of a delivery only.
func isEstablishments(name string) bool {
	name = plainName(name)
	return name == "ecf_tech.csv" || strings.HasPrefix(name, "edubasealldata") && path.Ext(name) == ".csv"
}

func isLinks(name string) bool {
	name = plainName(name)
	return name == "links.csv" || strings.HasPrefix(name, "links_edubasealldata") && path.Ext(name) == ".csv"
}

func plainName(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".gz") }
