package web

import (
	"net/http"
	"strings"
)

// accessibilityPage is the statement that public bodies must make, in the parts and words that the model has.
type accessibilityPage struct {
	Service string
	Contact *pick // who answers; nil where nobody is named
}

func (accessibilityPage) Page() Page {
	return Page{Template: "accessibility.html", Title: "Accessibility statement"}
}

func (s *site) accessibility(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, accessibilityPage{Service: service, Contact: s.contact()})
}

// contact is a link to who answers for the pages; nil where nobody is named.
func (s *site) contact() *pick {
	switch {
	case s.Contact == "":
		return nil
	case strings.Contains(s.Contact, "://"):
		return &pick{Text: s.Contact, Href: s.Contact}
	default:
		return &pick{Text: s.Contact, Href: "mailto:" + s.Contact}
	}
}
