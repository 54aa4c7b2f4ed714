package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// event is a line of `go test -json`.
type event struct {
	Action, Package, Test, Output, Key, Value string
	Elapsed                                   float64
}

// results are what one run measured.
type results struct {
	topics []topic
	passed bool
}

// reader puts benchmark lines together, which come in pieces, and gathers what tests report.
type reader struct {
	results
	partial map[string]string // by package: a line that has not ended
}

// read shows what tests print and finds what they measured.
func read(in io.Reader, out io.Writer) (results, error) {
	r := reader{results: results{passed: true}, partial: map[string]string{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20) // a test may print a whole document
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintf(out, "%s\n", lines.Bytes()) // go itself speaks, of a build that failed
			continue
		}
		if err := r.take(e, out); err != nil {
			return results{}, err
		}
	}
	return r.results, lines.Err()
}

func (r *reader) take(e event, out io.Writer) error {
	where := strings.TrimPrefix(e.Package, "cpd-jobs/")
	switch e.Action {
	case "fail", "build-fail":
		r.passed = false
		r.outcome(where, e)
	case "pass", "skip":
		r.outcome(where, e)
	case "attr":
		return r.attribute(where, e)
	case "output", "build-output":
		if _, err := io.WriteString(out, e.Output); err != nil {
			return err
		}
		r.text(where, e.Output)
	}
	return nil
}

var (
	benchLine = regexp.MustCompile(`^(Benchmark\w+)(?:/(\S+?))?(?:-\d+)?\s+\d+\t(.*)$`)
	figureSay = regexp.MustCompile(`^(\S+) (\S+) at most (\S+)$`)
)

// text looks for the result lines of benchmarks.
func (r *reader) text(where, output string) {
	text := r.partial[where] + output
	for {
		line, rest, whole := strings.Cut(text, "\n")
		if !whole {
			break
		}
		if m := benchLine.FindStringSubmatch(line); m != nil {
			r.benchmark(where, m[1], m[2], m[3])
		}
		text = rest
	}
	r.partial[where] = text
}

// benchmark takes "123 ns/op  4.5 ratio", where the time of an operation says something only if it says nothing else.
func (r *reader) benchmark(where, name, variant, metrics string) {
	found := map[string]float64{}
	words := strings.Fields(metrics)
	for i := 0; i+1 < len(words); i += 2 {
		if value, err := strconv.ParseFloat(words[i], 64); err == nil {
			found[words[i+1]] = value
		}
	}
	if len(found) > 1 {
		delete(found, "ns/op")
	}
	t := r.topic(where, name)
	t.Results = append(t.Results, result{Name: variant, Metrics: found})
}

// topic finds or begins what is known of a test.
func (r *reader) topic(where, name string) *topic {
	for i := range r.topics {
		if r.topics[i].Package == where && r.topics[i].Name == name {
			return &r.topics[i]
		}
	}
	r.topics = append(r.topics, topic{Package: where, Name: name})
	return &r.topics[len(r.topics)-1]
}

// outcome is how a test ended. Parts of tests, and benchmarks, whose lines say all, are left out.
func (r *reader) outcome(where string, e event) {
	if !strings.HasPrefix(e.Test, "Test") || strings.Contains(e.Test, "/") {
		return
	}
	t := r.topic(where, e.Test)
	t.Outcome, t.Seconds = e.Action, e.Elapsed
}

// attribute is a figure that a test reports: see package chaos.
func (r *reader) attribute(where string, e event) error {
	m := figureSay.FindStringSubmatch(e.Value)
	if m == nil {
		return nil // some other attribute
	}
	got, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", e.Key, e.Test, err)
	}
	limit, err := strconv.ParseFloat(m[3], 64)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", e.Key, e.Test, err)
	}
	t := r.topic(where, e.Test)
	t.Limited = append(t.Limited, limited{Name: strings.ReplaceAll(e.Key, "-", " "), Got: got, Unit: m[2], AtMost: limit})
	return nil
}
