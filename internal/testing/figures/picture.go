package main

import (
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Measures of the plots, in pixels.
const (
	width, height = 640, 320
	left, right   = 80, 30
	top, bottom   = 40, 50
	barHeight     = 26
	labelWidth    = 300
)

var unsafe = regexp.MustCompile(`[^a-z0-9]+`)

// picture keeps a plot beside the page and shows it, with its title for those who cannot see it.
func (p *printer) picture(name, title, svg string) error {
	file := p.prefix + strings.Trim(unsafe.ReplaceAllString(strings.ToLower(strings.TrimPrefix(name, "Benchmark")), "-"), "-") + ".svg"
	if p.drawn[file] {
		return nil // of a newer run of the same benchmark
	}
	p.drawn[file] = true
	fmt.Fprintf(&p.text, "\n![%s](pictures/%s)\n", title, file)
	return os.WriteFile(filepath.Join(p.pictures, file), []byte(svg), 0o644)
}

// forget removes the plots of figures that are no longer on the page.
func (p *printer) forget() error {
	old, err := filepath.Glob(filepath.Join(p.pictures, p.prefix+"*.svg"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if !p.drawn[filepath.Base(path)] {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// point is a size and what it cost.
type point struct{ x, y float64 }

// curve plots points, joined, from nothing; the dashed line is growth in proportion to the first point.
func curve(title, axis string, points []point) string {
	maxX, maxY := 0.0, 0.0
	for _, p := range points {
		maxX, maxY = max(maxX, p.x), max(maxY, p.y)
	}
	x := func(v float64) float64 { return left + v/maxX*(width-left-right) }
	y := func(v float64) float64 { return height - bottom - v/maxY*(height-top-bottom) }
	var s strings.Builder
	begin(&s, title, height)
	fmt.Fprintf(&s, `<path d="M%d %dV%dH%d" fill="none" stroke="#505a5f"/>`+"\n", left, top, height-bottom, width-right)
	first := points[0]
	reach := min(maxX, maxY*first.x/first.y)
	fmt.Fprintf(&s, `<path d="M%.1f %.1fL%.1f %.1f" fill="none" stroke="#505a5f" stroke-dasharray="4 4"/>`+"\n", x(0), y(0), x(reach), y(reach*first.y/first.x))
	var path []string
	for _, p := range points {
		path = append(path, fmt.Sprintf("%.1f %.1f", x(p.x), y(p.y)))
		fmt.Fprintf(&s, `<circle cx="%.1f" cy="%.1f" r="4" fill="#1d70b8"/>`+"\n", x(p.x), y(p.y))
		label(&s, x(p.x), y(p.y)-10, "middle", number(p.y))
		label(&s, x(p.x), height-bottom+18, "middle", number(p.x))
	}
	fmt.Fprintf(&s, `<path d="M%s" fill="none" stroke="#1d70b8" stroke-width="2"/>`+"\n", strings.Join(path, "L"))
	label(&s, (left+width-right)/2, height-10, "middle", axis)
	s.WriteString("</svg>\n")
	return s.String()
}

// bar is a share of a limit.
type bar struct {
	says  string
	share float64
}

// chart plots shares of limits; the line is the limit.
func chart(title string, bars []bar) string {
	tall := top + barHeight*len(bars) + 30
	farthest := 1.0
	for _, b := range bars {
		farthest = max(farthest, b.share)
	}
	unit := (width - labelWidth - right) / farthest
	var s strings.Builder
	begin(&s, title, tall)
	for i, b := range bars {
		at := float64(top + barHeight*i)
		colour := "#1d70b8"
		if b.share > 1 {
			colour = "#d4351c"
		}
		label(&s, labelWidth-8, at+17, "end", b.says)
		fmt.Fprintf(&s, `<rect x="%d" y="%.1f" width="%.1f" height="18" fill="%s"/>`+"\n", labelWidth, at+3, math.Max(1, b.share*unit), colour)
		label(&s, labelWidth+b.share*unit+6, at+17, "start", fmt.Sprintf("%.0f %%", 100*b.share))
	}
	fmt.Fprintf(&s, `<path d="M%.1f %dV%d" stroke="#0b0c0c" stroke-width="2"/>`+"\n", labelWidth+unit, top-6, tall-24)
	label(&s, labelWidth+unit, float64(tall-8), "middle", "limit")
	s.WriteString("</svg>\n")
	return s.String()
}

func begin(s *strings.Builder, title string, tall int) {
	fmt.Fprintf(s, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" font-family="sans-serif" font-size="13">`+"\n", width, tall, width, tall)
	fmt.Fprintf(s, "<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", html.EscapeString(title))
	label(s, 12, 22, "start", title)
}

func label(s *strings.Builder, x, y float64, anchor, text string) {
	fmt.Fprintf(s, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="#0b0c0c">%s</text>`+"\n", x, y, anchor, html.EscapeString(text))
}
