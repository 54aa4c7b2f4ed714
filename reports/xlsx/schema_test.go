package xlsx

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"cpd-jobs/reports/table"
)

// TestEveryPartIsValidByItsSchema needs xmllint (Debian: libxml2-utils) and the public schemas beside the repository.
func TestEveryPartIsValidByItsSchema(t *testing.T) {
	t.Parallel()
	lint := needs(t, []string{"xmllint"}, "--version")
	schemas := filepath.Join("..", "..", "..", "shared", "data", "schemas", "ooxml")
	if _, err := os.Stat(schemas); err != nil {
		t.Skip("no schemas beside the repository:", err)
	}
	for name, layout := range map[string]table.Layout{
		"plain": {}, "as people like it": {FreezePanes: true, FilterButtons: true}, "without charts": {NoCharts: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := document()
			doc.Layout = layout
			doc.Columns[0].Link = "https://example.org/?a=1&b="
			var out bytes.Buffer
			summary := funnel()
			summary.Charts = append(summary.Charts, table.Chart{Title: `A line & "more"`, Alt: "Line chart.", Value: 1, Last: 1, Line: true})
			w, err := NewWriter(&out, doc, summary)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range hostileRows() {
				if err := w.Add(row); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range z.File {
				validate(t, lint, schemas, f)
			}
		})
	}
}

// schemaOf is the schema of a part. That of the core properties imports others from the network: they are looked at
// below.
func schemaOf(part string) string {
	switch base := path.Base(part); {
	case base == "[Content_Types].xml":
		return "opc-xsd/opc-contentTypes.xsd"
	case path.Ext(base) == ".rels":
		return "opc-xsd/opc-relationships.xsd"
	case strings.HasPrefix(base, "chart"):
		return "dml-chart.xsd"
	case strings.HasPrefix(base, "drawing"):
		return "dml-spreadsheetDrawing.xsd"
	case strings.HasPrefix(base, "theme"):
		return "dml-main.xsd"
	case base == "app.xml":
		return "shared-documentPropertiesExtended.xsd"
	case base == "core.xml":
		return ""
	}
	return "sml.xsd"
}

func validate(t *testing.T, lint, schemas string, f *zip.File) {
	t.Helper()
	in, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	content, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	schema := schemaOf(f.Name)
	if schema == "" {
		if !bytes.Contains(content, []byte("<cp:coreProperties ")) || !bytes.Contains(content, []byte("<cp:lastModifiedBy>")) {
			t.Errorf("%s does not have the prefix that exceljs needs: %s", f.Name, content)
		}
		return
	}
	cmd := exec.Command(lint, "--noout", "--nonet", "--schema", filepath.Join(schemas, schema), "-")
	cmd.Stdin = bytes.NewReader(content)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return
	}
	for line := range strings.Lines(string(out)) {
		// The first edition does not know xml:space on t, which every version of Excel writes.
		if strings.Contains(line, "Schemas validity error") && !strings.Contains(line, "namespace}space' is not allowed") {
			t.Errorf("%s: %s", f.Name, line)
		}
	}
}
