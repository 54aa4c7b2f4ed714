package xlsx

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"cpd-jobs/reports/table"
)

const benchRows = 250_000

// BenchmarkWorkbook writes and rereads 250,000 rows like those of the school onboarding report's 25 first columns, and
// has plain excelize and libxlsxwriter in constant-memory mode (Debian: libxlsxwriter-dev, gcc) write the same cells,
// in turns; of each the best of three counts.
func BenchmarkWorkbook(b *testing.B) {
	rows := benchSchools(benchRows)
	for b.Loop() {
		dir := b.TempDir()
		path := func(name string) string { return filepath.Join(dir, name+".xlsx") }
		best := map[string]time.Duration{}
		take := func(name string, run func(path string) time.Duration) {
			if took := run(path(name)); best[name] == 0 || took < best[name] {
				best[name] = took
			}
		}
		library := libxlsxwriter(b, rows)
		for range 3 {
			take("ours", func(path string) time.Duration { return writeOurs(b, path, rows) })
			take("reread", func(string) time.Duration { return rereadOurs(b, path("ours"), len(rows)) })
			take("excelize", func(path string) time.Duration { return writeExcelize(b, path, rows) })
			if library != nil {
				take("libxlsxwriter", library)
			}
		}
		b.ReportMetric(best["ours"].Seconds(), "s/write")
		b.ReportMetric(float64(len(rows))/best["ours"].Seconds(), "rows/s")
		b.ReportMetric(best["reread"].Seconds()/best["ours"].Seconds(), "reread/write")
		b.ReportMetric(float64(sizeOf(b, path("ours")))/1e6, "MB")
		for _, other := range []string{"excelize", "libxlsxwriter"} {
			if best[other] > 0 {
				b.ReportMetric(best["ours"].Seconds()/best[other].Seconds(), "time/"+other)
				b.ReportMetric(float64(sizeOf(b, path("ours")))/float64(sizeOf(b, path(other))), "size/"+other)
			}
		}
	}
	b.ReportMetric(0, "ns/op") // says nothing: several programs took turns
}

// BenchmarkTwoMillionRows writes 2 million rows of 30 columns and reports the most memory that the process had
// meanwhile.
func BenchmarkTwoMillionRows(b *testing.B) {
	doc := benchDocument()
	for i := range 5 {
		doc.Columns = append(doc.Columns, table.Column{Name: fmt.Sprint("more_", i), Title: fmt.Sprint("More ", i), Type: table.Text})
	}
	pattern := benchSchools(1000)
	for i, row := range pattern {
		pattern[i] = append(row, row[:5]...)
	}
	for b.Loop() {
		forgetPeak()
		w, err := NewWriter(io.Discard, doc, funnel())
		if err != nil {
			b.Fatal(err)
		}
		row := make([]table.Value, 30)
		for i := range 2_000_000 {
			copy(row, pattern[i%len(pattern)])
			row[1] = table.String(strconv.Itoa(100_000 + i))
			if err := w.Add(row); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(w.book.Parts)), "sheets")
		b.ReportMetric(peak(b), "MiB-peak")
	}
}

// forgetPeak makes the system measure the process's memory anew, where it can, without what benchmarks before have
// left.
func forgetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peak is the most resident memory that the process had, in MiB; 0 where the system does not say.
func peak(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Log("memory not measured:", err)
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kib, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	n, _ := strconv.ParseFloat(kib, 64)
	return n / 1024
}

func sizeOf(b *testing.B, path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}

// benchColumns are the report's first 25, by name and type.
func benchColumns() []table.Column {
	var columns []table.Column
	for name := range strings.FieldsSeq(`name urn school_type_name school_phase_type:integer school_phase_name school_status_code:integer
		school_status_name postcode administrative_district_code administrative_district_name nomination_email_opened_at:timestamp
		induction_tutor_nominated:boolean tutor_nominated_time:timestamp induction_tutor_signed_in:boolean induction_programme_choice
		in_partnership:boolean partnership_time:timestamp partnership_challenge_reason partnership_challenge_time:timestamp
		lead_provider delivery_partner chosen_cip active_participants:boolean pupil_premium:boolean sparsity:boolean`) {
		name, kind, _ := strings.Cut(name, ":")
		if kind == "" {
			kind = "text"
		}
		columns = append(columns, table.Column{Name: name, Title: strings.ReplaceAll(name, "_", " "), Type: table.Type(kind)})
	}
	return columns
}

func benchDocument() table.Document {
	doc := document()
	doc.Columns = benchColumns()
	return doc
}

var (
	benchNames  = strings.Fields("Abbey Ashfield Beacon Bishop Castle Cedar Church Corner Dale Elm Ferry Forest Grange Green Hall Hill Holy Kings Lake Manor Mill North Oak Park Priory Queens River Saint South Stone Trinity Valley West Wood York")
	benchTypes  = []string{"Community school", "Voluntary aided school", "Academy converter", "Academy sponsor led", "Free schools", "Local authority nursery school", "Foundation school"}
	benchPhases = []string{"Not applicable", "Nursery", "Primary", "Middle deemed primary", "Secondary", "Middle deemed secondary", "16 plus", "All-through"}
	benchChoice = []string{"full_induction_programme", "core_induction_programme", "design_our_own", "no_early_career_teachers"}
	benchLeads  = []string{"Ambition Institute", "Best Practice Network", "Capita", "Education Development Trust", "Teach First", "UCL Institute of Education"}
)

// benchSchools makes up n rows, always the same.
func benchSchools(n int) [][]table.Value {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list []string) table.Value { return table.String(list[r.IntN(len(list))]) }
	often := func(v table.Value, share float64) table.Value {
		if r.Float64() < share {
			return v
		}
		return table.Value{}
	}
	from := time.Date(2021, 6, 1, 0, 0, 0, 0, time.UTC)
	when := func() table.Value {
		return table.Time(from.Add(time.Duration(r.Int64N(5*365*86400*1e6)) * time.Microsecond))
	}
	word := func() string { return benchNames[r.IntN(len(benchNames))] }
	rows := make([][]table.Value, n)
	for i := range rows {
		phase := r.IntN(len(benchPhases))
		district := r.IntN(330)
		rows[i] = []table.Value{
			table.String(word() + " " + word() + " School, " + word()), table.String(strconv.Itoa(100000 + i)), pick(benchTypes),
			table.Int(int64(phase)), table.String(benchPhases[phase]), table.Int(1), table.String("open"),
			table.String(fmt.Sprintf("%s%d %d%s", word()[:2], r.IntN(30), r.IntN(10), strings.ToUpper(word()[:2]))),
			table.String(fmt.Sprintf("E0%d", 6000000+district)), table.String(benchNames[district%len(benchNames)] + " and " + benchNames[district/10]),
			often(when(), 0.7), table.Bool(r.IntN(3) > 0), often(when(), 0.6), often(table.Bool(true), 0.5), often(pick(benchChoice), 0.7),
			table.Bool(r.IntN(2) > 0), often(when(), 0.5), often(table.String("another_provider"), 0.03), often(when(), 0.03),
			often(pick(benchLeads), 0.5), often(table.String(word()+" Teaching School Hub"), 0.5), often(pick(benchLeads), 0.2),
			table.Bool(r.IntN(2) > 0), often(table.Bool(r.IntN(4) == 0), 0.8), table.Bool(r.IntN(9) == 0),
		}
	}
	return rows
}

func writeOurs(b *testing.B, path string, rows [][]table.Value) time.Duration {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	start := time.Now()
	w, err := NewWriter(f, benchDocument(), funnel())
	if err != nil {
		b.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Add(row); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

func rereadOurs(b *testing.B, path string, want int) time.Duration {
	b.Helper()
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	start := time.Now()
	r, err := NewReader(f, sizeOf(b, path))
	if err != nil {
		b.Fatal(err)
	}
	var sum table.Sum
	for row, err := range r.Rows("example_report", benchColumns()) {
		if err != nil {
			b.Fatal(err)
		}
		sum.Add(row)
	}
	if sum.Rows() != int64(want) {
		b.Fatalf("%d rows reread of %d", sum.Rows(), want)
	}
	return time.Since(start)
}

// writeExcelize writes the same table as its documentation shows it.
func writeExcelize(b *testing.B, path string, rows [][]table.Value) time.Duration {
	b.Helper()
	start := time.Now()
	f := excelize.NewFile()
	defer f.Close()
	plain, _ := f.NewStyle(&excelize.Style{Font: &excelize.Font{Family: font, Size: fontSize}, Alignment: &excelize.Alignment{WrapText: true}})
	out, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	cells, values := make([]excelize.Cell, len(rows[0])), make([]any, len(rows[0]))
	for i, row := range rows {
		for column, v := range row {
			cells[column] = excelize.Cell{StyleID: plain, Value: excelizeValue(v)}
			values[column] = &cells[column]
			if v.Empty() {
				values[column] = nil
			}
		}
		if err := out.SetRow("A"+strconv.Itoa(i+1), values); err != nil {
			b.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.SaveAs(path); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

func excelizeValue(v table.Value) any {
	if n, ok := v.AsInt(); ok {
		return n
	}
	if truth, ok := v.AsBool(); ok {
		return truth
	}
	if serial, ok := serialOf(v); ok {
		return serial
	}
	return v.String()
}

func serialOf(v table.Value) (float64, bool) {
	if _, isTime := v.AsTime(); !isTime {
		return 0, false
	}
	serial, err := strconv.ParseFloat(string(appendSerial(nil, v)), 64)
	return serial, err == nil
}

// libxlsxwriter builds the program that writes rows with that library; nil where it or a compiler is missing.
func libxlsxwriter(b *testing.B, rows [][]table.Value) func(path string) time.Duration {
	b.Helper()
	dir := b.TempDir()
	program, cells := filepath.Join(dir, "write"), filepath.Join(dir, "cells")
	out, err := exec.Command("cc", "-O2", "-o", program, filepath.Join("testdata", "bench", "write.c"), "-lxlsxwriter").CombinedOutput()
	if err != nil {
		b.Logf("not compared with libxlsxwriter (Debian: gcc libxlsxwriter-dev): %v\n%s", err, out)
		return nil
	}
	saveCells(b, cells, rows)
	return func(path string) time.Duration {
		out, err := exec.Command(program, cells, path).Output()
		if err != nil {
			b.Fatalf("libxlsxwriter: %v", err)
		}
		seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil {
			b.Fatal(err)
		}
		return time.Duration(seconds * float64(time.Second))
	}
}

// saveCells writes rows as write.c reads them.
func saveCells(b *testing.B, path string, rows [][]table.Value) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	out := bufio.NewWriter(f)
	put := func(v any) { _ = binary.Write(out, binary.NativeEndian, v) }
	put([]uint32{uint32(len(rows)), uint32(len(rows[0]))})
	for _, row := range rows {
		for _, v := range row {
			saveCell(out, v)
		}
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
}

func saveCell(out io.Writer, v table.Value) {
	put := func(v any) { _ = binary.Write(out, binary.NativeEndian, v) } // the buffer keeps the error
	switch value := excelizeValue(v).(type) {
	case int64:
		put(byte('n'))
		put(float64(value))
	case float64:
		put(byte('d'))
		put(value)
	case bool:
		put(byte('b'))
		put(value)
	case string:
		if value == "" {
			put(byte('e'))
			return
		}
		put(byte('t'))
		put(uint32(len(value)))
		put(append([]byte(value), 0))
	}
}
