package export

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cpd-jobs/reports"
	"cpd-jobs/reports/csvfile"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/table"
)

// modulesEnv is the folder of node modules in which `make check/duckdb` has put DuckDB.
const modulesEnv = "DUCKDB_MODULES"

func TestDuckDBFindsTheSameCells(t *testing.T) {
	modules := os.Getenv(modulesEnv)
	if modules == "" {
		t.Skip("needs DuckDB: make check/duckdb")
	}
	b := newBench(t)
	b.refresh(1, hostileSchools()...)
	b.export(b.everyFormat())
	def, err := reports.Find("school_onboarding")
	if err != nil {
		t.Fatal(err)
	}
	want := b.rows("csv")
	compare := func(what string, got [][]string) {
		t.Helper()
		if len(got) != len(want) {
			t.Errorf("%s: %d rows, want %d", what, len(got), len(want))
			return
		}
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("%s: row %d\n got %q\nwant %q", what, i+1, got[i], want[i])
			}
		}
	}
	parquet := query(t, modules, "SELECT "+asTexts(def)+" FROM read_parquet('"+filepath.Join(b.dir, baseName+".parquet")+"')")
	for _, row := range parquet {
		for i, c := range def.Columns {
			if c.Type == string(table.Timestamp) {
				row[i] = timeText(t, row[i])
			}
		}
	}
	compare("Parquet", parquet)
	for _, ending := range []string{".csv", "-excel.csv"} {
		rows := query(t, modules, "SELECT * FROM read_csv('"+filepath.Join(b.dir, baseName+ending)+
			"', header = true, all_varchar = true, nullstr = '', delim = ',', quote = '\"', escape = '\"', new_line = '\\r\\n')")
		for _, row := range rows {
			for i := range row {
				row[i] = csvfile.Original(row[i])
			}
		}
		compare("CSV "+ending, rows)
	}
	types := query(t, modules, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet('"+filepath.Join(b.dir, baseName+".parquet")+"'))")
	for i, c := range def.Columns {
		want := map[string]string{"text": "VARCHAR", "integer": "INTEGER", "decimal": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE",
			"timestamp": "TIMESTAMP WITH TIME ZONE", "text[]": "VARCHAR[]"}[c.Type]
		if !slices.Equal(types[i], []string{c.Name, want}) {
			t.Errorf("column %q, want %s %s", types[i], c.Name, want)
		}
	}
}

// asTexts selects every column as a text, times as microseconds.
func asTexts(def *definition.Definition) string {
	terms := make([]string, len(def.Columns))
	for i, c := range def.Columns {
		name := strconv.Quote(c.Name)
		switch table.Type(c.Type) {
		case table.Timestamp:
			name = "epoch_us(" + name + ")"
		case table.List:
			name = "array_to_string(" + name + ", '; ')"
		}
		terms[i] = "CAST(" + name + " AS VARCHAR)"
	}
	return strings.Join(terms, ", ")
}

func timeText(t *testing.T, micros string) string {
	t.Helper()
	if micros == "" {
		return ""
	}
	n, err := strconv.ParseInt(micros, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return table.Time(time.UnixMicro(n)).String()
}

// query answers SQL with DuckDB; what is null is an empty text.
func query(t *testing.T, modules, sql string) [][]string {
	t.Helper()
	cmd := exec.Command("node", filepath.Join("testdata", "query.cjs"))
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	cmd.Stdin = strings.NewReader(sql)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("DuckDB: %v\n%s", err, stderr.String())
	}
	var rows [][]any
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatal(err)
	}
	texts := make([][]string, len(rows))
	for i, row := range rows {
		for _, v := range row {
			if v == nil {
				v = ""
			}
			texts[i] = append(texts[i], fmt.Sprint(v))
		}
	}
	return texts
}
