// Package log makes the program's logger: tinted text for people at a terminal, Elastic Common Schema JSON for
// machines. What is logged, and that none of it is personal or secret, is up to those who log.
package log

import (
	"io"
	"log/slog"
	"time"

	"github.com/lmittmann/tint"
)

// Options say how to log. The zero value is JSON at level info.
type Options struct {
	// Format is auto (text on a terminal, else JSON), text or json; "" is auto.
	Format string
	// Level is the least that is logged; with a [slog.LevelVar] it can change while running. nil is info.
	Level slog.Leveler
	// Terminal says that a person reads along, with colours.
	Terminal bool
	// Service, Version and Environment name the program in JSON lines.
	Service, Version, Environment string
}

// New makes a logger that writes each event to w in one line. It is safe for concurrent use.
func New(w io.Writer, o Options) *slog.Logger {
	if o.Format == "text" || (o.Format != "json" && o.Terminal) {
		return slog.New(newTextHandler(w, o))
	}
	return slog.New(newECSHandler(w, o))
}

// newTextHandler leaves the date and the trace out for people who read along.
func newTextHandler(w io.Writer, o Options) slog.Handler {
	options := &tint.Options{Level: o.Level, TimeFormat: time.DateTime, NoColor: true}
	if o.Terminal {
		options.TimeFormat, options.NoColor, options.ReplaceAttr = time.TimeOnly, false, withoutTrace
	}
	return tint.NewTextHandler(w, options)
}

// withoutTrace leaves out what only helps to find lines among those of other programs.
func withoutTrace(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == "trace" {
		return slog.Attr{}
	}
	return a
}
