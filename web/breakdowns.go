package web

import (
	"net/http"
	"slices"
	"strings"

	"cpd-jobs/reports/definition"
)

// breakdown is one way in which the schools of a report are divided, and the view that counts them.
type breakdown struct {
	key, text string
	view      string
	kind      string   // which rows of the view; "" is all
	names     []string // columns that say what is counted, the first of them what it is divided by
	filter    string   // the column by which Explore finds the same schools; "" where it has none
}

// breakdowns are those of the School onboarding report, the one that people ask for most first.
var breakdowns = []breakdown{
	{key: "region", text: "Region", view: "school_onboarding_by_region", names: []string{"region_name"}, filter: "region_name"},
	{key: "local-authority", text: "Local authority", view: "school_onboarding_by_local_authority", names: []string{"la_name", "region_name"}, filter: "la_name"},
	{key: "phase", text: "Phase", view: "school_onboarding_by_kind", kind: "Phase", names: []string{"name"}, filter: "school_phase_name"},
	{key: "type", text: "Type", view: "school_onboarding_by_kind", kind: "Type", names: []string{"name"}, filter: "school_type_name"},
	{key: "type-group", text: "Type group", view: "school_onboarding_by_kind", kind: "Type group", names: []string{"name"}},
	{key: "route", text: "Route", view: "school_onboarding_by_route", names: []string{"route"}, filter: "route"},
	{key: "provider", text: "Lead provider and delivery partner", view: "school_onboarding_by_provider", names: []string{"lead_provider", "delivery_partner"}, filter: "cohort_lead_provider"},
	{key: "section-41", text: "Section 41", view: "school_onboarding_by_kind", kind: "Section 41", names: []string{"name"}},
	{key: "funding", text: "Funded training", view: "school_onboarding_by_kind", kind: "Funded training", names: []string{"name"}},
}

// figureTitles say the columns of breakdowns in words; stages have their own.
var figureTitles = map[string]string{
	"tutor_share":              "With a tutor",
	"programme_share":          "Programme chosen or further",
	"provision_share":          "Provision in place or further",
	"participants_share":       "Participants registered, share",
	"la_name":                  "Local authority",
	"region_name":              "Region",
	"challenged":               "Partnership challenged, at any stage",
	"partnered":                "In a partnership",
	"without_delivery_partner": "Without a delivery partner",
}

// figures is a table of counts: a row for each thing that is counted.
type figures struct {
	By    string // what the schools are divided by
	Names []string
	Heads []string
	Lines []figuresLine
}

// figuresLine is a row: what is counted, and how many there are.
type figuresLine struct {
	Name, Href string
	More       []string // what else the row is named by
	Cells      []string
}

// breakdownPage is a report divided one way.
type breakdownPage struct {
	Title, Report string // of the report, and its address
	By            string
	About         string
	Ways          []pick // other ways to divide it
	Groups        []pick // of schools
	Figures       figures
}

// pick is one of some links of which one is where the visitor is.
type pick struct {
	Text, Href string
	Current    bool
}

func (p breakdownPage) Page() Page {
	return Page{Template: "breakdown.html", Title: p.Title + " by " + strings.ToLower(p.By), Section: "/"}
}

func breakdownPath(def *definition.Definition, key, group string) string {
	path := reportPath(def.Name) + "/by/" + key
	if group != eligibilities[0].name {
		path += "?schools=" + group
	}
	return path
}

// breakdownsOf are the ways in which a report is divided; none but the School onboarding report is.
func breakdownsOf(def *definition.Definition) []breakdown {
	if def.Name != schoolOnboarding {
		return nil
	}
	return breakdowns
}

func (s *site) breakdown(w http.ResponseWriter, r *http.Request) error {
	def, err := findReport(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	list := breakdownsOf(def)
	at := slices.IndexFunc(list, func(b breakdown) bool { return b.key == r.PathValue("by") })
	if at < 0 {
		return notFound("The report is not divided that way.")
	}
	group, err := groupOf(r.URL.Query().Get("schools"))
	if err != nil {
		return err
	}
	page := breakdownPage{Title: def.Title, Report: reportPath(def.Name), By: list[at].text, About: aboutView(def, list[at].view)}
	for _, b := range list {
		page.Ways = append(page.Ways, pick{Text: b.text, Href: breakdownPath(def, b.key, group), Current: b.key == list[at].key})
	}
	page.Groups = groups(func(group string) string { return breakdownPath(def, list[at].key, group) }, group)
	if page.Figures, err = s.figuresOf(r.Context(), def, list[at], group); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page)
}

func aboutView(def *definition.Definition, name string) string {
	for _, v := range def.Views {
		if v.Name == name {
			return v.About
		}
	}
	return ""
}
