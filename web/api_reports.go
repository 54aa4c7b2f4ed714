package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"cpd-jobs/internal/access"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/selection"
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

func (a *api) addReports() {
	add(a, access.Analyst, huma.Operation{Method: http.MethodGet, Path: "/reports", OperationID: "list-reports", Tags: []string{"Reports"},
		Summary: "List reports", Description: "Every report and how fresh it is."}, a.listReports)
	add(a, access.Analyst, huma.Operation{Method: http.MethodGet, Path: "/reports/{report}", OperationID: "show-report", Tags: []string{"Reports"},
		Summary: "Show a report", Description: "A report with the meaning of its columns."}, a.showReport)
	add(a, access.Analyst, huma.Operation{Method: http.MethodGet, Path: "/reports/{report}/refreshes", OperationID: "list-refreshes", Tags: []string{"Reports"},
		Summary: "List refreshes", Description: "What each refresh of a report published, and from what."}, a.listRefreshes)
}

func (a *api) listReports(ctx context.Context, _ *struct{}) (*reportList, error) {
	overviews, err := reports.Summaries(ctx, a.DB)
	if err != nil {
		return nil, err
	}
	out := &reportList{}
	out.Body.Reports = []Report{}
	for _, o := range overviews {
		if def, err := findReport(ctx, o.Name); err == nil {
			out.Body.Reports = append(out.Body.Reports, Report{Name: o.Name, Title: o.Title, About: o.About, Personal: def.Restricted(), Formats: o.Formats, FreshnessSeconds: int64(o.Freshness / time.Second), Latest: o.Latest})
		}
	}
	return out, nil
}

func (a *api) showReport(ctx context.Context, in *ReportInput) (*reportOne, error) {
	def, err := findReport(ctx, in.Report)
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

func (a *api) listRefreshes(ctx context.Context, in *refreshInput) (*refreshList, error) {
	def, err := findReport(ctx, in.Report)
	if err != nil {
		return nil, err
	}
	out := &refreshList{}
	out.Body.Refreshes, err = versions.List(ctx, a.DB, def.Name, in.Limit)
	return out, err
}

// Row is one row: values by column, null where a cell is empty.
type Row map[string]any

// rowsInput is what may be asked of a report's rows. Its conditions are read from the address itself: their names are
// those of columns.
type rowsInput struct {
	ReportInput
	Search  string   `query:"q" maxLength:"200" doc:"Words of a name, or the beginning of a URN or a postcode"`
	Sort    string   `query:"sort" maxLength:"100" doc:"A column to order by; with a hyphen in front, the other way round. Empty cells come last" example:"-first_contacted_at"`
	Columns []string `query:"columns" doc:"Only these columns, in this order"`
	After   string   `query:"after" maxLength:"2000" doc:"What the page before gave as next; rows as JSON only"`
	Limit   int      `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Rows at most; rows as JSON only"`
	Format  string   `query:"format" enum:"json,csv" default:"json" doc:"csv gives all rows of the selection in one file"`

	query url.Values
}

// Resolve keeps the address for its conditions.
func (in *rowsInput) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	in.query = r.URL.Query()
	return nil
}

// rowsAnswer is the body of the JSON form.
type rowsAnswer struct {
	Version int64   `json:"version" doc:"The version of the report that the rows are of; a page of another version may repeat or miss rows"`
	Count   int64   `json:"count" doc:"Rows that match, on all pages"`
	Rows    []Row   `json:"rows"`
	Next    *string `json:"next" doc:"Give it as after for the rows that follow; null after the last"`
}

type rowInput struct {
	ReportInput
	Key string `path:"key" maxLength:"100" example:"100001"`
}

type rowOne struct{ Body Row }

func (a *api) addRows() {
	op := huma.Operation{Method: http.MethodGet, Path: "/reports/{report}/rows", OperationID: "list-rows", Tags: []string{"Reports"},
		Summary: "Read rows", Description: "Rows of a report that match all conditions, page by page as JSON or all of them as CSV. " +
			"A condition is a column with a value, several times for any of several values; after the column's name .not asks for none of them, .from for at least, .to for at most. (none) stands for an empty cell."}
	op.Parameters = []*huma.Param{{
		Name: "where", In: "query", Style: "form", Explode: new(true), Example: map[string]any{"region_name": "London", "contacts.from": "3"},
		Description: "Conditions: column=value, column.not=value, column.from=value, column.to=value",
		Schema:      &huma.Schema{Type: "object", AdditionalProperties: &huma.Schema{Type: "string"}},
	}}
	registry := a.huma.OpenAPI().Components.Schemas
	answer := registry.Schema(reflect.TypeFor[rowsAnswer](), true, "RowsAnswer")
	op.Responses = map[string]*huma.Response{"200": {Description: "The rows", Content: map[string]*huma.MediaType{
		"application/json": {Schema: answer},
		"text/csv":         {Schema: &huma.Schema{Type: "string"}},
	}}}
	add(a, access.Analyst, op, a.listRows)
	add(a, access.Analyst, huma.Operation{Method: http.MethodGet, Path: "/reports/{report}/rows/{key}", OperationID: "show-row", Tags: []string{"Reports"},
		Summary: "Read a row", Description: "One row of a report, by its key."}, a.showRow)
}

func (a *api) listRows(ctx context.Context, in *rowsInput) (*huma.StreamResponse, error) {
	def, err := findOpen(in.Report)
	if err != nil {
		return nil, err
	}
	sel, err := selection.Parse(def, in.query, selection.ParamAfter, "limit", "format")
	if err != nil {
		return nil, err
	}
	if in.Format == "csv" {
		return a.stream(func(w http.ResponseWriter, r *http.Request) error { return a.streamCSV(w, r, def, sel) }), nil
	}
	page, err := selection.Read(ctx, a.DB, def, sel, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	a.recordRead(ctx, "read rows", def.Name)
	body := rowsAnswer{Version: page.Version, Rows: make([]Row, len(page.Rows))}
	if body.Count, err = a.counter.Count(ctx, a.DB, def, sel, page, in.After == ""); err != nil {
		return nil, err
	}
	columns := selection.ColumnsOf(def, sel)
	for i, values := range page.Rows {
		body.Rows[i] = rowOf(columns, values)
	}
	if page.Next != "" {
		body.Next = &page.Next
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/json")
		_ = json.NewEncoder(hc.BodyWriter()).Encode(body) // the caller has gone: nothing to do about it
	}}, nil
}

func rowOf(columns []definition.Column, values []any) Row {
	row := make(Row, len(columns))
	for i, c := range columns {
		row[c.Name] = values[i]
		if at, ok := values[i].(time.Time); ok && c.Type == "date" {
			row[c.Name] = at.Format(time.DateOnly)
		}
	}
	return row
}

func (a *api) showRow(ctx context.Context, in *rowInput) (*rowOne, error) {
	def, err := findOpen(in.Report)
	if err != nil {
		return nil, err
	}
	sel, err := selection.Parse(def, url.Values{def.Key: {in.Key}})
	if err != nil {
		return nil, err
	}
	page, err := selection.Read(ctx, a.DB, def, sel, "", 1)
	if err != nil {
		return nil, err
	}
	if len(page.Rows) == 0 || len(sel.Where) == 0 {
		return nil, notFound("The report has no such row.")
	}
	return &rowOne{Body: rowOf(def.Columns, page.Rows[0])}, nil
}

type changesInput struct {
	ReportInput
	Since int64  `query:"since" minimum:"0" doc:"Only changes of later versions than this"`
	Key   string `query:"key" maxLength:"100" doc:"Only changes of this row"`
	After string `query:"after" maxLength:"2000" doc:"What the page before gave as next"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type changesOutput struct {
	Body struct {
		Changes []versions.Change `json:"changes" doc:"Oldest first"`
		Next    *string           `json:"next" doc:"Give it as after for the changes that follow; null after the last"`
	}
}

func (a *api) addChanges() {
	add(a, access.Analyst, huma.Operation{Method: http.MethodGet, Path: "/reports/{report}/changes", OperationID: "list-changes", Tags: []string{"Reports"},
		Summary: "Read changes", Description: "What refreshes added, removed and changed, cell by cell, in order."}, a.listChanges)
}

func (a *api) listChanges(ctx context.Context, in *changesInput) (*changesOutput, error) {
	def, err := findOpen(in.Report)
	if err != nil {
		return nil, err
	}
	place := versions.ChangePlace{Version: in.Since + 1} // before all changes of the next version
	if in.After != "" {
		raw, err := base64.RawURLEncoding.DecodeString(in.After)
		if err != nil || json.Unmarshal(raw, &place) != nil {
			return nil, selection.ErrCursor
		}
	}
	place.Key, place.Column = plainText(place.Key), plainText(place.Column)
	list, err := versions.Changes(ctx, a.DB, def, place, plainText(in.Key), in.Limit+1)
	if err != nil {
		return nil, err
	}
	a.recordRead(ctx, "read changes", def.Name)
	out := &changesOutput{}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.Next = placeAfter(list[in.Limit-1])
	}
	out.Body.Changes = list
	return out, nil
}

func placeAfter(c versions.Change) *string {
	place := versions.ChangePlace{Version: c.Version, Key: c.Key}
	if c.Column != nil {
		place.Column = *c.Column
	}
	raw, _ := json.Marshal(place) // a number and two texts
	text := base64.RawURLEncoding.EncodeToString(raw)
	return &text
}
