package log

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"cpd-jobs/internal/trace"
)

// ecsVersion is the version of the Elastic Common Schema whose field names these are.
const ecsVersion = "8.11.0"

// ecsHandler writes Elastic Common Schema. It flattens groups, keeps the last of attributes with one key (a JSON
// document with a key twice is rejected by Elasticsearch, and the line lost), gives attributes their schema names, adds
// the trace of the context that a line is logged under, and leaves the encoding to slog's JSON handler.
type ecsHandler struct {
	json   slog.Handler
	attrs  []slog.Attr // renamed and flat
	groups []string
}

func newECSHandler(w io.Writer, o Options) slog.Handler {
	level := o.Level
	if level == nil {
		level = slog.LevelInfo
	}
	json := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: renameBuiltIn})
	service := o.Service
	if service == "" {
		service = "cpd-jobs"
	}
	fixed := []slog.Attr{
		slog.String("ecs.version", ecsVersion),
		slog.String("service.name", service),
		slog.String("event.dataset", service+".log"),
	}
	if o.Version != "" {
		fixed = append(fixed, slog.String("service.version", o.Version))
	}
	if o.Environment != "" {
		fixed = append(fixed, slog.String("service.environment", o.Environment))
	}
	return &ecsHandler{json: json.WithAttrs(fixed)}
}

// renameBuiltIn gives time, level and message their schema names. Nothing else bears these keys: other attributes
// have been renamed before they come here.
func renameBuiltIn(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.TimeKey:
		return slog.String("@timestamp", a.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	case slog.LevelKey:
		return slog.String("log.level", strings.ToLower(a.Value.String()))
	case slog.MessageKey:
		return slog.Attr{Key: "message", Value: a.Value}
	}
	return a
}

func (h *ecsHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.json.Enabled(ctx, level)
}

func (h *ecsHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.attrs = h.attrs[:len(h.attrs):len(h.attrs)] // siblings must not share what is appended
	for _, a := range attrs {
		with.attrs = flatten(with.attrs, h.groups, a)
	}
	return &with
}

func (h *ecsHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.groups = append(h.groups[:len(h.groups):len(h.groups)], name)
	return &with
}

func (h *ecsHandler) Handle(ctx context.Context, r slog.Record) error {
	attrs := h.attrs[:len(h.attrs):len(h.attrs)]
	if t := trace.From(ctx); t.Valid() {
		attrs = slices.Insert(attrs, 0, slog.String("trace.id", t.ID())) // first: one that is given wins
	}
	r.Attrs(func(a slog.Attr) bool {
		attrs = flatten(attrs, h.groups, a)
		return true
	})
	line := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	line.AddAttrs(lastOfEachKey(attrs)...)
	return h.json.Handle(ctx, line)
}

// flatten appends a, or what is in it, under its schema names.
func flatten(to []slog.Attr, groups []string, a slog.Attr) []slog.Attr {
	a.Value = a.Value.Resolve()
	if a.Equal(slog.Attr{}) {
		return to
	}
	if a.Value.Kind() != slog.KindGroup {
		return append(to, rename(groups, a)...)
	}
	if a.Key != "" {
		groups = append(groups[:len(groups):len(groups)], a.Key)
	}
	for _, inner := range a.Value.Group() {
		to = flatten(to, groups, inner)
	}
	return to
}

func lastOfEachKey(attrs []slog.Attr) []slog.Attr {
	last := make(map[string]int, len(attrs))
	for i, a := range attrs {
		last[a.Key] = i
	}
	if len(last) == len(attrs) {
		return attrs
	}
	kept := make([]slog.Attr, 0, len(last))
	for i, a := range attrs {
		if last[a.Key] == i {
			kept = append(kept, a)
		}
	}
	return kept
}

// plain makes values readable that JSON would show as numbers without a unit.
func plain(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindDuration:
		return slog.StringValue(v.Duration().String())
	case slog.KindTime:
		return slog.StringValue(v.Time().UTC().Format(time.RFC3339Nano))
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			return slog.StringValue(err.Error())
		}
	}
	return v
}
