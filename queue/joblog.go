package queue

import (
	"bytes"
	"context"
	"log/slog"
	"strings"

	"cpd-jobs/internal/clean"
)

// jobLog hands each line of a job to the recorder, with its attributes as JSON.
type jobLog struct {
	attempt *attempt
	// with replays WithAttrs and WithGroup on the handler that renders one line.
	with []func(slog.Handler) slog.Handler
}

func (h *jobLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

func (h *jobLog) Handle(ctx context.Context, r slog.Record) error {
	var out bytes.Buffer
	var json slog.Handler = slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: attrsOnly})
	for _, apply := range h.with {
		json = apply(json)
	}
	if err := json.Handle(ctx, r); err != nil {
		return err
	}
	h.attempt.logged.Store(true)
	h.attempt.worker.recorder.add(line{
		jobID: h.attempt.jobID, attempt: h.attempt.number, at: r.Time.UTC(),
		level: strings.ToLower(r.Level.String()), message: clean.Text(r.Message, clean.MaxError),
		attrs: clean.JSON(bytes.TrimSpace(out.Bytes())),
	})
	return nil
}

// attrsOnly leaves out what has columns of its own.
func attrsOnly(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
		return slog.Attr{}
	}
	return a
}

func (h *jobLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.extended(func(inner slog.Handler) slog.Handler { return inner.WithAttrs(attrs) })
}

func (h *jobLog) WithGroup(name string) slog.Handler {
	return h.extended(func(inner slog.Handler) slog.Handler { return inner.WithGroup(name) })
}

func (h *jobLog) extended(apply func(slog.Handler) slog.Handler) slog.Handler {
	return &jobLog{attempt: h.attempt, with: append(h.with[:len(h.with):len(h.with)], apply)}
}
