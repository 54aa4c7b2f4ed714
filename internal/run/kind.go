package run

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Kind describes one kind of job: all that the runner, the command line and the pages need to know of it.
type Kind struct {
	Name  string
	About string
	// Queue is one of the worker's queues: syncs, reports, exports or default.
	Queue string
	// Timeout ends an attempt; too short and a slow night's sync never finishes, too long and a hung one blocks its queue.
	Timeout time.Duration
	// MaxAttempts counts takeovers too.
	MaxAttempts int
	// Backoff is how long to wait before another attempt. Too short and a source that is away for a minute costs all of
	// them; too long and what came back at once is late.
	Backoff Backoff `json:"-"`
	// Report is what every job of the kind is about, for a kind whose arguments name no report.
	Report string `json:"-"`
	// NotReady says what setting is missing for jobs with these arguments to be of use, "" if none; nil means that none
	// ever is. Schedules of such a kind wait, as if paused; a person who runs one gets the error.
	NotReady func(args json.RawMessage) string `json:"-"`
	// CheckSource refuses a source that arguments name (see [Sourced]) and that may not be read here; nil refuses none.
	CheckSource func(source string) error `json:"-"`
	// Params are the arguments, in order of declaration.
	Params []Param

	check func(json.RawMessage) (json.RawMessage, error)
	lease func(json.RawMessage) string
	work  func(context.Context, Run, json.RawMessage) (Outcome, error)
}

// Param is one argument of a kind.
type Param struct {
	Name    string `json:"name"`
	Type    string `json:"type"` // text, number, true/false, list, time, duration
	Default string `json:"default,omitempty"`
	About   string `json:"about,omitempty"`
}

// Validator is implemented by arguments that can be wrong beyond their types. Its error is for a person.
type Validator interface{ Validate() error }

// Sourced is implemented by arguments that name sources: files, folders or addresses that the job reads.
type Sourced interface{ Sources() []string }

// NewKind completes k with its arguments' type. Fields of T are arguments by their `json` names; `default` and
// `help` tags say the rest. leaseOf, which may be nil, names what only one attempt on any machine may hold at a time.
func NewKind[T any](k Kind, leaseOf func(T) string, work func(ctx context.Context, r Run, args T) (Outcome, error)) Kind {
	k.Params = paramsOf(reflect.TypeFor[T]())
	k.check = func(raw json.RawMessage) (json.RawMessage, error) {
		args, err := decode[T](raw, k)
		if err != nil {
			return nil, err
		}
		if s, ok := any(args).(Sourced); ok && k.CheckSource != nil {
			for _, source := range s.Sources() {
				if err := k.CheckSource(source); err != nil {
					return nil, fmt.Errorf("arguments of %s: %w", k.Name, err)
				}
			}
		}
		return json.Marshal(args)
	}
	k.lease = func(raw json.RawMessage) string {
		if leaseOf == nil {
			return ""
		}
		args, err := decode[T](raw, k)
		if err != nil {
			return ""
		}
		return leaseOf(args)
	}
	k.work = func(ctx context.Context, r Run, raw json.RawMessage) (Outcome, error) {
		args, err := decode[T](raw, k)
		if err != nil {
			return Outcome{}, err
		}
		return work(ctx, r, args)
	}
	return k
}

// Check decodes raw strictly and returns it with the defaults filled in. An error is of class Invalid.
func (k Kind) Check(raw json.RawMessage) (json.RawMessage, error) { return k.check(raw) }

// Lease names what one attempt at a time may hold for these arguments, "" if nothing.
func (k Kind) Lease(raw json.RawMessage) string { return k.lease(raw) }

// ReportOf names the report that a job with these arguments is about, "" if it is about none.
func (k Kind) ReportOf(raw json.RawMessage) string {
	if k.Report != "" {
		return k.Report
	}
	var args struct {
		Report string `json:"report"`
	}
	_ = json.Unmarshal(raw, &args) // arguments that are none of ours name none
	return args.Report
}

// Lacks says what setting is missing for a job with these arguments, "" if none.
func (k Kind) Lacks(raw json.RawMessage) string {
	if k.NotReady == nil {
		return ""
	}
	return k.NotReady(raw)
}

// Work does the job.
func (k Kind) Work(ctx context.Context, r Run, raw json.RawMessage) (Outcome, error) {
	return k.work(ctx, r, raw)
}

func decode[T any](raw json.RawMessage, k Kind) (T, error) {
	var args T
	if err := setDefaults(reflect.ValueOf(&args).Elem()); err != nil {
		return args, fmt.Errorf("defaults of %s: %w", k.Name, err)
	}
	if len(raw) > 0 {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&args); err != nil {
			return args, Invalid(k.usage(), "arguments of %s: %s", k.Name, strings.TrimPrefix(err.Error(), "json: "))
		}
	}
	if v, ok := any(args).(Validator); ok {
		if err := v.Validate(); err != nil {
			return args, Invalid(k.usage(), "arguments of %s: %w", k.Name, err)
		}
	}
	return args, nil
}

// usage is one line that lists the arguments with types and defaults.
func (k Kind) usage() string {
	if len(k.Params) == 0 {
		return k.Name + " takes no arguments"
	}
	parts := make([]string, len(k.Params))
	for i, p := range k.Params {
		parts[i] = p.Name + " (" + p.Type
		if p.Default != "" {
			parts[i] += ", default " + p.Default
		}
		parts[i] += ")"
	}
	return k.Name + " takes " + strings.Join(parts, ", ")
}

// NeedsSource is a NotReady for kinds whose argument `source` may be left to a setting.
func NeedsSource(setting, variable string) func(json.RawMessage) string {
	return func(raw json.RawMessage) string {
		var args struct {
			Source string `json:"source"`
		}
		if setting != "" || json.Unmarshal(raw, &args) == nil && args.Source != "" {
			return ""
		}
		return variable + " is not set"
	}
}
