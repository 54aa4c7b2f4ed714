package xmlscan_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"cpd-jobs/reports/xmlscan"
)

// pieces are those of a document, one behind the other.
func pieces(r io.Reader) (string, error) {
	var b strings.Builder
	for s := xmlscan.New(r); ; {
		err := s.Next()
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return b.String(), nil
		}
		if err != nil {
			return b.String(), err
		}
		switch s.Kind {
		case xmlscan.Start:
			fmt.Fprintf(&b, "<%s>", s.Name)
		case xmlscan.Empty:
			fmt.Fprintf(&b, "<%s/>", s.Name)
		case xmlscan.End:
			fmt.Fprintf(&b, "</%s>", s.Name)
		case xmlscan.Text:
			fmt.Fprintf(&b, "%q", s.Text)
		}
		if a := s.Attr("a"); s.Kind <= xmlscan.Empty && a != nil {
			fmt.Fprintf(&b, "[%s]", s.String("a"))
		}
	}
}

func TestPieces(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 200_000)
	for document, want := range map[string]string{
		`<t>x</t>`:           `<t>"x"</t>`,
		`<x:t/>`:             `<t/>`,
		`<t a="1" b='2'/>`:   `<t/>[1]`,
		`<t b='"' y:a="2"/>`: `<t/>[2]`,
		`<t a=">"/>`:         `<t/>[>]`,
		`<t a='>"'>`:         `<t>[>"]`,
		`<t a = "1">`:        `<t>[1]`,
		`<t a="&lt;&#x41;&#66;&amp;amp;">&quot;&apos;&gt;</t>`:  `<t>[<AB&amp;]"\"'>"</t>`,
		`<t>&unknown; & &#;</t>`:                                `<t>"&unknown; & &#;"</t>`,
		`<?xml version="1.0"?><!-- <no> --><t>a<!-- - -->b</t>`: `<t>"a""b"</t>`,
		`x`:                          `"x"`,
		"<t>" + long + "</t>":        `<t>"` + long + `"</t>`,
		"<t a=\"" + long + "\"></t>": `<t>[` + long + `]</t>`,
		"":                           "",
	} {
		for way, r := range map[string]io.Reader{"whole": strings.NewReader(document), "by halves": iotest.HalfReader(strings.NewReader(document))} {
			if got, err := pieces(r); err != nil || got != want {
				t.Errorf("%.80s, read %s: %.200s, %v, want %.200s", document, way, got, err, want)
			}
		}
	}
	for _, document := range []string{"<", "<t", "<t a=\"", "<!--", "<!-- --", "<?xml", "<![CDATA[x]]>", "<!DOCTYPE x>", "<>", "< t>", "<t>" + strings.Repeat("<!-- -->", 9) + "</"} {
		if got, err := pieces(strings.NewReader(document)); err == nil {
			t.Errorf("%q: %s without an error", document, got)
		}
	}
}

func TestInsideAndEach(t *testing.T) {
	t.Parallel()
	s := xmlscan.New(strings.NewReader(`<all><row><c/><c>x</c></row><row/><row>y</row></all>`))
	rows, inside := 0, 0
	err := s.Each(func() error {
		if !s.Is("row") {
			return nil
		}
		rows++
		return s.Inside(func() error { inside++; return nil })
	})
	if err != nil || rows != 3 || inside != 5 {
		t.Errorf("%d rows with %d pieces, %v, want 3 with 5", rows, inside, err)
	}
	s = xmlscan.New(strings.NewReader(`<row><c/>`))
	err = s.Each(func() error { return s.Inside(func() error { return nil }) })
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an element without an end: %v", err)
	}
}

// FuzzTexts compares with the standard library what is text, in documents that it reads.
func FuzzTexts(f *testing.F) {
	for _, seed := range []string{"x", "a < b & \"c\"", "\r\n\t", "]]>", "<t>", "é🏫"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var document strings.Builder
		document.WriteString("<t>")
		if err := xml.EscapeText(&document, []byte(text)); err != nil {
			t.Skip()
		}
		document.WriteString("</t>")
		var want string
		if err := xml.Unmarshal([]byte(document.String()), &want); err != nil {
			t.Skip()
		}
		s := xmlscan.New(strings.NewReader(document.String()))
		got := ""
		for s.Next() == nil {
			if s.Kind == xmlscan.Text {
				got += string(s.Text)
			}
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
