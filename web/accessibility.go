package web

import (
	"net/http"
	"strings"
)

// accessibilityPage is the statement that public bodies must make, in the parts and words that the model has.
type accessibilityPage struct {
	Service string
	Contact *option // who answers questions; nil where CONTACT is not set
}

func (accessibilityPage) Page() Page {
	return Page{Template: "accessibility.html", Title: "Accessibility statement"}
}

func (s *site) accessibility(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, accessibilityPage{Service: service, Contact: s.contact()})
}

// contact is a link to the people who answer for the pages; nil where CONTACT is not set.
func (s *site) contact() *option {
	switch {
	case s.Contact == "":
		return nil
	case strings.Contains(s.Contact, "://"):
		return &option{Text: s.Contact, Href: s.Contact}
	default:
		return &option{Text: s.Contact, Href: "mailto:" + s.Contact}
	}
}
