package table

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
)

// Sum counts rows and adds up their values in order: equal sums mean equal rows. Its zero value is ready for use.
type Sum struct {
	rows int64
	hash hash.Hash
	buf  []byte
}

// Add counts one more row.
func (s *Sum) Add(row []Value) {
	if s.hash == nil {
		s.hash = sha256.New()
	}
	s.buf = s.buf[:0]
	for _, v := range row {
		s.buf = v.appendCanonical(s.buf)
	}
	s.buf = append(s.buf, endOfRow)
	s.hash.Write(s.buf)
	s.rows++
}

// endOfRow cannot begin a value, so that rows of different lengths differ.
const endOfRow = 0xff

// Last is a short checksum of the row that was added last, by which a row that differs is found.
func (s *Sum) Last() uint32 { return crc32.ChecksumIEEE(s.buf) }

// Rows is how many were added.
func (s *Sum) Rows() int64 { return s.rows }

// Text is the checksum in hexadecimal.
func (s *Sum) Text() string {
	if s.hash == nil {
		return hex.EncodeToString(sha256.New().Sum(nil))
	}
	return hex.EncodeToString(s.hash.Sum(nil))
}

// Compare says how got, which was read back, differs from s, which was written; nil if it does not.
func (s *Sum) Compare(got *Sum) error {
	switch {
	case s.rows != got.rows:
		return fmt.Errorf("it has %d rows where the table has %d", got.rows, s.rows)
	case s.Text() != got.Text():
		return fmt.Errorf("its %d rows differ from the table's", got.rows)
	}
	return nil
}
