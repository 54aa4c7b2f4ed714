package ods

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"cpd-jobs/internal/testing/tabletest"
)

// TestEveryPartIsValidByItsSchema needs xmllint (Debian: libxml2-utils) and the public schemas beside the repository.
func TestEveryPartIsValidByItsSchema(t *testing.T) {
	t.Parallel()
	lint := needs(t, "xmllint", "--version")
	schemas := filepath.Join("..", "..", "..", "shared", "data", "schemas", "odf")
	if _, err := os.Stat(schemas); err != nil {
		t.Skip("no schemas beside the repository:", err)
	}
	doc := tabletest.Document()
	doc.Columns[0].Link = "https://example.org/?a=1&b="
	var out bytes.Buffer
	w, err := NewWriter(&out, doc, tabletest.Funnel())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range tabletest.HostileRows() {
		err = errors.Join(err, w.Add(row))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		schema := "1.3-schema.rng"
		switch f.Name {
		case "mimetype":
			continue
		case "META-INF/manifest.xml":
			schema = "1.3-manifest-schema.rng"
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err := errors.Join(err, in.Close()); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(lint, "--noout", "--nonet", "--relaxng", filepath.Join(schemas, schema), "-")
		cmd.Stdin = bytes.NewReader(content)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%.2000s", f.Name, err, out)
		}
	}
}
