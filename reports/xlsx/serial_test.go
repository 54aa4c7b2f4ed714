package xlsx

import (
	"math/rand/v2"
	"testing"
	"time"

	"cpd-jobs/reports/table"
)

func TestSerialNumbers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		serial float64
		exact  bool
	}{
		"1900-02-28T23:59:59Z": {0, false},
		"1900-03-01T00:00:00Z": {61, true},
		"1970-01-01T00:00:00Z": {25569, true},
		"2024-02-29T12:00:00Z": {45351.5, true},
		"9999-12-31T00:00:00Z": {2958465, true},
	}
	for text, test := range tests {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		serial, exact := serialOf(table.Time(at))
		if serial != test.serial || exact != test.exact {
			t.Errorf("%s: %v (exact: %v), want %v (%v)", text, serial, exact, test.serial, test.exact)
		}
	}
}

func TestEveryMicrosecondUntil2079HasItsNumber(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	first := time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	last := time.Date(2079, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	for range 100_000 {
		at := time.UnixMicro(first + r.Int64N(last-first)).UTC()
		serial, ok := serialOf(table.Time(at))
		if !ok || !fromSerial(serial).Equal(at) {
			t.Fatalf("%s is %v (exact: %v), read back as %s", at, serial, ok, fromSerial(serial))
		}
	}
}
