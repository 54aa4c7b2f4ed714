package log

import (
	"log/slog"
	"strings"

	"cpd-jobs/internal/run"
)

// schemaName maps the keys that we agreed on to their schema names, and every other key to "": those are labels.
func schemaName(key string) string {
	switch key {
	case "action":
		return "event.action"
	case "outcome": // success, failure or unknown
		return "event.outcome"
	case "trace":
		return "trace.id"
	case "method":
		return "http.request.method"
	case "status":
		return "http.response.status_code"
	case "path":
		return "url.path"
	case "client":
		return "client.ip"
	case "user":
		return "user.id"
	case "stack":
		return "error.stack_trace"
	default:
		return ""
	}
}

// rename gives an attribute its schema name. Only attributes outside groups have one.
func rename(groups []string, a slog.Attr) []slog.Attr {
	if len(groups) > 0 {
		return []slog.Attr{label(strings.Join(groups, "_")+"_"+a.Key, a.Value)}
	}
	switch a.Key {
	case "took":
		if a.Value.Kind() == slog.KindDuration {
			return []slog.Attr{slog.Int64("event.duration", a.Value.Duration().Nanoseconds())}
		}
	case "err", "error":
		return failure(a)
	}
	if name := schemaName(a.Key); name != "" {
		return []slog.Attr{{Key: name, Value: plain(a.Value)}}
	}
	return []slog.Attr{label(a.Key, a.Value)}
}

// failure shows an error with its class, by which alarms tell what a person must look at from what will pass.
func failure(a slog.Attr) []slog.Attr {
	message := slog.Attr{Key: "error.message", Value: plain(a.Value)}
	if err, ok := a.Value.Any().(error); ok {
		return []slog.Attr{message, slog.String("error.type", string(run.ClassOf(err)))}
	}
	return []slog.Attr{message}
}

// label is one of our own values. The schema wants no dots in its key.
func label(key string, v slog.Value) slog.Attr {
	return slog.Attr{Key: "labels." + strings.ReplaceAll(key, ".", "_"), Value: plain(v)}
}
