package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cpd-jobs/internal/run"
)

// confirmPage asks the visitor to confirm an action, and for what else it needs to know. Its form posts to Action.
type confirmPage struct {
	Title   string
	Section string
	Text    []string // what will happen
	Warning string
	Fields  []field
	Hidden  []hidden
	Method  string // of the form: post, or get where there is one more page to come
	Action  string
	Button  string
	Risky   bool // the button is red
	Back    string
	Problem string // what was wrong with what was entered
}

// field is one question of a form.
type field struct {
	Name, Label, Hint string
	Value             string
	Choices           []choice // radio buttons; none: a line of text
}

// choice is one answer of a field.
type choice struct {
	Value, Text string
	Selected    bool
}

type hidden struct{ Name, Value string }

func (p confirmPage) Page() Page {
	title := p.Title
	if p.Problem != "" {
		title = "Error: " + title
	}
	return Page{Template: "confirm.html", Title: title, Section: p.Section}
}

// Wrong is the first field's address, for the summary of what is wrong.
func (p confirmPage) Wrong() string {
	if len(p.Fields) == 0 {
		return "#main-content"
	}
	return "#" + p.Fields[0].ID()
}

// ID is that of the field's first input.
func (f field) ID() string { return "field-" + f.Name }

// ChoiceID is the first choice's that of the field, so that links to the field lead to it.
func (f field) ChoiceID(i int) string {
	if i == 0 {
		return f.ID()
	}
	return f.ID() + "-" + strconv.Itoa(i)
}

// formLimit bounds what a form may send: a note of a few lines.
const formLimit = 64 << 10

// form reads what was posted.
func form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	if err := r.ParseForm(); err != nil {
		return nil, run.Invalid("go back and send it again", "the form cannot be read")
	}
	return r.PostForm, nil
}

// choose selects the choice with a value and says whether there is one.
func (f *field) choose(value string) bool {
	at := slices.IndexFunc(f.Choices, func(c choice) bool { return c.Value == value })
	for i := range f.Choices {
		f.Choices[i].Selected = i == max(at, 0)
	}
	return at >= 0
}

// note is a visitor's note, cut to a length that a table can show.
func note(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:200])
	}
	return text
}

// positive reads a number above 0, or 0 from "".
func positive(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, notFound("That is a whole number above 0.")
	}
	return n, nil
}

// seeOther leads on after an action, with what the next page is to say about it.
func seeOther(w http.ResponseWriter, r *http.Request, path, said string) error {
	target := url.URL{Path: path, RawQuery: url.Values{"said": {said}}.Encode()}
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
	return nil
}
