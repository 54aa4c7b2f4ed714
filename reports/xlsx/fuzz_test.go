package xlsx

import (
	"testing"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

func FuzzText(f *testing.F) {
	for _, name := range hostileNames {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		want, _ := frontmatter.Fit(table.String(name), table.Text)
		file, w := workbook(t, [][]table.Value{row(name, "1")}, nil)
		got := reread(t, file, "example_report", document().Columns)
		if len(got) != 1 || got[0] != rowText(row(want.String(), "1")) {
			t.Errorf("%q came back as %q", name, got)
		}
		if err := verify(file, w.Sum()); err != nil {
			t.Error(err)
		}
	})
}
