package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"cpd-jobs/internal/retention"
)

// Cookies that these pages set themselves, and how long the choice about others is kept.
const (
	choiceCookie = "analytics_choice" // yes or no
	saidCookie   = "cookies_said"     // what the next page is to confirm; gone once it has
	saidFor      = time.Minute
)

// Answers to whether analytics may be used.
const (
	answerYes = "yes"
	answerNo  = "no"
)

// agreement is what the visitor has said about cookies that are not needed.
type agreement struct {
	Asked bool   // analytics is configured, so there is something to agree to
	Said  string // answerYes, answerNo, or "" before they have said
	Just  string // the same where it was said on the page before
	Page  string // address of this page, to come back to
}

// Banner says that the question stands at the top of the page.
func (a agreement) Banner() bool { return a.Asked && a.Said == "" }

// Confirm says that the banner confirms the answer.
func (a agreement) Confirm() bool { return a.Asked && a.Just != "" }

// agreementOf reads what the visitor has said. Anything that is not plain agreement is none.
func (s *site) agreementOf(r *http.Request) agreement {
	a := agreement{Asked: s.Analytics.ID != "", Page: "/"}
	if r.Method == http.MethodGet {
		a.Page = r.URL.RequestURI()
	}
	a.Said, a.Just = answerIn(r, choiceCookie), answerIn(r, saidCookie)
	return a
}

func answerIn(r *http.Request, name string) string {
	if c, err := r.Cookie(name); err == nil && (c.Value == answerYes || c.Value == answerNo) {
		return c.Value
	}
	return ""
}

// cookieLine is a cookie as the page of cookies lists it.
type cookieLine struct{ Name, Purpose, Expires, By string }

// cookiesPage says which cookies there are, and asks about those that are not needed.
type cookiesPage struct {
	Essential, Analytics []cookieLine
	Asked                bool
	Said                 string
	Saved                string // what the visitor may go back to once the choice was saved; "" where it was not
	Problem              string
}

func (p cookiesPage) Page() Page {
	title := "Cookies"
	if p.Problem != "" {
		title = "Error: " + title
	}
	return Page{Template: "cookies.html", Title: title}
}

func (s *site) cookies(w http.ResponseWriter, r *http.Request) error {
	page := s.newCookiesPage(r)
	if r.URL.Query().Has("saved") {
		page.Saved = ownPath(r.URL.Query().Get("saved"))
	}
	return s.render(w, r, http.StatusOK, page)
}

func (s *site) newCookiesPage(r *http.Request) cookiesPage {
	a := s.agreementOf(r)
	page := cookiesPage{Asked: a.Asked, Said: a.Said}
	if s.gate != nil {
		page.Essential = append(page.Essential, cookieLine{s.gate.sessions.Cookie.Name, "Knows you while you are signed in", "when you close the browser, at most 10 hours", "this service"})
	}
	if a.Asked {
		page.Essential = append(page.Essential,
			cookieLine{choiceCookie, "Remembers what you said about analytics", "1 year", "this service"},
			cookieLine{saidCookie, "Has the next page confirm what you said", "1 minute", "this service"})
		page.Analytics = []cookieLine{
			{"_ga", "Helps us count how many people use this service, by a number made up at random", "1 year", "Google Analytics"},
			{"_ga_" + strings.TrimPrefix(s.Analytics.ID, "G-"), "Tells one visit from the next", "1 year", "Google Analytics"},
		}
	}
	return page
}

// chooseCookies keeps the visitor's choice, and deletes the cookies that they no longer want.
func (s *site) chooseCookies(w http.ResponseWriter, r *http.Request) error {
	if s.Analytics.ID == "" {
		return notFound("There is nothing to choose: only cookies that are needed are used.")
	}
	values, err := form(w, r)
	if err != nil {
		return err
	}
	answer := values.Get("analytics")
	if answer != answerYes && answer != answerNo {
		page := s.newCookiesPage(r)
		page.Problem = "Select yes or no"
		return s.render(w, r, http.StatusBadRequest, page)
	}
	s.setCookie(w, choiceCookie, answer, retention.CookieChoice)
	if answer == answerNo {
		s.forgetAnalytics(w, r)
	}
	back := ownPath(values.Get("return"))
	if values.Has("banner") {
		s.setCookie(w, saidCookie, answer, saidFor)
		http.Redirect(w, r, back, http.StatusSeeOther) // #nosec G710 -- ownPath gave it
		return nil
	}
	http.Redirect(w, r, "/cookies?"+url.Values{"saved": {back}}.Encode(), http.StatusSeeOther)
	return nil
}

// setCookie keeps a value for some time; none for a negative one.
func (s *site) setCookie(w http.ResponseWriter, name, value string, keep time.Duration) {
	http.SetCookie(w, &http.Cookie{ // #nosec G124 -- Secure where the pages are on https
		Name: name, Value: value, Path: "/", MaxAge: int(keep.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.https(),
	})
}

// https says that browsers come here over https alone.
func (s *site) https() bool { return s.gate != nil && strings.HasPrefix(s.gate.PublicURL, "https://") }

// forgetAnalytics deletes the cookies that Google's script set for these pages.
func (s *site) forgetAnalytics(w http.ResponseWriter, r *http.Request) {
	for _, c := range r.Cookies() {
		if c.Name == "_ga" || strings.HasPrefix(c.Name, "_ga_") {
			http.SetCookie(w, &http.Cookie{Name: c.Name, Path: "/", MaxAge: -1, SameSite: http.SameSiteLaxMode, Secure: s.https()}) // #nosec G124 -- Secure where the pages are on https
		}
	}
}
