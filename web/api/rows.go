package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"cpd-jobs/reports/definition"
	"cpd-jobs/web/rows"
)

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

func (a *API) rows() {
	op := huma.Operation{Method: http.MethodGet, Path: "/reports/{report}/rows", OperationID: "list-rows", Tags: []string{"Reports"},
		Summary: "Read rows", Description: "Rows of a report that match all conditions, page by page as JSON or all of them as CSV. " +
			"A condition is a column with a value, several times for any of several values; after the column's name .not asks for none of them, .from for at least, .to for at most. (none) stands for an empty cell."}
	op.Parameters = []*huma.Param{{
		Name: "where", In: "query", Style: "form", Explode: new(true), Example: map[string]any{"region_name": "London", "contacts.from": "3"},
		Description: "Conditions: column=value, column.not=value, column.from=value, column.to=value",
		Schema:      &huma.Schema{Type: "object", AdditionalProperties: &huma.Schema{Type: "string"}},
	}}
	registry := a.huma.OpenAPI().Components.Schemas
	answer := registry.Schema(typeOf[rowsAnswer](), true, "RowsAnswer")
	op.Responses = map[string]*huma.Response{"200": {Description: "The rows", Content: map[string]*huma.MediaType{
		"application/json": {Schema: answer},
		"text/csv":         {Schema: &huma.Schema{Type: "string"}},
	}}}
	add(a, analyst, op, a.listRows)
	add(a, analyst, huma.Operation{Method: http.MethodGet, Path: "/reports/{report}/rows/{key}", OperationID: "show-row", Tags: []string{"Reports"},
		Summary: "Read a row", Description: "One row of a report, by its key."}, a.showRow)
}

func (a *API) listRows(ctx context.Context, in *rowsInput) (*huma.StreamResponse, error) {
	def, err := in.open()
	if err != nil {
		return nil, err
	}
	sel, err := rows.Parse(def, in.query, rows.ParamAfter, "limit", "format")
	if err != nil {
		return nil, err
	}
	if in.Format == "csv" {
		return a.rowsCSV(ctx, def, sel)
	}
	page, err := rows.Read(ctx, a.DB, def, sel, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	body := rowsAnswer{Version: page.Version, Rows: make([]Row, len(page.Rows))}
	if body.Count, err = a.counter.Count(ctx, a.DB, def, sel, page, in.After == ""); err != nil {
		return nil, err
	}
	columns := rows.ColumnsOf(def, sel)
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

// rowsCSV reads the first rows before anything is written, so that what is wrong is still an answer.
func (a *API) rowsCSV(ctx context.Context, def *definition.Definition, sel rows.Selection) (*huma.StreamResponse, error) {
	first, err := rows.Read(ctx, a.DB, def, sel, "", rows.AtOnce)
	if err != nil {
		return nil, err
	}
	live, ok, err := a.liveVersion(ctx, def)
	if err != nil {
		return nil, err
	}
	name := strings.ReplaceAll(def.Name, "_", "-") + "-selection.csv"
	if ok {
		name = fmt.Sprintf("%s-%s-selection.csv", strings.ReplaceAll(def.Name, "_", "-"), live.AsOf.UTC().Format("2006-01-02T1504Z"))
	}
	return &huma.StreamResponse{
		Body: func(hc huma.Context) {
			hc.SetHeader("Content-Type", "text/csv; charset=utf-8; header=present")
			hc.SetHeader("Content-Disposition", `attachment; filename="`+name+`"`)
			_, w := humago.Unwrap(hc)
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a long download outlives the limit on reading the request
			if err := rows.WriteCSV(hc.Context(), hc.BodyWriter(), a.DB, def, sel, first); err != nil {
				a.Log.ErrorContext(hc.Context(), "selection cut off", "report", def.Name, "error", err)
				panic(http.ErrAbortHandler) // half a file must not pass for a whole one
			}
		},
	}, nil
}

func (a *API) showRow(ctx context.Context, in *rowInput) (*rowOne, error) {
	def, err := in.open()
	if err != nil {
		return nil, err
	}
	sel, err := rows.Parse(def, url.Values{def.Key: {in.Key}})
	if err != nil {
		return nil, err
	}
	page, err := rows.Read(ctx, a.DB, def, sel, "", 1)
	if err != nil {
		return nil, err
	}
	if len(page.Rows) == 0 || len(sel.Where) == 0 {
		return nil, missing("The report has no such row.")
	}
	return &rowOne{Body: rowOf(def.Columns, page.Rows[0])}, nil
}
