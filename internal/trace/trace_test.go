package trace

import (
	"context"
	"strings"
	"testing"
)

const example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestParse(t *testing.T) {
	t.Parallel()
	id := "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, c := range []struct{ name, text, id string }{
		{"the recommendation's", example, id},
		{"not sampled", strings.TrimSuffix(example, "1") + "0", id},
		{"a later version with more parts", "cc" + example[2:] + "-what-the-future-brings", id},
		{"this version with more parts", example + "-more", ""},
		{"no version", "ff" + example[2:], ""},
		{"capitals", strings.ToUpper(example), ""},
		{"an id of zeros", "00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01", ""},
		{"a parent of zeros", "00-" + id + "-0000000000000000-01", ""},
		{"an id too short", "00-" + id[1:] + "-00f067aa0ba902b7-01", ""},
		{"no digits", "00-" + id[1:] + "g-00f067aa0ba902b7-01", ""},
		{"nothing", "", ""},
	} {
		got := Parse(c.text)
		if got.ID() != c.id || got.Valid() != (c.id != "") {
			t.Errorf("%s: id %q, want %q", c.name, got.ID(), c.id)
		}
	}
	if got := Parse(example).String(); got != example {
		t.Errorf("handed on as %s, want %s", got, example)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example)
	f.Fuzz(func(t *testing.T, text string) {
		got := Parse(text)
		if again := Parse(got.String()); again != got {
			t.Errorf("%q is read as %v and handed on as %v", text, got, again)
		}
	})
}

func TestChildrenShareTheTrace(t *testing.T) {
	t.Parallel()
	parent := Parse(example)
	child := parent.Child()
	if child.ID() != parent.ID() || child == parent || Parse(child.String()) != child {
		t.Errorf("child %s of %s", child, parent)
	}
	if a, b := New(), New(); !a.Valid() || a.ID() == b.ID() {
		t.Errorf("new traces %s and %s", a, b)
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	if From(context.Background()).Valid() || From(context.Background()).String() != "" {
		t.Error("a trace from nowhere")
	}
	if got := Of(With(context.Background(), Parse(example))).String(); got != example {
		t.Errorf("got %s, want %s", got, example)
	}
	if !Of(context.Background()).Valid() {
		t.Error("no trace was begun")
	}
}
