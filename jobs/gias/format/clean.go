package format

import (
	"bytes"
	"time"
)

// shape brings a value into its column's form. The second result says what is wrong with it.
func (r *Reader) shape(f Form, value []byte) ([]byte, string) {
	switch f {
	case URN:
		if !IsURN(value) {
			return nil, "is no URN: 5 or 6 plain digits"
		}
	case Number:
		return number(value)
	case Date:
		return r.date(value)
	}
	return value, ""
}

// IsURN says that value is 5 or 6 plain digits. Nothing else is coerced into one.
func IsURN(value []byte) bool {
	return (len(value) == 5 || len(value) == 6) && value[0] != '0' && isDigits(value)
}

func isDigits(value []byte) bool {
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(value) > 0
}

// number drops zeros in front: the register pads its codes in some years and not in others.
func number(value []byte) ([]byte, string) {
	if !isDigits(value) || len(value) > 9 {
		return nil, "is no whole number"
	}
	trimmed := bytes.TrimLeft(value, "0")
	if len(trimmed) == 0 {
		return value[len(value)-1:], ""
	}
	return trimmed, ""
}

// date reads DD-MM-YYYY or DD/MM/YYYY and nothing that only resembles them. The register writes 01-01-1900 where it does
// not know the day; it is kept, since it is what the register says.
func (r *Reader) date(value []byte) ([]byte, string) {
	const fault = "is no day as DD-MM-YYYY"
	if len(value) != 10 || value[2] != value[5] || value[2] != '-' && value[2] != '/' ||
		!isDigits(value[:2]) || !isDigits(value[3:5]) || !isDigits(value[6:]) || value[6] == '0' {
		return nil, fault
	}
	day, month, year := decimal(value[:2]), decimal(value[3:5]), decimal(value[6:])
	if d := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC); d.Day() != day || int(d.Month()) != month {
		return nil, fault
	}
	start := len(r.scratch)
	r.scratch = append(append(append(append(append(r.scratch, value[6:]...), '-'), value[3:5]...), '-'), value[:2]...)
	return r.scratch[start:], ""
}

func decimal(digits []byte) int {
	n := 0
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n
}
