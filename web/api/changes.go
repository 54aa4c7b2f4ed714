package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"

	"cpd-jobs/web/rows"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// Change is a row that came or went, or a cell that changed.
type Change struct {
	Version     int64           `json:"version" doc:"The refresh that did it"`
	PublishedAt time.Time       `json:"published_at"`
	Key         string          `json:"key" doc:"Of the row"`
	Action      string          `json:"action" enum:"added,removed,changed"`
	Reason      *string         `json:"reason" doc:"Why the row was removed"`
	Column      *string         `json:"column" doc:"The cell; null where a whole row came or went"`
	Old         json.RawMessage `json:"old" doc:"The cell before; the whole row where it was removed"`
	New         json.RawMessage `json:"new" doc:"The cell after"`
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
		Changes []Change `json:"changes" doc:"Oldest first"`
		Next    *string  `json:"next" doc:"Give it as after for the changes that follow; null after the last"`
	}
}

// changePlace is where a page of changes ended.
type changePlace struct {
	Version int64  `json:"v"`
	Key     string `json:"k"`
	Column  string `json:"c"`
}

func (a *API) changes() {
	add(a, analyst, huma.Operation{Method: http.MethodGet, Path: "/reports/{report}/changes", OperationID: "list-changes", Tags: []string{"Reports"},
		Summary: "Read changes", Description: "What refreshes added, removed and changed, cell by cell, in order."}, a.listChanges)
}

func (a *API) listChanges(ctx context.Context, in *changesInput) (*changesOutput, error) {
	def, err := in.open()
	if err != nil {
		return nil, err
	}
	place := changePlace{Version: in.Since}
	if in.After != "" {
		raw, err := base64.RawURLEncoding.DecodeString(in.After)
		if err != nil || json.Unmarshal(raw, &place) != nil {
			return nil, rows.ErrCursor
		}
	} else {
		place.Version, place.Key = in.Since+1, "" // before all changes of the next version
	}
	key := pgx.Identifier{def.Key}.Sanitize()
	found, _ := a.DB.Query(ctx, fmt.Sprintf(`
		SELECT c.version, f.published_at, c.%[1]s::text AS key, c.action, c.reason, c.column_name AS column, c.old, c.new
		FROM %[2]s AS c JOIN reports.refreshes AS f ON f.report = $1 AND f.version = c.version
		WHERE c.version >= $2 AND (c.version, c.%[1]s::text COLLATE "C", coalesce(c.column_name, '') COLLATE "C") > ($2, $3, $4) AND ($5 = '' OR c.%[1]s::text = $5)
		ORDER BY c.version, c.%[1]s::text COLLATE "C", coalesce(c.column_name, '') COLLATE "C" LIMIT $6`, key, def.Changes().Sanitize()),
		def.Name, place.Version, plainText(place.Key), plainText(place.Column), plainText(in.Key), in.Limit+1)
	list, err := pgx.CollectRows(found, pgx.RowToStructByName[Change])
	if err != nil {
		return nil, fmt.Errorf("read the changes of %s: %w", def.Name, err)
	}
	out := &changesOutput{}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.Next = placeAfter(list[in.Limit-1])
	}
	out.Body.Changes = list
	return out, nil
}

func placeAfter(c Change) *string {
	place := changePlace{Version: c.Version, Key: c.Key}
	if c.Column != nil {
		place.Column = *c.Column
	}
	raw, _ := json.Marshal(place) // a number and two texts
	text := base64.RawURLEncoding.EncodeToString(raw)
	return &text
}
