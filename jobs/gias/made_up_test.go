package gias_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpd-jobs/jobs/gias/format"
)

// school is a row of a made-up register by heading; what it leaves out is as in anySchool.
type school map[string]string

var anySchool = school{
	"LA (code)": "301", "LA (name)": "Barking and Dagenham", "EstablishmentName": "Example School",
	"TypeOfEstablishment (code)": "1", "TypeOfEstablishment (name)": "Community school",
	"EstablishmentStatus (code)": "1", "EstablishmentStatus (name)": "Open", "OpenDate": "01-09-2010",
	"PhaseOfEducation (code)": "2", "PhaseOfEducation (name)": "Primary", "Section41Approved (name)": "Not applicable",
	"DistrictAdministrative (code)": "E09000002", "DistrictAdministrative (name)": "Barking and Dagenham",
	"OfstedRating (code)": "99", "MainEmail": "office@example.com",
}

// headings of the extract, all 32.
func headings() []string {
	var list []string
	for _, c := range format.Establishments.Columns {
		list = append(list, c.Heading)
	}
	return list
}

func without(list []string, gone ...string) []string {
	var kept []string
	for _, h := range list {
		if !strings.Contains(strings.Join(gone, "|"), h) {
			kept = append(kept, h)
		}
	}
	return kept
}

// schools makes n rows with URNs from 100000, the later ones given overrides by URN.
func schools(n int, overrides map[string]school) []school {
	list := make([]school, 0, n)
	for i := range n {
		s := maps.Clone(anySchool)
		s["URN"] = fmt.Sprint(100000 + i)
		maps.Copy(s, overrides[s["URN"]])
		if s["URN"] != "" {
			list = append(list, s)
		}
	}
	return list
}

// gone leaves a school out of the file.
var gone = school{"URN": ""}

func closedOn(day string) school {
	return school{"EstablishmentStatus (code)": "2", "EstablishmentStatus (name)": "Closed", "CloseDate": day}
}

// register writes a register file and returns its path.
func register(t testing.TB, columns []string, rows []school) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(strings.Join(columns, ",") + "\r\n")
	for _, s := range rows {
		for i, c := range columns {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + strings.ReplaceAll(s[c], `"`, `""`) + `"`)
		}
		b.WriteString("\r\n")
	}
	return write(t, "ecf_tech.csv", b.String())
}

// links writes a links file of lines such as "100001,100002,Name,Successor,31-08-2019".
func links(t testing.TB, lines ...string) string {
	t.Helper()
	return write(t, "links.csv", "URN,LinkURN,LinkName,LinkType,LinkEstablishedDate\r\n"+strings.Join(lines, "\r\n"))
}

func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
