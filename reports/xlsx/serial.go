package xlsx

import (
	"math"
	"time"

	"cpd-jobs/reports/table"
)

// A spreadsheet counts days, as a floating-point number, from 30 December 1899. Before 1 March 1900 programs disagree (Excel
// believes that 1900 was a leap year), so such times are texts here.
const (
	microsOfDay = 24 * 60 * 60 * 1_000_000
	firstSerial = 61      // 1 March 1900
	lastSerial  = 2958466 // 1 January 10000, which no longer is one
)

var serialZero = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

// serialOf is the number of a time or a date. It is false where no number stands for exactly that microsecond: outside of
// the years above and, for parts of a second, after 2079, when the floating-point number becomes too coarse.
func serialOf(v table.Value) (float64, bool) {
	at, isTime := v.AsTime()
	if !isTime {
		at, isTime = v.AsDay()
	}
	if !isTime {
		return 0, false
	}
	serial := float64(at.UnixMicro()-serialZero.UnixMicro()) / microsOfDay
	if serial < firstSerial || serial >= lastSerial || !fromSerial(serial).Equal(at) {
		return 0, false
	}
	return serial, true
}

// fromSerial is the time that is nearest to a serial number, to the microsecond.
func fromSerial(serial float64) time.Time {
	days := math.Floor(serial)
	micros := math.Round((serial - days) * microsOfDay)
	return serialZero.AddDate(0, 0, int(days)).Add(time.Duration(micros) * time.Microsecond)
}
