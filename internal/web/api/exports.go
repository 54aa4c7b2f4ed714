package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"cpd-jobs/reports/exports"
)

type exportsInput struct {
	Report string `query:"report" maxLength:"63" doc:"Only of this report"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
}

type exportsOutput struct {
	Body struct {
		Exports []exports.Export `json:"exports" doc:"Newest first"`
	}
}

type exportInput struct {
	ID int64 `path:"id" minimum:"1"`
}

type exportOutput struct{ Body exports.Export }

// exportOrder asks for files.
type exportOrder struct {
	Body struct {
		Report  string            `json:"report" maxLength:"63" example:"school_onboarding"`
		Formats []string          `json:"formats" minItems:"1" maxItems:"10" example:"[\"xlsx\"]"`
		Where   map[string]string `json:"where,omitempty" doc:"Only rows that have these values, by column; an empty value means none"`
		Columns []string          `json:"columns,omitempty" maxItems:"200" doc:"Only these columns, in this order"`
	}
}

func (a *API) exports() {
	tags := []string{"Files"}
	add(a, analyst, huma.Operation{Method: http.MethodGet, Path: "/exports", OperationID: "list-exports", Tags: tags,
		Summary: "List files", Description: "Exported files."}, a.listExports)
	add(a, analyst, huma.Operation{Method: http.MethodGet, Path: "/exports/{id}", OperationID: "show-export", Tags: tags,
		Summary: "Show a file", Description: "What is known of an exported file."}, a.showExport)
	add(a, analyst, huma.Operation{Method: http.MethodGet, Path: "/exports/{id}/file", OperationID: "download-export", Tags: tags,
		Summary: "Download a file", Description: "The file itself; ranges and conditions are honoured.",
		Responses: map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{
			"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}},
		}}}}, a.download)
	add(a, analyst, huma.Operation{Method: http.MethodPost, Path: "/exports", OperationID: "order-export", Tags: tags, DefaultStatus: http.StatusAccepted,
		Errors: []int{http.StatusConflict}, Summary: "Have files made", Description: "Starts a job that exports a report, or a part of it; when it has completed, its result names the files."}, a.orderExport)
}

func (a *API) listExports(ctx context.Context, in *exportsInput) (*exportsOutput, error) {
	report := ""
	if in.Report != "" {
		def, err := findReport(in.Report)
		if err != nil {
			return nil, err
		}
		report = def.Name
	}
	list, err := exports.List(ctx, a.DB, report, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &exportsOutput{}
	out.Body.Exports = []exports.Export{}
	for _, e := range list {
		if _, err := findReport(e.Report); err == nil {
			out.Body.Exports = append(out.Body.Exports, e)
		}
	}
	return out, nil
}

// export finds one that is for everybody.
func (a *API) export(ctx context.Context, id int64) (exports.Export, error) {
	e, err := exports.Find(ctx, a.DB, id)
	if err != nil {
		return e, err
	}
	if _, err := findReport(e.Report); err != nil {
		return exports.Export{}, exports.ErrNone
	}
	return e, nil
}

func (a *API) showExport(ctx context.Context, in *exportInput) (*exportOutput, error) {
	e, err := a.export(ctx, in.ID)
	return &exportOutput{Body: e}, err
}

func (a *API) download(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	e, err := a.export(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		if err := a.File(w, r, e); err != nil {
			problem := a.problem(ctx, err)
			_ = huma.WriteErr(a.huma, hc, Status(problem), problem.Error())
		}
	}}, nil
}

func (a *API) orderExport(ctx context.Context, in *exportOrder) (*jobOutput, error) {
	def, err := findReport(in.Body.Report)
	if err != nil {
		return nil, err
	}
	in.Body.Report = def.Name
	args, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	return a.enqueue(ctx, "export", "report "+def.Name, "report_export", args)
}

// plainText is a text that PostgreSQL takes.
func plainText(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
}
