package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// document is the JSON beside a page.
type document struct {
	Topics []topic `json:"topics"`
}

// topic is a benchmark with its variants, or a test of the chaos suite.
type topic struct {
	Package  string   `json:"package"`
	Name     string   `json:"name"`
	Measured measured `json:"measured"`
	// Results are a benchmark's, by variant.
	Results []result `json:"results,omitempty"`
	// Outcome is a test's: pass, fail or skip, after Seconds; Limited is what it measured.
	Outcome string    `json:"outcome,omitempty"`
	Seconds float64   `json:"seconds,omitempty"`
	Limited []limited `json:"figures,omitempty"`
}

type result struct {
	Name    string             `json:"variant,omitempty"` // such as schools=24000
	Metrics map[string]float64 `json:"metrics"`           // by unit
}

// limited is a figure of a test with what it may be at most.
type limited struct {
	Name   string  `json:"name"`
	Got    float64 `json:"got"`
	Unit   string  `json:"unit"`
	AtMost float64 `json:"at_most"`
}

// load reads a document; one that is not there yet is empty.
func load(path string) (document, error) {
	var d document
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return d, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

func (d document) save(path string) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// renewed has the given topics in place of what was known of them. Variants that were not measured again stay, as a
// topic of their own: they are of another run.
func (d document) renewed(fresh []topic) document {
	all := slices.Clone(fresh)
	for _, t := range d.Topics {
		if kept, some := t.without(fresh); some {
			all = append(all, kept)
		}
	}
	slices.SortStableFunc(all, func(a, b topic) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.Name, b.Name))
	})
	return document{Topics: all}
}

// without is what is left of an earlier topic beside the fresh ones, if anything is.
func (t topic) without(fresh []topic) (topic, bool) {
	i := slices.IndexFunc(fresh, func(f topic) bool { return t.Package == f.Package && t.Name == f.Name })
	if i < 0 {
		return t, true
	}
	t.Results = slices.DeleteFunc(slices.Clone(t.Results), func(old result) bool {
		return slices.ContainsFunc(fresh[i].Results, func(r result) bool { return r.Name == old.Name })
	})
	return t, len(t.Results) > 0
}
