package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// write makes the page, and its plots in the folder for pictures.
func write(page, pictures string, d document) error {
	name := strings.TrimSuffix(filepath.Base(page), ".md")
	p := printer{prefix: name + "-", pictures: pictures, drawn: map[string]bool{}}
	fmt.Fprintf(&p.text, "# %s%s\n\n", strings.ToUpper(name[:1]), name[1:])
	fmt.Fprintf(&p.text, "Written by a make target from what ran, not by hand; the same figures are in [%s.json](%s.json). Only figures of one run compare: each stands beside its yardstick of that run, and says what it was measured on.\n", name, name)
	tests := slices.DeleteFunc(slices.Clone(d.Topics), func(t topic) bool { return t.Outcome == "" })
	benches := slices.DeleteFunc(slices.Clone(d.Topics), func(t topic) bool { return t.Outcome != "" })
	slices.SortStableFunc(benches, func(a, b topic) int { return cmp.Compare(place(a.Name), place(b.Name)) })
	if len(tests) > 0 {
		if err := p.tests(tests); err != nil {
			return err
		}
	}
	for i, t := range benches {
		if i == 0 || benches[i-1].Name != t.Name {
			p.heading(t)
		}
		if err := p.bench(t); err != nil {
			return err
		}
	}
	if err := p.forget(); err != nil {
		return err
	}
	return os.WriteFile(page, []byte(p.text.String()), 0o644)
}

// printer gathers a page's text.
type printer struct {
	text             strings.Builder
	prefix, pictures string
	drawn            map[string]bool
}

// heading begins the section of a benchmark.
func (p *printer) heading(t topic) {
	a := describe(t.Name)
	fmt.Fprintf(&p.text, "\n## %s\n", a.title)
	if a.says != "" {
		fmt.Fprintf(&p.text, "\n%s\n", a.says)
	}
}

// bench is what one run measured: on what, each figure of each variant, and how it grows.
func (p *printer) bench(t topic) error {
	a := describe(t.Name)
	p.text.WriteString("\n" + from(t.Measured) + " (`" + t.Name + "` in `" + t.Package + "`)\n\n")
	p.text.WriteString("| | figure | yardstick | promised |\n|---|--:|--:|---|\n")
	for _, r := range t.Results {
		for _, f := range figuresOf(a, r) {
			p.row(r, f)
		}
	}
	return p.growth(t, a)
}

// figuresOf are those that are described, then the others by unit.
func figuresOf(a about, r result) []figure {
	list := slices.DeleteFunc(slices.Clone(a.figures), func(f figure) bool { _, has := r.Metrics[f.unit]; return !has })
	for _, unit := range slices.Sorted(maps.Keys(r.Metrics)) {
		if !slices.ContainsFunc(a.figures, func(f figure) bool { return f.unit == unit || f.yardstick == unit }) {
			list = append(list, figure{unit: unit, says: "`" + unit + "`"})
		}
	}
	return list
}

func (p *printer) row(r result, f figure) {
	says, got := f.says, r.Metrics[f.unit]
	if r.Name != "" {
		says = strings.ReplaceAll(r.Name, "_", " ") + ": " + says
	}
	yardstick := ""
	if value, ok := r.Metrics[f.yardstick]; ok {
		yardstick = fmt.Sprintf("%s (%s)", number(value), strings.TrimSuffix(strings.TrimSuffix(f.yardstick, "-s"), "-jobs/s"))
	}
	shown := number(got)
	if f.unit == once.unit {
		shown = duration(got)
	}
	fmt.Fprintf(&p.text, "| %s | %s | %s | %s |\n", says, shown, yardstick, promise(f, r.Name, got))
}

func promise(f figure, variant string, got float64) string {
	limit := ""
	switch {
	case f.promisedOf != "" && f.promisedOf != variant:
		return ""
	case f.atMost != 0:
		limit = "at most " + number(f.atMost)
	case f.atLeast != 0:
		limit = "at least " + number(f.atLeast)
	default:
		return ""
	}
	if !f.holds(got) {
		return limit + ": **not kept**"
	}
	return limit + ": kept"
}

// growth plots the figures of a benchmark whose variants are sizes of one thing.
func (p *printer) growth(t topic, a about) error {
	axis, sizes := sizesOf(t)
	if len(sizes) < 2 {
		return nil
	}
	for _, f := range a.figures {
		var points []point
		for i, r := range t.Results {
			if value, ok := r.Metrics[f.unit]; ok {
				points = append(points, point{sizes[i], value})
			}
		}
		if len(points) < 2 || f.unit == "rows" {
			continue
		}
		title := fmt.Sprintf("%s by %s", strings.TrimSuffix(f.says, ", the yardstick"), axis)
		if err := p.picture(t.Name+"-"+f.unit, title, curve(title, axis, points)); err != nil {
			return err
		}
	}
	return nil
}

// sizesOf reads "schools=24000": "schools", and 24000 for each variant.
func sizesOf(t topic) (axis string, sizes []float64) {
	for _, r := range t.Results {
		name, size, ok := strings.Cut(r.Name, "=")
		var n float64
		if _, err := fmt.Sscan(size, &n); !ok || err != nil || axis != "" && axis != name {
			return "", nil
		}
		axis, sizes = name, append(sizes, n)
	}
	return axis, sizes
}

// tests is what each test of the chaos suite did, and how near to its limit what it measured was.
func (p *printer) tests(list []topic) error {
	var bars []bar
	p.text.WriteString("\n| test | ended | after | measured |\n|---|---|--:|---|\n")
	for _, t := range list {
		var said []string
		for _, f := range t.Limited {
			said = append(said, fmt.Sprintf("%s: %s %s, at most %s", f.Name, number(f.Got), f.Unit, number(f.AtMost)))
			if f.AtMost > 0 { // else there is no share to draw
				bars = append(bars, bar{f.Name, f.Got / f.AtMost})
			}
		}
		outcome := map[string]string{"pass": "well", "fail": "**badly**", "skip": "skipped"}[t.Outcome]
		fmt.Fprintf(&p.text, "| %s | %s | %s s | %s |\n", spoken(t.Name), outcome, number(t.Seconds), strings.Join(said, "; "))
	}
	p.text.WriteString("\n")
	if len(bars) > 0 {
		if err := p.picture("limits", "What was measured, as a share of its limit", chart("Share of its limit", bars)); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for _, t := range list {
		if line := from(t.Measured); !seen[line] {
			seen[line] = true
			p.text.WriteString("\n" + line + ".\n")
		}
	}
	return nil
}

// spoken takes a test's name apart: TestChaosZoneLost is "Zone lost".
func spoken(name string) string {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "Test"), "Chaos")
	var b strings.Builder
	for i, c := range name {
		if i > 0 && c >= 'A' && c <= 'Z' {
			b.WriteByte(' ')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

func from(m measured) string {
	line := "Measured on " + m.Day
	if m.Release != "" {
		line += " at " + m.Release
	}
	line += ": " + m.Machine
	if m.Load != "" {
		line += "; load " + m.Load
	}
	return line
}

// duration is nanoseconds with three significant digits: 79.2 ms.
func duration(ns float64) string {
	for _, u := range []struct {
		name string
		ns   float64
	}{{"s", 1e9}, {"ms", 1e6}, {"µs", 1e3}} {
		if ns >= u.ns {
			return number(ns/u.ns) + " " + u.name
		}
	}
	return number(ns) + " ns"
}

// number has three digits that matter, and thousands apart.
func number(v float64) string {
	text := fmt.Sprintf("%.3g", v)
	if v >= 1000 || v == float64(int64(v)) {
		text = fmt.Sprintf("%.0f", v)
	}
	for at := len(text) - 3; v >= 1000 && at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
