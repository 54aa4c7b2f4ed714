package xlsx

import (
	"math"
	"strconv"
	"time"

	"cpd-jobs/reports/table"
)

// A spreadsheet counts days, as a floating-point number, from 30 December 1899. Before 1 March 1900 programs disagree
// (Excel believes that 1900 was a leap year), so such times are texts here.
const (
	microsOfDay = 24 * 60 * 60 * 1_000_000
	firstSerial = 61      // 1 March 1900
	lastSerial  = 2958466 // 1 January 10000, which no longer is one
	// exactSerial is up to where floating-point numbers are fine enough to tell every microsecond from the next: until
	// 2079.
	exactSerial = 65536
)

var serialZero = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

// sinceZero is the time or date of v in days and microseconds.
func sinceZero(v table.Value) (days, micros int64) {
	at, isTime := v.AsTime()
	if !isTime {
		at, _ = v.AsDay()
	}
	since := at.UnixMicro() - serialZero.UnixMicro()
	days = since / microsOfDay
	if micros = since % microsOfDay; micros < 0 {
		days, micros = days-1, micros+microsOfDay
	}
	return days, micros
}

// hasSerial says whether some number stands for exactly that time or date. None does outside of the years above nor,
// for parts of a day, after 2079 where the number is too coarse.
func hasSerial(v table.Value) bool {
	days, micros := sinceZero(v)
	if days < firstSerial || days >= lastSerial {
		return false
	}
	if days < exactSerial || micros == 0 {
		return true
	}
	at := serialZero.AddDate(0, 0, int(days)).Add(time.Duration(micros) * time.Microsecond)
	serial, err := strconv.ParseFloat(string(appendSerial(nil, v)), 64)
	return err == nil && fromSerial(serial).Equal(at)
}

// fractionDigits of a day tell a microsecond (1.2e-11 days) from the next.
const fractionDigits = 12

// appendSerial adds the number of a time or date in decimal, to a tenth of a microsecond.
func appendSerial(b []byte, v table.Value) []byte {
	days, micros := sinceZero(v)
	b = strconv.AppendInt(b, days, 10)
	if micros == 0 {
		return b
	}
	const secondsOfDay = 86_400 // in units of 1e-12 days: micros * 1e12 / (secondsOfDay * 1e6)
	fraction := (micros*1e6 + secondsOfDay/2) / secondsOfDay
	b = append(b, '.')
	digits := [fractionDigits]byte{}
	for i := fractionDigits - 1; i >= 0; i-- {
		digits[i] = byte('0' + fraction%10)
		fraction /= 10
	}
	n := fractionDigits
	for n > 1 && digits[n-1] == '0' {
		n--
	}
	return append(b, digits[:n]...)
}

// fromSerial is the time that is nearest to a serial number, to the microsecond.
func fromSerial(serial float64) time.Time {
	days := math.Floor(serial)
	micros := math.Round((serial - days) * microsOfDay)
	return time.UnixMicro(serialZero.UnixMicro() + int64(days)*microsOfDay + int64(micros)).UTC()
}
