package uplift

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"cpd-jobs/internal/source"
)

// FuzzReader feeds the reader anything: it must account for every row and give out only keys that can be stored.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"URN,Pupil Premium Incentive,Sparsity Incentive\n100000,1,NA\n1,2\n",
		"URN,Number of pupils on roll (7),Total number of pupils eligible for the Deprivation Pupil Premium," +
			"Total allocation for the Deprivation Pupil Premium\n100000,\"1,204\",233.5,\"£21,520\"\n100001,1,1,\"£21,52\"\n",
		"LAD_CODE,LAD_NAME\nE07000026,Allerdale\nX,Y\n", "LAD_CODE,LAD_CODE\n", "\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "u_2024.csv")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := source.Open(t.Context(), path, source.Options{})
		if err != nil {
			return
		}
		file, err := d.Only(t.Context())
		if err != nil {
			return
		}
		readThrough(t.Context(), t, file)
	})
}

func readThrough(ctx context.Context, t *testing.T, file *source.File) {
	t.Helper()
	r, err := newReader(ctx, file)
	if err != nil {
		return
	}
	defer r.close()
	var given, rejected int64
	r.onIssue = func(i issue) {
		if i.Kind == "rejected" {
			rejected++
		}
	}
	for r.next() {
		given++
		if len(r.row.key) < 5 || len(r.row.key) > 9 {
			t.Errorf("got key %q", r.row.key)
		}
	}
	if r.in.Err() == nil && r.in.Read != given+rejected {
		t.Errorf("read %d, gave out %d and rejected %d", r.in.Read, given, rejected)
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"£21,520": true, "\uFFFD0": true, "21520": true, "233.5": true, "£1,234,567.89": true,
		"£21,52": false, "": false, "£": false, "1,2345": false, "-5": false, "n/a": false,
	} {
		if isAmount(text) != want {
			t.Errorf("%s: got %v, want %v", text, !want, want)
		}
	}
}

func TestYearOfAFile(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{
		"pupil_premium_and_sparsity_2023.csv": 2023, "pupil_premium_aug_2021.csv.gz": 2021, "u-2024-v2.csv": 2024,
		"sparse_lads.csv": 0, "2023_2024.csv": 0, "20231.csv": 0,
	} {
		if got, _ := yearOf(Args{}, name); got != want {
			t.Errorf("%s: got %d, want %d", name, got, want)
		}
	}
}
