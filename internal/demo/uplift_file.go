package demo

import (
	"context"
	"io"
	"path/filepath"
	"strconv"

	"cpd-jobs/internal/run"
)

// UpliftFile is the file that WriteUplift left.
type UpliftFile struct {
	Path string
	Rows int
}

// WriteUplift writes pupil_premium_and_sparsity_<year>.csv into dir, in the publisher's three columns. It says the
// same as the source's pupil_premiums but for a few schools, and has what the real files have: URNs that no source
// knows, URNs that stand twice (one of them contradicting itself), and NA in a few flags. Files up to 2023 end their
// lines with LF, later ones with CRLF, as the real ones do.
func WriteUplift(ctx context.Context, dir string, year int, o Options) (UpliftFile, error) {
	o, err := o.checked()
	if err != nil {
		return UpliftFile{}, err
	}
	w, err := newWorld(o)
	if err != nil {
		return UpliftFile{}, err
	}
	if year <= w.year-years || year > w.year {
		return UpliftFile{}, run.Invalid("give a cohort that the source has uplifts for", "an uplift file for %d beside a source of cohorts %d to %d",
			year, w.year-years+1, w.year)
	}
	u := UpliftFile{Path: filepath.Join(dir, "pupil_premium_and_sparsity_"+strconv.Itoa(year)+".csv")}
	err = writeFile(u.Path, func(out io.Writer) error {
		u.Rows, err = w.writeUplift(ctx, out, year, o)
		return err
	})
	return u, err
}

func (w *world) writeUplift(ctx context.Context, out io.Writer, year int, o Options) (int, error) {
	l := Dialect2021
	if year >= 2024 {
		l.eol = "\r\n"
	}
	each := w.eachSchool
	if o.Register != nil {
		each = o.Register
	}
	lines := newLineWriter(out, &l, []string{"URN", "Pupil Premium Incentive", "Sparsity Incentive"})
	var twice [][]string
	n := 0
	err := each(func(s School) error {
		row := w.upliftRow(&s, year)
		if row == nil {
			return ctx.Err()
		}
		if n++; n%40 == 0 {
			lines.write([]string{strconv.Itoa(unknownURN + n/40), row[1], row[2]})
		}
		if n%1000 == 100 && len(twice) < 6 {
			twice = append(twice, row)
		}
		lines.write(row)
		return ctx.Err()
	})
	if err != nil {
		return 0, err
	}
	for i, row := range twice {
		if i == 0 {
			row = []string{row[0], map[string]string{"0": "1", "1": "0"}[row[1]], row[2]}
		}
		lines.write(row)
	}
	return lines.flush(false)
}

// unknownURN begins a range of URNs that no school has.
const unknownURN = 500001

// upliftRow is a school's line, nil for one that the file leaves out.
func (w *world) upliftRow(s *School, year int) []string {
	rows := w.premiums(s)
	if s.URN >= edgeCaseURN || len(rows) == 0 {
		return nil
	}
	x := rows[year-rows[0].year]
	d := newRNG(w.seed, "uplift file "+strconv.Itoa(year), uint64(s.URN))
	if d.chance(0.003) {
		x.deprived = !x.deprived
	}
	row := []string{strconv.Itoa(s.URN), flag(x.deprived), flag(x.sparse)}
	if d.chance(0.0003) {
		row[2] = "NA"
	}
	return row
}

func flag(v bool) string {
	if v {
		return "1"
	}
	return "0"
}
