package store

import (
	"context"

	"cpd-jobs/internal/cost"
)

// Metered is a store whose traffic counts for the job that causes it: see package cost.
func Metered(s Store) Store { return metered{s} }

type metered struct{ Store }

func (m metered) Create(ctx context.Context, key string) (Draft, error) {
	draft, err := m.Store.Create(ctx, key)
	if err != nil {
		return nil, err
	}
	return &meteredDraft{Draft: draft, meter: cost.From(ctx)}, nil
}

func (m metered) Open(ctx context.Context, key string) (File, error) {
	file, err := m.Store.Open(ctx, key)
	return meteredFile(file, cost.From(ctx), err)
}

type meteredDraft struct {
	Draft
	meter *cost.Meter
}

func (d *meteredDraft) Write(p []byte) (int, error) {
	n, err := d.Draft.Write(p)
	d.meter.Wrote(int64(n))
	return n, err
}

func (d *meteredDraft) Reopen(ctx context.Context) (File, error) {
	file, err := d.Draft.Reopen(ctx)
	return meteredFile(file, d.meter, err)
}

func meteredFile(file File, meter *cost.Meter, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return &countedFile{File: file, meter: meter}, nil
}

type countedFile struct {
	File
	meter *cost.Meter
}

func (f *countedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.meter.Read(int64(n))
	return n, err
}

func (f *countedFile) ReadAt(p []byte, offset int64) (int, error) {
	n, err := f.File.ReadAt(p, offset)
	f.meter.Read(int64(n))
	return n, err
}
