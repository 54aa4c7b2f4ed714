package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focusedElement says what has the focus: where it stands among all that can have it, and whether it can be seen to.
// Of a radio button the mark is drawn by its label.
const focusedElement = `(() => {
	const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]')]
		.filter(e => e.tabIndex >= 0 && e.checkVisibility())
		.filter(e => e.type !== 'radio' || e.checked || !document.querySelector('input[name="' + e.name + '"]:checked'))
	const e = document.activeElement
	if (!e || e === document.body) return {at: -1, all: all.length, name: 'nothing', seen: true}
	const marked = s => s.boxShadow !== 'none' || (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0)
	const box = e.getBoundingClientRect()
	const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth
	const label = e.labels && e.labels[0]
	return {
		at: all.indexOf(e), all: all.length,
		name: e.tagName + ' ' + (e.innerText || e.name || e.getAttribute('aria-label') || '').trim().slice(0, 40),
		seen: inside && (marked(getComputedStyle(e)) || (label && marked(getComputedStyle(label, '::before')))),
	}
})()`

type focused struct {
	At, All int
	Name    string
	Seen    bool
}

func press(t *testing.T, tab context.Context, keys string) {
	t.Helper()
	do(t, tab, chromedp.KeyEvent(keys))
}

// byKeyboard are the pages with most to press, on which the others have nothing that these have not.
var byKeyboard = []string{"reports", "report", "changes", "breakdown", "file", "runs", "running-run", "schedule", "backfill-plan", "tokens", "cookies", "explore", "not-found"}

// TestEveryPageIsReachedByKeyboard goes through each page with the tab key: everything that can have the focus gets it,
// in the order of the page, and shows it.
func TestEveryPageIsReachedByKeyboard(t *testing.T) {
	t.Parallel()
	f, site := newWhole(t)
	tab := newTab(t)
	do(t, tab, chromedp.EmulateViewport(1280, 900))
	for name, address := range addresses(f) {
		if !full && !slices.Contains(byKeyboard, name) {
			continue
		}
		do(t, tab, chromedp.Navigate(site+address), chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`))
		walkByTab(t, tab, name)
	}
}

func walkByTab(t *testing.T, tab context.Context, name string) {
	t.Helper()
	for want := 0; ; want++ {
		press(t, tab, kb.Tab)
		got := evaluate[focused](t, tab, focusedElement)
		if got.At != want {
			t.Errorf("%s: tab %d leads to %s, number %d of %d", name, want+1, got.Name, got.At, got.All)
			return
		}
		if !got.Seen {
			t.Errorf("%s: %s has the focus and does not show it", name, got.Name)
		}
		if want == 0 && !strings.Contains(got.Name, "Skip to main content") {
			t.Errorf("%s: the first tab leads to %s", name, got.Name)
		}
		if want == got.All-1 {
			return
		}
	}
}

func TestTheSkipLinkSkips(t *testing.T) {
	t.Parallel()
	_, site := newWhole(t)
	tab := newTab(t)
	do(t, tab, chromedp.Navigate(site+"/runs"), chromedp.WaitVisible(`//h1`))
	press(t, tab, kb.Tab)
	press(t, tab, kb.Enter)
	press(t, tab, kb.Tab)
	if !evaluate[bool](t, tab, `document.querySelector('main').contains(document.activeElement)`) {
		t.Error("after the skip link the next tab is not in the main part of the page")
	}
}

// tabTo presses tab until what a selector names has the focus.
func tabTo(t *testing.T, tab context.Context, selector string) {
	t.Helper()
	for range 500 {
		press(t, tab, kb.Tab)
		if evaluate[bool](t, tab, fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
			return
		}
	}
	t.Fatalf("no tab leads to %s", selector)
}

// TestTheKeyboardAloneWillDo filters, follows a school and pauses a schedule without a mouse, with and without
// JavaScript.
func TestTheKeyboardAloneWillDo(t *testing.T) {
	t.Parallel()
	_, site := newWhole(t)
	for _, noJavaScript := range []bool{false, true} {
		tab := newTab(t)
		if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: noJavaScript}); err != nil {
			t.Fatal(err)
		}
		do(t, tab, chromedp.Navigate(site+"/reports/school-onboarding/explore"), chromedp.WaitVisible(`//h1`))
		tabTo(t, tab, "#q")
		press(t, tab, "school 12")
		tabTo(t, tab, "#filter-la_name")
		press(t, tab, "Authority 7")
		tabTo(t, tab, ".app-filters button")
		press(t, tab, kb.Enter)
		do(t, tab, chromedp.WaitVisible(`//option[@selected and text()="Authority 7"]/ancestor::form`), chromedp.WaitVisible(`//a[text()="Show all"]`))
		tabTo(t, tab, `tbody a`)
		press(t, tab, kb.Enter)
		do(t, tab, chromedp.WaitVisible(`//h2[@id="history"]`))

		do(t, tab, chromedp.Navigate(site+"/schedules/cpd"), chromedp.WaitVisible(`//h1`))
		tabTo(t, tab, `a[href="/schedules/cpd/pause"], a[href="/schedules/cpd/resume"]`)
		press(t, tab, kb.Enter)
		do(t, tab, chromedp.WaitVisible(`//form[@method="post"]`))
		if !noJavaScript {
			tabTo(t, tab, `input[type=radio]`)
			press(t, tab, kb.ArrowDown)
			tabTo(t, tab, `#field-note`)
			press(t, tab, "by keyboard")
		}
		tabTo(t, tab, `main button`)
		press(t, tab, kb.Enter)
		do(t, tab, chromedp.WaitVisible(`//h2[text()="Done"]`))
	}
}

// TestPagesNeedNoJavaScript shows every page without it: all that a page has is there, and the menu is open.
func TestPagesNeedNoJavaScript(t *testing.T) {
	t.Parallel()
	f, site := newWhole(t)
	tab := newTab(t)
	if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	do(t, tab, chromedp.EmulateViewport(320, 900))
	for name, address := range addresses(f) {
		if !full && variant.MatchString(name) {
			continue
		}
		do(t, tab, chromedp.Navigate(site+address))
		hidden := evaluate[[]string](t, tab, `[...document.querySelectorAll('h1, main a, main button, main select, main input:not([type=hidden]), main summary, #navigation a')]
			.filter(e => !e.closest('details:not([open]) > :not(summary)') && !e.checkVisibility()).map(e => e.outerHTML.slice(0, 80))`)
		if len(hidden) > 0 {
			t.Errorf("%s hides without JavaScript: %s", name, strings.Join(hidden, " | "))
		}
		if evaluate[bool](t, tab, `document.body.classList.contains('govuk-frontend-supported')`) {
			t.Fatalf("%s ran a script", name)
		}
		if got := evaluate[int64](t, tab, "document.documentElement.scrollWidth"); got > 320 {
			t.Errorf("%s is %d pixels wide without JavaScript in a window of 320", name, got)
		}
	}
}
