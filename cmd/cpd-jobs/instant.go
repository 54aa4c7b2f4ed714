package main

import (
	"fmt"
	"reflect"
	"time"

	"github.com/alecthomas/kong"

	"cpd-jobs/queue/schedule"
)

// zoned and labels are the ways to write an instant: with its offset, or as London's clocks show it.
var (
	zoned  = []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00"}
	labels = []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02 15:04:05"}
)

// parseInstant reads RFC 3339, and a day or a time without an offset as London has it, like the schedules.
func parseInstant(text string) (time.Time, error) {
	for _, layout := range zoned {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	london, err := schedule.Zone("Europe/London")
	if err != nil {
		return time.Time{}, err
	}
	for _, layout := range labels {
		if t, err := time.ParseInLocation(layout, text, london); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 2026-11-22T06:10:00Z, or 2026-11-22 or 2026-11-22T06:10 in London", text)
}

// instants makes every flag that takes an instant read it so.
func instants() kong.Option {
	return kong.TypeMapper(reflect.TypeFor[time.Time](), kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		var text string
		if err := ctx.Scan.PopValueInto("time", &text); err != nil {
			return err
		}
		t, err := parseInstant(text)
		if err == nil {
			target.Set(reflect.ValueOf(t))
		}
		return err
	}))
}
