package web

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	pathpkg "path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"pgregory.net/rapid"
)

// TestRequestsMadeUpFromTheDocument sends what the document allows, and much that it does not, to a server that
// listens, and holds each answer against the document: its status, the type of its content, its content.
func TestRequestsMadeUpFromTheDocument(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	address, stop := f.serve(t)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	document := newSite(f.deps).api.huma.OpenAPI()
	def, err := findReport(t.Context(), "school_onboarding")
	if err != nil {
		t.Fatal(err)
	}
	m := maker{schemas: document.Components.Schemas}
	for _, c := range def.Columns {
		m.columns = append(m.columns, c.Name)
	}
	for path, item := range document.Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post} {
			if op == nil {
				continue
			}
			t.Run(op.OperationID, func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					r := m.request(t, address, method, path, op)
					res, err := http.DefaultClient.Do(r)
					if err != nil {
						t.Fatalf("%s %s: %v", r.Method, r.URL, err)
					}
					body, err := io.ReadAll(res.Body)
					res.Body.Close()
					if err != nil {
						t.Fatalf("%s %s: %v", r.Method, r.URL, err)
					}
					if wrong := m.against(op, res, body); wrong != "" {
						t.Fatalf("%s %s: %s\n%.500s\n%s", r.Method, r.URL, wrong, body, f.log.last("level=ERROR"))
					}
				})
			})
		}
	}
	wantNone(t, f.log.String(), "panicked", "request failed")
}

// maker makes requests up.
type maker struct {
	schemas huma.Registry
	columns []string
}

// odd are texts that have broken programs.
var odd = []string{
	"", " ", "'", "' OR 1=1 --", `"; DROP TABLE queue.jobs; --`, "%", "_", `\`, "\x00", "a\x00b", "\xff\xfe", "\ufeff", "\u202e", "💥", "ﬀ", "İ",
	"../../etc/passwd", "%2e%2e%2f", "\r\nSet-Cookie: a=b", "<script>alert(1)</script>", "{{.}}", "${jndi:ldap://x}", "=1+1", "-1", "0", "1e309", "NaN",
	"infinity", "9223372036854775807", "9223372036854775808", "0x10", "١٢", "null", "true", "[]", "{}", "0001-01-01T00:00:00Z", "294277-01-01T00:00:00Z",
	"9999-12-31T23:59:59Z", "2026-02-30", "(none)", "eyJzIjpudWxsLCJrIjoiMTAwMDA3In0", "eyJzIjoieCIsImsiOiJ4In0", "eyJ2IjotMSwiayI6IiIsImMiOiIifQ",
	strings.Repeat("a", 5000), strings.Repeat("é", 300), strings.Repeat("a ", 200),
}

func anyText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom(odd), rapid.String(), rapid.StringMatching(`[a-z0-9_.-]{1,20}`))
}

func (m maker) request(t *rapid.T, address, method, path string, op *huma.Operation) *http.Request {
	q := url.Values{}
	for _, p := range op.Parameters {
		switch {
		case p.In == "path":
			value := m.parameter(t, p)
			if clean := pathpkg.Clean("/" + value); clean != "/"+value || value == "" {
				value = "x" // that would be another address
			}
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(value))
		case p.Schema.Type == huma.TypeObject:
			for range rapid.IntRange(0, 3).Draw(t, "conditions") {
				name := rapid.OneOf(rapid.SampledFrom(m.columns), anyText()).Draw(t, "column") + rapid.SampledFrom([]string{"", ".not", ".from", ".to", ".odd"}).Draw(t, "comparison")
				q.Add(name, anyText().Draw(t, "value"))
			}
		case rapid.Bool().Draw(t, "give "+p.Name):
			q.Set(p.Name, m.parameter(t, p))
		}
	}
	target := address + path
	if len(q) > 0 {
		target += "?" + q.Encode()
	}
	body, kind := m.body(t, op)
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if rapid.Bool().Draw(t, "conditional") {
		r.Header.Set(rapid.SampledFrom([]string{"Range", "If-None-Match", "If-Range", "If-Modified-Since", "Accept"}).Draw(t, "header"),
			rapid.SampledFrom([]string{"bytes=0-", "bytes=-1", "bytes=5-2", "bytes=0-0,2-3", "*", `"x"`, "W/", "text/csv", "x/y;q=2", "Sun, 22 Nov 2026 06:11:07 GMT"}).Draw(t, "header value"))
	}
	return r
}

// parameter is one that the document allows, or anything.
func (m maker) parameter(t *rapid.T, p *huma.Param) string {
	example := p.Example
	if example == nil && len(p.Schema.Examples) > 0 {
		example = p.Schema.Examples[0]
	}
	switch choice := rapid.IntRange(0, 3).Draw(t, p.Name+" is"); {
	case choice == 0:
		return anyText().Draw(t, p.Name)
	case choice < 3 && p.Name == "columns":
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(m.columns), 1, 4).Draw(t, p.Name), ",")
	case choice < 3 && p.Name == "sort":
		return rapid.SampledFrom([]string{"", "-"}).Draw(t, "down") + rapid.SampledFrom(m.columns).Draw(t, p.Name)
	case choice < 3 && p.Name == "report":
		return "school_onboarding"
	case choice < 3 && example != nil:
		return fmt.Sprint(example)
	}
	value := m.value(t, p.Schema, p.Name)
	if list, ok := value.([]any); ok {
		var texts []string
		for _, v := range list {
			texts = append(texts, fmt.Sprint(v))
		}
		return strings.Join(texts, ",")
	}
	return fmt.Sprint(value)
}

// body is what the document allows, or anything.
func (m maker) body(t *rapid.T, op *huma.Operation) (body, kind string) {
	if op.RequestBody == nil {
		return "", ""
	}
	kind = "application/json"
	switch rapid.IntRange(0, 9).Draw(t, "body is") {
	case 0:
		return anyText().Draw(t, "body"), rapid.SampledFrom([]string{kind, "text/plain", "application/xml", "x", ""}).Draw(t, "content type")
	case 1:
		return `{"kind": "` + strings.Repeat("a", 300<<10) + `"}`, kind
	case 2:
		return strings.Repeat("[", 20_000), kind
	}
	raw, err := json.Marshal(m.value(t, op.RequestBody.Content[kind].Schema, "body"))
	if err != nil {
		return "{}", kind // not a number that JSON has
	}
	return string(raw), kind
}

// value is as a schema says, or now and then anything.
func (m maker) value(t *rapid.T, s *huma.Schema, name string) any {
	if s.Ref != "" {
		s = m.schemas.SchemaFromRef(s.Ref)
	}
	if rapid.IntRange(0, 9).Draw(t, name+" is odd") == 0 {
		return m.anything(t, name)
	}
	switch {
	case len(s.Enum) > 0:
		return rapid.SampledFrom(s.Enum).Draw(t, name)
	case len(s.Examples) > 0 && rapid.Bool().Draw(t, name+" is the example"):
		return s.Examples[0]
	}
	switch s.Type {
	case huma.TypeInteger, huma.TypeNumber:
		return rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64()).Draw(t, name)
	case huma.TypeBoolean:
		return rapid.Bool().Draw(t, name)
	case huma.TypeArray:
		list := []any{}
		for i := range rapid.IntRange(0, 3).Draw(t, name+" items") {
			list = append(list, m.value(t, s.Items, name+strconv.Itoa(i)))
		}
		return list
	case huma.TypeObject:
		return m.object(t, s, name)
	case huma.TypeString:
		if s.Format == "date-time" {
			return rapid.SampledFrom([]string{"2027-01-01T00:00:00Z", "2020-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"}).Draw(t, name)
		}
		return anyText().Draw(t, name)
	}
	return m.anything(t, name)
}

func (m maker) object(t *rapid.T, s *huma.Schema, name string) map[string]any {
	object := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) { // in order, so that what fails fails again
		if slices.Contains(s.Required, key) || rapid.Bool().Draw(t, name+" has "+key) {
			object[key] = m.value(t, s.Properties[key], key)
		}
	}
	if of, ok := s.AdditionalProperties.(*huma.Schema); ok && rapid.Bool().Draw(t, name+" has one") {
		object[rapid.OneOf(rapid.SampledFrom(m.columns), anyText()).Draw(t, "key")] = m.value(t, of, name+" value")
	}
	return object
}

func (m maker) anything(t *rapid.T, name string) any {
	return rapid.OneOf(
		rapid.Just(any(nil)), rapid.Map(rapid.Bool(), toAny[bool]), rapid.Map(rapid.Int64(), toAny[int64]), rapid.Map(rapid.Float64(), toAny[float64]),
		rapid.Map(anyText(), toAny[string]), rapid.Just(any([]any{})), rapid.Just(any(map[string]any{"report": "declarations", "x": []any{nil}})),
		rapid.Just(any(map[string]any{"report": "school_onboarding", "formats": []string{"csv"}})),
	).Draw(t, name)
}

func toAny[T any](v T) any { return v }

// against says what of an answer is not as the document has it, "" for nothing.
func (m maker) against(op *huma.Operation, res *http.Response, body []byte) string {
	if res.StatusCode == http.StatusNotModified || res.StatusCode == http.StatusPartialContent || res.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return "" // what HTTP itself says of a file
	}
	documented := op.Responses[strconv.Itoa(res.StatusCode)]
	if documented == nil || res.StatusCode >= http.StatusInternalServerError {
		return fmt.Sprintf("status %d", res.StatusCode)
	}
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		return err.Error()
	}
	content := documented.Content[kind]
	if content == nil && documented.Content["application/octet-stream"] == nil {
		return fmt.Sprintf("status %d with %s", res.StatusCode, kind)
	}
	for _, inside := range []string{"goroutine ", "SQLSTATE", "pgconn", "runtime error"} { // a job's own errors may
		if res.StatusCode >= http.StatusBadRequest && strings.Contains(string(body), inside) {
			return "it tells of the inside"
		}
	}
	if content == nil || !strings.HasSuffix(kind, "json") {
		return ""
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err.Error()
	}
	found := &huma.ValidateResult{}
	huma.Validate(m.schemas, content.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, found)
	if len(found.Errors) > 0 {
		return fmt.Sprint(found.Errors)
	}
	return ""
}
