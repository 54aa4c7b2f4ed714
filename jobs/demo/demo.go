// Package demo is the main job on made-up data: the files that a demo reads beside its CPD source, and the jobs that it
// runs in order. Making the data is package internal/demo's; running the jobs is the caller's.
package demo

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strconv"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias/format"
)

// Schools reads a register file's establishments as the schools of a demo; a URN that stands twice is taken once.
func Schools(file string) func(yield func(demo.School) error) error {
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

// CheckRegister opens the files that a demo is to use, so that a wrong one is reported before anything is made.
func CheckRegister(ctx context.Context, file, links string) error {
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

// Report is what the demo is about.
const Report = "school_onboarding"

// Job is one job of the main job, with its arguments.
type Job struct {
	Kind string
	Args json.RawMessage
}

// Jobs writes the files that the demo reads into dir and lists the jobs of the main job in order. links go with the
// options' register, "" for none.
func Jobs(ctx context.Context, dir string, o demo.Options, links string) ([]Job, error) {
	year := demo.CohortYear(o.AsOf)
	uplifts, err := demo.WriteUplift(ctx, dir, year, o)
	if err != nil {
		return nil, err
	}
	register := map[string]any{"source": o.RegisterName, "links": links}
	if o.Register == nil {
		made, err := demo.WriteRegister(ctx, filepath.Join(dir, "register"), demo.RegisterOptions{Options: o})
		if err != nil {
			return nil, err
		}
		register = map[string]any{"source": filepath.Dir(made.Establishments)}
	}
	var list []Job
	for _, job := range []struct {
		kind string
		args map[string]any
	}{
		{"gias_sync", register},
		{"uplift_sync", map[string]any{"source": uplifts.Path, "year": year}},
		{"cpd_sync", map[string]any{}},
		{"school_onboarding_refresh", map[string]any{}},
		{"report_export", map[string]any{"report": Report}},
	} {
		args, err := json.Marshal(job.args)
		if err != nil {
			return nil, err
		}
		list = append(list, Job{job.kind, args})
	}
	return list, nil
}
