package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"

	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/versions"
)

// Report is a report and what is live of it.
type Report struct {
	Name             string            `json:"name" doc:"Name in addresses and of its table"`
	Title            string            `json:"title"`
	About            string            `json:"about"`
	Personal         bool              `json:"personal" doc:"It has personal data: its rows are in its files alone"`
	Formats          []string          `json:"formats" doc:"Formats that files are made in"`
	FreshnessSeconds int64             `json:"freshness_seconds" doc:"How old its data may be before people should worry"`
	Latest           *versions.Version `json:"latest,omitempty" doc:"What is live; absent before the first refresh"`
}

// ReportDetail is a report with its columns.
type ReportDetail struct {
	Report
	Version string              `json:"definition_version"`
	Key     string              `json:"key" doc:"The column that tells rows apart"`
	Columns []definition.Column `json:"columns"`
}

// ReportInput names a report. It is exported because huma reads no others where they are embedded.
type ReportInput struct {
	Report string `path:"report" maxLength:"63" example:"school_onboarding"`
}

const errNoReport = missing("There is no report of that name.")

// find takes a report's name with hyphens or underscores. One with personal data is not there for who may not see it.
func (a *API) find(ctx context.Context, name string) (*definition.Definition, error) {
	def, err := reports.Find(strings.ReplaceAll(name, "-", "_"))
	if err != nil || def.Restricted() && !a.Personal(ctx) {
		return nil, errNoReport
	}
	return def, nil
}

// open finds a report whose rows are to be had here. Those of one with personal data are not: they are in its files alone,
// each of which is recorded by who took it.
func (in ReportInput) open() (*definition.Definition, error) {
	def, err := reports.Find(strings.ReplaceAll(in.Report, "-", "_"))
	if err != nil || def.Restricted() {
		return nil, errNoReport
	}
	return def, nil
}

type reportList struct {
	Body struct {
		Reports []Report `json:"reports"`
	}
}

type reportOne struct{ Body ReportDetail }

type refreshInput struct {
	ReportInput
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"50"`
}

type refreshList struct {
	Body struct {
		Refreshes []versions.Version `json:"refreshes" doc:"Newest first; the first is what is live"`
	}
}

func (a *API) reports() {
	add(a, analyst, huma.Operation{Method: http.MethodGet, Path: "/reports", OperationID: "list-reports", Tags: []string{"Reports"},
		Summary: "List reports", Description: "Every report and how fresh it is."}, a.listReports)
	add(a, analyst, huma.Operation{Method: http.MethodGet, Path: "/reports/{report}", OperationID: "show-report", Tags: []string{"Reports"},
		Summary: "Show a report", Description: "A report with the meaning of its columns."}, a.showReport)
	add(a, analyst, huma.Operation{Method: http.MethodGet, Path: "/reports/{report}/refreshes", OperationID: "list-refreshes", Tags: []string{"Reports"},
		Summary: "List refreshes", Description: "What each refresh of a report published, and from what."}, a.listRefreshes)
}

func (a *API) listReports(ctx context.Context, _ *struct{}) (*reportList, error) {
	overviews, err := reports.Summaries(ctx, a.DB)
	if err != nil {
		return nil, err
	}
	out := &reportList{}
	out.Body.Reports = []Report{}
	for _, o := range overviews {
		if def, err := a.find(ctx, o.Name); err == nil {
			out.Body.Reports = append(out.Body.Reports, Report{Name: o.Name, Title: o.Title, About: o.About, Personal: def.Restricted(), Formats: o.Formats, FreshnessSeconds: int64(o.Freshness / time.Second), Latest: o.Latest})
		}
	}
	return out, nil
}

func (a *API) showReport(ctx context.Context, in *ReportInput) (*reportOne, error) {
	def, err := a.find(ctx, in.Report)
	if err != nil {
		return nil, err
	}
	latest, err := versions.List(ctx, a.DB, def.Name, 1)
	if err != nil {
		return nil, err
	}
	out := &reportOne{Body: ReportDetail{
		Report:  Report{Name: def.Name, Title: def.Title, About: def.About, Personal: def.Restricted(), Formats: def.Formats, FreshnessSeconds: int64(def.Freshness / time.Second)},
		Version: def.Version, Key: def.Key, Columns: def.Columns,
	}}
	if len(latest) > 0 {
		out.Body.Latest = &latest[0]
	}
	return out, nil
}

func (a *API) listRefreshes(ctx context.Context, in *refreshInput) (*refreshList, error) {
	def, err := a.find(ctx, in.Report)
	if err != nil {
		return nil, err
	}
	out := &refreshList{}
	out.Body.Refreshes, err = versions.List(ctx, a.DB, def.Name, in.Limit)
	return out, err
}

// liveVersion is the version that is live; false before the first refresh.
func (a *API) liveVersion(ctx context.Context, def *definition.Definition) (v versions.Version, ok bool, err error) {
	list, err := versions.List(ctx, a.DB, def.Name, 1)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) || len(list) == 0 {
		return v, false, err
	}
	return list[0], true, nil
}
