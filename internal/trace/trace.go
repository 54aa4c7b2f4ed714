// Package trace carries a W3C trace context (https://www.w3.org/TR/trace-context/) from a caller to all
// that is done on its behalf: from a request to the job that it inserts, and from a job to those that follow it.
// Nothing is measured or sent anywhere; the log lines of all of them have the one trace id in common.
package trace

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
)

// Variable is the environment variable in which a caller hands its trace context to a program.
const Variable = "TRACEPARENT"

// Header is the request header that does the same.
const Header = "Traceparent"

// Trace is one place in a trace. The zero value is none.
type Trace struct {
	id      [16]byte
	span    [8]byte
	sampled bool
}

// New begins a trace. Its id is random, and no secret.
func New() Trace {
	t := Trace{sampled: true}
	binary.BigEndian.PutUint64(t.id[:], rand.Uint64())
	binary.BigEndian.PutUint64(t.id[8:], rand.Uint64()|1) // all zeros are no id
	return t.Child()
}

// Child is another place in the same trace.
func (t Trace) Child() Trace {
	binary.BigEndian.PutUint64(t.span[:], rand.Uint64()|1)
	return t
}

// Valid says that there is a trace.
func (t Trace) Valid() bool { return t.id != [16]byte{} }

// ID is the trace's id, 32 hexadecimal digits; "" for none.
func (t Trace) ID() string {
	if !t.Valid() {
		return ""
	}
	return hex.EncodeToString(t.id[:])
}

// String is the traceparent to hand on; "" for none.
func (t Trace) String() string {
	if !t.Valid() {
		return ""
	}
	flags := "00"
	if t.sampled {
		flags = "01"
	}
	return "00-" + t.ID() + "-" + hex.EncodeToString(t.span[:]) + "-" + flags
}

// Parse reads a traceparent of any version, as the recommendation has it; what is none gives the zero Trace.
func Parse(traceparent string) Trace {
	parts := strings.Split(strings.TrimSpace(traceparent), "-")
	if len(parts) < 4 || len(parts[0]) != 2 || parts[0] == "ff" || parts[0] == "00" && len(parts) != 4 {
		return Trace{}
	}
	var t Trace
	var version, flags [1]byte
	ok := read(version[:], parts[0]) && read(t.id[:], parts[1]) && read(t.span[:], parts[2]) && read(flags[:], parts[3])
	if !ok || t.span == [8]byte{} {
		return Trace{}
	}
	t.sampled = flags[0]&1 == 1
	return t
}

// read wants lower-case digits, exactly as many as fill to.
func read(to []byte, digits string) bool {
	if len(digits) != 2*len(to) || strings.ToLower(digits) != digits {
		return false
	}
	_, err := hex.Decode(to, []byte(digits))
	return err == nil
}

type key struct{}

// With gives what is done under the context a place in a trace.
func With(ctx context.Context, t Trace) context.Context { return context.WithValue(ctx, key{}, t) }

// From is the place in a trace of what is done under the context, the zero Trace if it has none.
func From(ctx context.Context) Trace {
	t, _ := ctx.Value(key{}).(Trace)
	return t
}

// Of is From, or a new trace where there is none.
func Of(ctx context.Context) Trace {
	if t := From(ctx); t.Valid() {
		return t
	}
	return New()
}
