package web

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"cpd-jobs/reports/definition"
)

// dictionaryPage says what each column of a report means and what it is made from.
type dictionaryPage struct {
	Title, Report string
	Facts         []fact
	Picture       string // address of the lineage as a picture
	Columns       []definition.Column
	Views         []viewMeaning
}

// viewMeaning is a summary or list that is made with a report.
type viewMeaning struct {
	Title, Name, About string
	Columns            []nameMeaning
}

type nameMeaning struct{ Name, About string }

func (p dictionaryPage) Page() Page {
	return Page{Template: "dictionary.html", Title: "Data dictionary of " + p.Title, Section: "/"}
}

func (s *site) dictionary(w http.ResponseWriter, r *http.Request) error {
	def, err := findReport(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, newDictionaryPage(def))
}

func newDictionaryPage(def *definition.Definition) dictionaryPage {
	p := dictionaryPage{Title: def.Title, Report: reportPath(def.Name), Picture: reportPath(def.Name) + "/lineage.svg", Columns: def.Columns}
	made := ""
	for i, in := range def.Inputs {
		if i > 0 {
			made += ", "
		}
		made += inputTitle(string(in))
	}
	p.Facts = known([]fact{
		{Key: "One row for each", Text: def.Row}, {Key: "Known by", Text: def.Key}, {Key: "Made from", Text: made},
		{Key: "Table", Text: def.Schema + "." + def.Name}, {Key: "Definition", Text: "version " + def.Version},
	})
	for _, v := range def.AllViews() {
		m := viewMeaning{Title: v.Title, Name: def.Schema + "." + v.Name, About: v.About}
		for _, name := range slices.Sorted(maps.Keys(v.Columns)) {
			m.Columns = append(m.Columns, nameMeaning{name, v.Columns[name].About})
		}
		p.Views = append(p.Views, m)
	}
	return p
}

// lineage is the picture of what each column is made from.
func (s *site) lineage(w http.ResponseWriter, r *http.Request) error {
	def, err := findReport(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	if err := def.WriteLineage(w); err != nil {
		return fmt.Errorf("draw the lineage of %s: %w", def.Name, err)
	}
	return nil
}
