package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"cpd-jobs/internal/access"
	"cpd-jobs/queue"
	"cpd-jobs/reports"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/selection"
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

// ExportInput names a file. It is exported because huma reads no others where they are embedded.
type ExportInput struct {
	ID int64 `path:"id" minimum:"1"`
}

type exportOutput struct{ Body exports.Export }

// exportOrder asks for files.
type exportOrder struct {
	Body struct {
		Report  string          `json:"report" maxLength:"63" example:"school_onboarding"`
		Formats []string        `json:"formats" minItems:"1" maxItems:"10" example:"[\"xlsx\"]"`
		Where   selection.Where `json:"where,omitempty" doc:"Only rows that have these values, by column; an empty value means none. After a column's name .not asks for none of them, .from for at least, .to for at most"`
		Search  string          `json:"search,omitempty" maxLength:"200" doc:"Only rows whose name has these words, or whose postcode or key begins so"`
		Columns []string        `json:"columns,omitempty" maxItems:"200" doc:"Only these columns, in this order"`
		Sort    string          `json:"sort,omitempty" maxLength:"100" doc:"A column to order by; with a hyphen in front, the other way round"`
	}
}

func (a *api) addExports() {
	tags := []string{"Files"}
	add(a, access.Analyst, huma.Operation{Method: http.MethodGet, Path: "/exports", OperationID: "list-exports", Tags: tags,
		Summary: "List files", Description: "Exported files."}, a.listExports)
	add(a, access.Analyst, huma.Operation{Method: http.MethodGet, Path: "/exports/{id}", OperationID: "show-export", Tags: tags,
		Summary: "Show a file", Description: "What is known of an exported file."}, a.showExport)
	add(a, access.Analyst, huma.Operation{Method: http.MethodGet, Path: "/exports/{id}/file", OperationID: "download-export", Tags: tags,
		Summary: "Download a file", Description: "The file itself; ranges and conditions are honoured.",
		Responses: map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{
			"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}},
		}}}}, a.downloadExport)
	add(a, access.Analyst, huma.Operation{Method: http.MethodGet, Path: "/exports/{id}/description", OperationID: "describe-export", Tags: tags,
		Summary: "Describe a CSV file", Description: "The columns of a CSV file with their types and meaning (CSV on the Web). Files of other formats have none.",
		Responses: map[string]*huma.Response{"200": {Description: "The description", Content: map[string]*huma.MediaType{
			"application/csvm+json": {Schema: &huma.Schema{Type: "object"}},
		}}}}, a.describeExport)
	add(a, access.Analyst, huma.Operation{Method: http.MethodPost, Path: "/exports/{id}/links", OperationID: "hand-on-export", Tags: tags, DefaultStatus: http.StatusCreated,
		Errors: []int{http.StatusConflict}, Summary: "Make a share link", Description: "A signed link: anyone who has it can download this file without signing in, until it expires. Not for files with personal data."}, a.shareExport)
	add(a, access.Analyst, huma.Operation{Method: http.MethodPost, Path: "/exports", OperationID: "order-export", Tags: tags, DefaultStatus: http.StatusAccepted,
		Errors: []int{http.StatusConflict}, Summary: "Have files made", Description: "Starts a job that exports a report, or a part of it; when it has completed, its result names the files."}, a.orderExport)
}

func (a *api) listExports(ctx context.Context, in *exportsInput) (*exportsOutput, error) {
	names, err := a.named(ctx, in.Report)
	if err != nil {
		return nil, err
	}
	out := &exportsOutput{}
	out.Body.Exports = []exports.Export{}
	for _, name := range names { // each by itself: files that are not for who asks must not crowd out those that are
		list, err := exports.List(ctx, a.DB, name, in.Limit)
		if err != nil {
			return nil, err
		}
		out.Body.Exports = append(out.Body.Exports, list...)
	}
	slices.SortStableFunc(out.Body.Exports, func(x, y exports.Export) int {
		return cmp.Or(y.CreatedAt.Compare(x.CreatedAt), cmp.Compare(y.ID, x.ID))
	})
	out.Body.Exports = out.Body.Exports[:min(len(out.Body.Exports), in.Limit)]
	return out, nil
}

// named are the names of a report, or of all that the visitor may see.
func (a *api) named(ctx context.Context, report string) ([]string, error) {
	if report != "" {
		def, err := findReport(ctx, report)
		if err != nil {
			return nil, err
		}
		return []string{def.Name}, nil
	}
	var names []string
	for _, def := range reports.All() {
		if _, err := findReport(ctx, def.Name); err == nil {
			names = append(names, def.Name)
		}
	}
	return names, nil
}

func (a *api) showExport(ctx context.Context, in *ExportInput) (*exportOutput, error) {
	e, err := a.findExport(ctx, in.ID)
	return &exportOutput{Body: e}, err
}

func (a *api) downloadExport(ctx context.Context, in *ExportInput) (*huma.StreamResponse, error) {
	e, err := a.findExport(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return a.stream(func(w http.ResponseWriter, r *http.Request) error {
		if descriptionOf(e) != "" {
			describedBy(w, fmt.Sprintf("%s/exports/%d/description", apiPrefix, e.ID))
		}
		return a.serveFile(w, r, e, "")
	}), nil
}

func (a *api) describeExport(ctx context.Context, in *ExportInput) (*huma.StreamResponse, error) {
	e, err := a.findExport(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return a.stream(func(w http.ResponseWriter, r *http.Request) error { return a.sendDescription(w, r, e) }), nil
}

// linkOrder asks for a share link.
type linkOrder struct {
	ExportInput
	Body struct {
		Seconds int64 `json:"seconds" minimum:"60" maximum:"604800" example:"86400" doc:"How long it works"`
	}
	request *http.Request
}

// Resolve keeps the request, by which an address of these pages is known.
func (in *linkOrder) Resolve(ctx huma.Context) []error {
	in.request, _ = humago.Unwrap(ctx)
	return nil
}

type linkOutput struct {
	Body struct {
		URL       string    `json:"url" format:"uri" doc:"Anyone who has it can download the file without a token"`
		ExpiresAt time.Time `json:"expires_at"`
	}
}

func (a *api) shareExport(ctx context.Context, in *linkOrder) (*linkOutput, error) {
	e, err := a.findExport(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &linkOutput{}
	address, until, err := a.shareLink(ctx, e, time.Duration(in.Body.Seconds)*time.Second)
	out.Body.URL, out.Body.ExpiresAt = a.publicURL(in.request)+address, until
	return out, err
}

func (a *api) orderExport(ctx context.Context, in *exportOrder) (*jobOutput, error) {
	def, err := findReport(ctx, in.Body.Report)
	if err != nil {
		return nil, err
	}
	in.Body.Report = def.Name
	args, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	ticket, err := a.enqueue(ctx, "export", "report "+def.Name, queue.Request{Kind: exportKind, Args: args})
	return a.started(ctx, ticket, err)
}

// plainText is a text that PostgreSQL takes.
func plainText(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
}
