package source

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpd-jobs/internal/run"
)

func TestLocalSources(t *testing.T) {
	t.Parallel()
	csv := "a,b\n1,2\n"
	cases := []struct {
		name, file string
		content    []byte
		want       string // content of the member a.csv, or the error
	}{
		{"a file", "x.csv", []byte(csv), csv},
		{"a compressed file", "x.csv.gz", zipped(csv), csv},
		{"a compressed file under another name", "x.csv", zipped(csv), csv},
		{"a cut compressed file", "x.csv.gz", zipped(csv)[:20], "is cut off"},
		{"a compressed file with rubbish behind", "x.csv.gz", append(zipped(csv), "rubbish behind the end"...), "is damaged"},
		{"a compressed bomb", "x.csv.gz", zipped(strings.Repeat("0", freeUnpacked*2)), "unpacks to more than is sane"},
		{"a zip", "x.zip", archive(t, member1{"a.csv", csv, 0}), csv},
		{"a zip with the file in a folder", "x.zip", archive(t, member1{"folder/a.csv", csv, 0}), "nothing"},
		{"an encrypted member", "x.zip", archive(t, member1{"a.csv", csv, encryptedFlag}), "is encrypted"},
		{"an encrypted member that is not wanted", "x.zip", archive(t, member1{"a.csv", csv, 0}, member1{"b.csv", csv, encryptedFlag}), csv},
		{"two members that differ in case", "x.zip", archive(t, member1{"a.csv", csv, 0}, member1{"A.CSV", csv, 0}), "two members named"},
		{"a path up", "x.zip", archive(t, member1{"../a.csv", csv, 0}), "leads out of the archive"},
		{"a drive", "x.zip", archive(t, member1{"C:a.csv", csv, 0}), "leads out of the archive"},
		{"an absolute path", "x.zip", archive(t, member1{"/a.csv", csv, 0}), "leads out of the archive"},
		{"a zip of nothing but its start", "x.zip", []byte("PK\x03\x04"), "is no whole zip"},
		{"a damaged member", "x.zip", bytes.Replace(storedArchive(t, csv), []byte("1,2"), []byte("1,3"), 1), "checksum is wrong"},
		{"UTF-16", "x.csv", []byte("\xfe\xff\x00a"), "is UTF-16"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), c.file)
			if err := os.WriteFile(path, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := contentOf(t, path, Options{})
			if err != nil {
				got = err.Error()
				if run.ClassOf(err) != run.ClassInvalid {
					t.Errorf("got class %s, want that of bad input", run.ClassOf(err))
				}
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %.200q, want %q", got, c.want)
			}
		})
	}
}

func TestSourcesThatAreNotThere(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		filepath.Join(t.TempDir(), "no.csv"): "no such file",
		"ftp://host/file.csv":                "unknown kind of source",
		"http://example.com/ecf_tech.csv":    "plain http is taken from this machine only",
		"soap+http://example.com/service":    "the password would travel in clear",
		"https://":                           "is no address",
		os.DevNull:                           "no regular file",
	} {
		_, err := Open(t.Context(), source, Options{})
		if err == nil || !strings.Contains(err.Error(), want) || run.ClassOf(err) != run.ClassInvalid {
			t.Errorf("%s: got %v, want %q", source, err, want)
		}
	}
}

func TestAFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, content := range map[string][]byte{"a.csv.gz": zipped("x"), "b.csv": []byte("y")} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "a.csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	got, err := contentOf(t, folder, Options{})
	if err != nil || got != "x" {
		t.Errorf("got %q, %v, want the content of a.csv.gz", got, err)
	}
}

func TestMaskHidesSecrets(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"https://user:secret@host/a.csv?key=secret#x": "https://host/a.csv",
		"/data/ecf_tech.csv":                          "/data/ecf_tech.csv",
		"https://us er:secret@host/%zz":               "an address",
	} {
		if got := Mask(source); got != want {
			t.Errorf("%s: got %s, want %s", source, got, want)
		}
	}
}

// contentOf reads the only file of a source, or its member a.csv or a.csv.gz.
func contentOf(t *testing.T, source string, o Options) (string, error) {
	t.Helper()
	d, err := Open(t.Context(), source, o)
	if err != nil {
		return "", err
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	var f *File
	if d.Whole() {
		f, err = d.Only(t.Context())
	} else {
		f, err = d.Find(t.Context(), func(name string) bool { return strings.TrimSuffix(name, ".gz") == "a.csv" })
	}
	if err != nil || f == nil {
		return "nothing", err
	}
	r, err := f.Open(t.Context())
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }()
	text, err := io.ReadAll(r)
	return string(text), err
}

func zipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.Bytes()
}

type member1 struct {
	name, content string
	flags         uint16
}

func archive(t *testing.T, members ...member1) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: zip.Deflate, Flags: m.flags})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(m.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func storedArchive(t *testing.T, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "a.csv", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
