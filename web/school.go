package web

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/reports/definition"
	"cpd-jobs/web/rows"
)

// schoolPage is all that is known of one school.
type schoolPage struct {
	Name, URN string
	Gone      bool // not in the report, or no longer
	AsOf      *time.Time
	Columns   []columnLine
	History   []changeLine
	Register  []fact
	Links     []linkLine
	Changes   []changeLine // of the register
}

// columnLine is a value with what it means.
type columnLine struct {
	Title, About string
	HTML         template.HTML
}

// changeLine is a cell that changed.
type changeLine struct {
	At       time.Time
	What     string
	Old, New string
	Version  int64 // of the report; 0 for the register
}

// linkLine leads to a school that this one is linked to in the register.
type linkLine struct {
	URN, Name, Type string
	Since           *time.Time
}

func (p schoolPage) Page() Page {
	return Page{Template: "school.html", Title: p.Name, Section: "/"}
}

func schoolPath(urn string) string { return "/schools/" + url.PathEscape(urn) }

var urnForm = regexp.MustCompile(`^[0-9]{1,9}$`)

var noSchool = notFound("There is no school of that number in the report, its history or the register.")

func (s *site) school(w http.ResponseWriter, r *http.Request) error {
	urn := r.PathValue("urn")
	if !urnForm.MatchString(urn) {
		return noSchool
	}
	def, err := findReport(r.Context(), schoolOnboarding)
	if err != nil {
		return err
	}
	p := schoolPage{URN: urn}
	for _, part := range []func(context.Context, *definition.Definition, *schoolPage) error{s.schoolRow, s.schoolHistory, s.schoolRegister, s.schoolLinks, s.schoolChanges} {
		if err := part(r.Context(), def, &p); err != nil {
			return err
		}
	}
	if p.Gone && len(p.History) == 0 && len(p.Register) == 0 {
		return noSchool
	}
	return s.render(w, r, http.StatusOK, p)
}

func (s *site) schoolRow(ctx context.Context, def *definition.Definition, p *schoolPage) error {
	sel := rows.Selection{Where: []rows.Condition{{Column: def.Key, Values: []string{p.URN}}}}
	found, err := rows.Read(ctx, s.DB, def, sel, "", 1)
	if err != nil {
		return err
	}
	p.Name, p.Gone = "School "+p.URN, len(found.Rows) == 0
	if p.Gone {
		return nil
	}
	for i, c := range def.Columns {
		value := found.Rows[0][i]
		if c.Name == "as_of" {
			if at, ok := value.(time.Time); ok {
				p.AsOf = &at
			}
		}
		if name, ok := value.(string); ok && c.Name == "name" {
			p.Name = name
		}
		p.Columns = append(p.Columns, columnLine{Title: c.Title, About: c.About, HTML: showValue(c, value)})
	}
	return nil
}

// changesShown is how many changes a school's page shows of each kind.
const changesShown = 200

// historyRow is a row of the report's log of changes.
type historyRow struct {
	Version     int64
	PublishedAt time.Time
	Action      string
	Reason      *string
	ColumnName  *string
	Old, New    json.RawMessage
}

func (s *site) schoolHistory(ctx context.Context, def *definition.Definition, p *schoolPage) error {
	found, _ := s.DB.Query(ctx, `
		SELECT c.version, f.published_at, c.action, c.reason, c.column_name, c.old, c.new
		FROM reports.school_onboarding_changes AS c
		JOIN reports.refreshes AS f ON f.report = 'school_onboarding' AND f.version = c.version
		WHERE c.urn = $1 ORDER BY c.version DESC, c.column_name LIMIT $2`, p.URN, changesShown)
	list, err := pgx.CollectRows(found, pgx.RowToStructByName[historyRow])
	if err != nil {
		return fmt.Errorf("read the history of school %s: %w", p.URN, err)
	}
	for _, h := range list {
		p.History = append(p.History, h.line(def))
		if h.Action == "removed" && p.Gone {
			var row struct {
				Name string `json:"name"`
			}
			if json.Unmarshal(h.Old, &row) == nil && row.Name != "" {
				p.Name = row.Name
			}
		}
	}
	return nil
}

func (h historyRow) line(def *definition.Definition) changeLine {
	l := changeLine{At: h.PublishedAt, Version: h.Version}
	switch {
	case h.Action == "added":
		l.What = "Came into the report"
	case h.Action == "removed":
		l.What = "Left the report"
		if h.Reason != nil {
			l.What += ": " + words(*h.Reason)
		}
	case h.ColumnName != nil:
		c, ok := def.Column(*h.ColumnName)
		if l.What = c.Title; !ok {
			l.What = words(*h.ColumnName)
		}
		l.Old, l.New = jsonText(c, h.Old), jsonText(c, h.New)
	}
	return l
}

// jsonText is a value of the log of changes as people read it.
func jsonText(c definition.Column, raw json.RawMessage) string {
	var v any
	if raw == nil || json.Unmarshal(raw, &v) != nil {
		return ""
	}
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		return map[bool]string{true: "Yes", false: "No"}[v]
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil && c.Type == "timestamp" {
			return ukTime(at)
		}
		if c.Name == "stage" || c.Name == "route" {
			return codeWords(v)
		}
		return v
	case []any:
		text := ""
		for i, item := range v {
			if i > 0 {
				text += ", "
			}
			text += codeWords(fmt.Sprint(item))
		}
		return text
	default:
		return string(raw)
	}
}

// registerRow is what the register says of a school.
type registerRow struct {
	Name        string
	Status      *string
	Type        *string
	Opened      *time.Time
	Closed      *time.Time
	LastChanged time.Time
	GoneSince   *time.Time
}

func (s *site) schoolRegister(ctx context.Context, _ *definition.Definition, p *schoolPage) error {
	found, _ := s.DB.Query(ctx, `
		SELECT establishment_name AS name, establishment_status_name AS status, type_of_establishment_name AS type,
		       nullif(open_date, '1900-01-01')::timestamptz AS opened, close_date::timestamptz AS closed, last_changed, gone_since
		FROM gias.establishments WHERE urn = $1`, p.URN)
	list, err := pgx.CollectRows(found, pgx.RowToStructByName[registerRow])
	if err != nil {
		return fmt.Errorf("read the register on school %s: %w", p.URN, err)
	}
	if len(list) == 0 {
		return nil
	}
	e := list[0]
	if p.Gone && len(p.History) == 0 {
		p.Name = e.Name
	}
	p.Register = known([]fact{
		{Key: "Name", Text: e.Name}, {Key: "Status", Text: text(e.Status)}, {Key: "Type", Text: text(e.Type)},
		{Key: "Opened", Text: day(e.Opened)}, {Key: "Closed", Text: day(e.Closed)},
		{Key: "Last changed here", At: &e.LastChanged}, {Key: "No longer in the register since", At: e.GoneSince},
	})
	return nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func day(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format("2 January 2006")
}

func (s *site) schoolLinks(ctx context.Context, _ *definition.Definition, p *schoolPage) error {
	found, _ := s.DB.Query(ctx, `
		SELECT link_urn AS urn, coalesce(link_name, link_urn) AS name, link_type AS type, link_established_date::timestamptz AS since
		FROM gias.links WHERE urn = $1 ORDER BY link_established_date NULLS LAST, link_urn, link_type LIMIT $2`, p.URN, changesShown)
	list, err := pgx.CollectRows(found, pgx.RowToStructByName[linkLine])
	if err != nil {
		return fmt.Errorf("read the links of school %s: %w", p.URN, err)
	}
	p.Links = list
	return nil
}

// Day is since when, as people write it.
func (l linkLine) Day() string { return day(l.Since) }

// Href leads to the other school's page.
func (l linkLine) Href() string { return schoolPath(l.URN) }

// schoolChanges leaves addresses of people out: they may name somebody.
func (s *site) schoolChanges(ctx context.Context, _ *definition.Definition, p *schoolPage) error {
	found, _ := s.DB.Query(ctx, `
		SELECT changed_at AS at, field AS what, 0::bigint AS version,
		       CASE WHEN field ILIKE '%email%' OR old ~ '\S@\S+\.\S' THEN CASE WHEN old IS NULL THEN '' ELSE '(an address)' END ELSE coalesce(old, '') END AS old,
		       CASE WHEN field ILIKE '%email%' OR new ~ '\S@\S+\.\S' THEN CASE WHEN new IS NULL THEN '' ELSE '(an address)' END ELSE coalesce(new, '') END AS new
		FROM gias.changes WHERE urn = $1 ORDER BY id DESC LIMIT $2`, p.URN, changesShown)
	list, err := pgx.CollectRows(found, pgx.RowToStructByName[changeLine])
	if err != nil {
		return fmt.Errorf("read what the register changed on school %s: %w", p.URN, err)
	}
	p.Changes = list
	return nil
}
