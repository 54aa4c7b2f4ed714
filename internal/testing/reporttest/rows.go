package reporttest

import (
	"crypto/md5"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// Row is one row as JSON has it, Tables the rows of the service's tables by name.
type (
	Row    map[string]any
	Tables map[string][]Row
)

// ID is the same uuid for the same name, so that rows of different tables can refer to one another in words.
func ID(name string) string {
	h := md5.Sum([]byte(name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:])
}

// Instant reads RFC 3339.
func Instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// With is the source with some tables replaced.
func (source Tables) With(replaced Tables) Tables {
	all := maps.Clone(source)
	maps.Copy(all, replaced)
	return all
}

// And is the row with some columns replaced.
func (r Row) And(replaced Row) Row {
	all := maps.Clone(r)
	maps.Copy(all, replaced)
	return all
}

// Differences lists the columns in which got is not what is wanted, times compared as instants.
func Differences(got, want Row) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		g, there := got[name]
		if !there {
			list = append(list, name+" is not there")
			continue
		}
		if plain(g) != plain(want[name]) {
			list = append(list, fmt.Sprintf("%s: got %s, want %s", name, plain(g), plain(want[name])))
		}
	}
	return list
}

func plain(v any) string {
	if text, ok := v.(string); ok {
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return at.UTC().Format(time.RFC3339Nano)
		}
	}
	text, _ := json.Marshal(v)
	return string(text)
}

// Text is a value of text, "" for NULL.
func Text(v any) string {
	s, _ := v.(string)
	return s
}

// Formatted is a value in Go's own words: maps with their keys in order.
func Formatted(v any) string { return fmt.Sprint(v) }

// SortedJSON writes objects with their keys in order.
func SortedJSON(t *testing.T, list []string) []string {
	t.Helper()
	sorted := make([]string, len(list))
	for i, text := range list {
		var r Row
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		sorted[i] = Formatted(r)
	}
	return sorted
}
