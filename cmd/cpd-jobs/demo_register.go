package main

import (
	"context"
	"strconv"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias/format"
)

// registerSchools reads a register file's establishments as the schools of a demo; a URN that stands twice is taken once.
func registerSchools(file string) func(yield func(demo.School) error) error {
	return func(yield func(demo.School) error) error {
		ctx := context.Background()
		x, err := format.Open(ctx, file, source.Options{})
		if err != nil {
			return err
		}
		defer func() { _ = x.Close() }()
		seen := map[int]bool{}
		for e, err := range format.All(ctx, x.Establishments) {
			if err != nil {
				return err
			}
			s := schoolOf(e)
			if seen[s.URN] {
				continue
			}
			seen[s.URN] = true
			if err := yield(s); err != nil {
				return err
			}
		}
		return nil
	}
}

// checkRegister opens the files that the demo is to use, so that a wrong one is told before anything is made.
func checkRegister(ctx context.Context, file, links string) error {
	x, err := format.Open(ctx, file, source.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	for _, err := range format.All(ctx, x.Establishments) {
		if err != nil {
			return err
		}
		break
	}
	if links == "" {
		return nil
	}
	l, err := format.OpenLinks(ctx, links, source.Options{})
	if err != nil {
		return err
	}
	return l.Close()
}

func schoolOf(e format.Establishment) demo.School {
	urn, _ := strconv.Atoi(e.URN) // the reader has made sure of it
	s := demo.School{
		URN: urn, LACode: e.LACode, LAName: e.LAName, Name: e.Name, TypeCode: e.TypeCode, TypeName: e.TypeName,
		StatusCode: e.StatusCode, StatusName: e.StatusName, PhaseName: e.PhaseName, UKPRN: e.UKPRN,
		Street: e.Street, Locality: e.Locality, Town: e.Town, Postcode: e.Postcode, Website: e.Website,
		MainEmail: e.MainEmail, OtherEmail: e.AlternativeEmail, DistrictCode: e.DistrictCode, DistrictName: e.DistrictName,
		Section41: "Not approved",
	}
	if e.PhaseCode != nil {
		s.PhaseCode = *e.PhaseCode
	}
	if e.Section41Approved {
		s.Section41 = "Approved"
	}
	return s
}
