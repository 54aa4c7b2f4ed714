package xlsx

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"cpd-jobs/reports/table"
)

func TestSerialNumbers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		serial string
		exact  bool
	}{
		"1900-02-28T23:59:59Z": {"", false},
		"1900-03-01T00:00:00Z": {"61", true},
		"1970-01-01T00:00:00Z": {"25569", true},
		"2024-02-29T12:00:00Z": {"45351.5", true},
		"9999-12-31T00:00:00Z": {"2958465", true},
	}
	for text, test := range tests {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		if exact := hasSerial(table.Time(at)); exact != test.exact {
			t.Errorf("%s has a number: %v, want %v", text, exact, test.exact)
		}
		if serial := string(appendSerial(nil, table.Time(at))); test.exact && serial != test.serial {
			t.Errorf("%s: %s, want %s", text, serial, test.serial)
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
		serial, err := strconv.ParseFloat(string(appendSerial(nil, table.Time(at))), 64)
		if err != nil || !hasSerial(table.Time(at)) || !fromSerial(serial).Equal(at) {
			t.Fatalf("%s is %v, read back as %s, %v", at, serial, fromSerial(serial), err)
		}
	}
}
