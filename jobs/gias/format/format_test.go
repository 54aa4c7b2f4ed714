package format_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias/format"
)

func TestAllEstablishmentsOfTheSample(t *testing.T) {
	t.Parallel()
	x, err := format.Open(t.Context(), "../testdata/sample", source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	byURN := map[string]format.Establishment{}
	for e, err := range format.All(t.Context(), x.Establishments) {
		if err != nil {
			t.Fatal(err)
		}
		byURN[e.URN] = e
	}
	if len(byURN) != 10 || x.Links == nil {
		t.Errorf("got %d establishments, links %v", len(byURN), x.Links)
	}
	special := byURN["990008"]
	if !special.Section41Approved || special.TypeCode != 10 || special.StatusCode != 1 || special.OpenDate != "2010-09-01" {
		t.Errorf("got %+v", special)
	}
	if e := byURN["990002"]; e.Name != "All Saints’ Example School" || e.LACode != "301" || *e.PhaseCode != 2 || e.Postcode != "ZZ1 1AA" {
		t.Errorf("got %+v", e)
	}
}

func TestNamesInADelivery(t *testing.T) {
	t.Parallel()
	sample, err := os.ReadFile("../testdata/sample/ecf_tech.csv")
	if err != nil {
		t.Fatal(err)
	}
	for names, want := range map[string]string{
		"ecf_tech.csv":                    "",
		"ECF_TECH.CSV":                    "",
		"edubasealldata20240312.csv":      "",
		"ecf_tech_old.csv":                "has no ecf_tech.csv",
		"ecf_tech.csv ecf_tech.csv.gz":    "has 2 files that could be meant",
		"ecf_tech.csv edubasealldata.csv": "has 2 files that could be meant",
	} {
		folder := t.TempDir()
		for name := range strings.FieldsSeq(names) {
			if err := os.WriteFile(filepath.Join(folder, name), sample, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		x, err := format.Open(t.Context(), folder, source.Options{})
		if err == nil {
			_ = x.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", names, err, want)
		}
	}
}

// FuzzEstablishments feeds a reader anything: it must account for every row, and what it gives out must be storable.
func FuzzEstablishments(f *testing.F) {
	for _, path := range []string{"../testdata/sample/ecf_tech.csv", "../testdata/sample/links.csv"} {
		seed, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	const header = "URN,LA (code),EstablishmentName,TypeOfEstablishment (code),EstablishmentStatus (code),OpenDate,Easting\n"
	for _, rows := range []string{
		"100000,301,A,1,1,31/02/2020,1\n", "100000,301,\x81,01,01,01-01-1900,007\n", "1,2\n\"", "100000,301,\"a\x00\",1,1,,\n",
		"100000,301,\xe2\x80\xae,1,1,,\n100000,301,caf\xe9,1,1,,-5\n",
	} {
		f.Add([]byte(header + rows))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "ecf_tech.csv")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		x, err := format.Open(t.Context(), path, source.Options{})
		if err != nil {
			return
		}
		defer func() { _ = x.Close() }()
		for _, table := range []*format.Table{&format.Establishments, &format.Links} {
			readThrough(t, table, x.Establishments)
		}
	})
}

func readThrough(t *testing.T, table *format.Table, f *source.File) {
	t.Helper()
	r, err := format.NewReader(t.Context(), table, f)
	if err != nil {
		return
	}
	defer func() { _ = r.Close() }()
	var rejected, given int64
	r.OnIssue = func(i format.Issue) {
		if i.Scope == format.RowRejected {
			rejected++
		}
		if i.Line < 2 || i.Reason == "" || strings.ContainsAny(i.Value, "\x00\n") {
			t.Errorf("an issue that cannot be shown: %+v", i)
		}
	}
	for r.Next() {
		given++
		for i, v := range r.Row().Values {
			if strings.ToValidUTF8(string(v), "") != string(v) || strings.ContainsRune(string(v), 0) || v != nil && len(v) == 0 {
				t.Errorf("%s: %q cannot be stored", table.Columns[i].Heading, v)
			}
			if v == nil && table.Columns[i].Required {
				t.Errorf("%s is missing", table.Columns[i].Heading)
			}
		}
	}
	if c := r.Counts(); r.Err() == nil && (c.Read != given+rejected || c.Rejected != rejected) {
		t.Errorf("got %+v for %d given and %d rejected", c, given, rejected)
	}
}
