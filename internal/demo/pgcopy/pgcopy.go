// Package pgcopy writes rows in PostgreSQL's binary COPY format straight into a buffer. It exists because a demo
// source is millions of rows: pgx's CopyFrom boxes every value and spends more time than the generator itself.
// It knows the types that the CPD service's tables use and leaves sending to the caller.
package pgcopy

import (
	"encoding/binary"
	"math"
	"time"
)

// header is the signature, no flags, no header extension; trailer says that no row follows.
var (
	header  = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	trailer = []byte{0xff, 0xff}
)

// UUID is a PostgreSQL uuid. The zero value is written as NULL.
type UUID [16]byte

// Time is an instant in PostgreSQL's own unit: microseconds since midnight of 1 January 2000, UTC.
type Time int64

// Never is the absent instant, written as NULL.
const Never Time = math.MinInt64

var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// At makes a Time of t, to the microsecond below.
func At(t time.Time) Time { return Time(t.UnixMicro() - epoch.UnixMicro()) }

// Go makes a time.Time of t, in UTC. It must not be called on Never.
func (t Time) Go() time.Time { return time.UnixMicro(epoch.UnixMicro() + int64(t)).UTC() }

// Add moves t by d; Never stays Never.
func (t Time) Add(d time.Duration) Time {
	if t == Never {
		return Never
	}
	return t + Time(d.Microseconds())
}

// Buffer is one self-contained COPY stream being written. The zero value is an empty one.
// Its methods append one field each, in the order of the columns that the COPY names.
type Buffer struct{ bytes []byte }

// Len is the size so far in bytes.
func (b *Buffer) Len() int { return len(b.bytes) }

// Finish ends the stream and returns it. The buffer must be Reset before it is used again.
func (b *Buffer) Finish() []byte {
	b.bytes = append(b.bytes, trailer...)
	return b.bytes
}

// Reset empties the buffer and keeps its memory.
func (b *Buffer) Reset() { b.bytes = b.bytes[:0] }

// Row begins a row of the given number of fields.
func (b *Buffer) Row(fields int) {
	if len(b.bytes) == 0 {
		b.bytes = append(b.bytes, header...)
	}
	b.bytes = binary.BigEndian.AppendUint16(b.bytes, uint16(fields))
}

// Null writes NULL.
func (b *Buffer) Null() { b.length(-1) }

// UUID writes u, NULL for the zero value.
func (b *Buffer) UUID(u UUID) {
	if u == (UUID{}) {
		b.Null()
		return
	}
	b.length(len(u))
	b.bytes = append(b.bytes, u[:]...)
}

// Text writes s, an empty one as the empty string. It serves varchar, text, citext and json.
func (b *Buffer) Text(s string) {
	b.length(len(s))
	b.bytes = append(b.bytes, s...)
}

// TextOrNull writes s, NULL for the empty string.
func (b *Buffer) TextOrNull(s string) {
	if s == "" {
		b.Null()
		return
	}
	b.Text(s)
}

// Bool writes a boolean.
func (b *Buffer) Bool(v bool) {
	b.length(1)
	if v {
		b.bytes = append(b.bytes, 1)
	} else {
		b.bytes = append(b.bytes, 0)
	}
}

// Int2 writes a smallint.
func (b *Buffer) Int2(v int) {
	b.length(2)
	b.bytes = binary.BigEndian.AppendUint16(b.bytes, uint16(int16(v)))
}

// Int2OrNull writes a smallint, NULL for 0.
func (b *Buffer) Int2OrNull(v int) {
	if v == 0 {
		b.Null()
		return
	}
	b.Int2(v)
}

// Int4 writes an integer.
func (b *Buffer) Int4(v int) {
	b.length(4)
	b.int4(v)
}

// Int4OrNull writes an integer, NULL for 0.
func (b *Buffer) Int4OrNull(v int) {
	if v == 0 {
		b.Null()
		return
	}
	b.Int4(v)
}

// Int4s writes an integer[] of one dimension.
func (b *Buffer) Int4s(vs []int) {
	const int4OID = 23
	if len(vs) == 0 {
		b.length(12)
		b.int4s(0, 0, int4OID)
		return
	}
	b.length(20 + 8*len(vs))
	b.int4s(1, 0, int4OID, len(vs), 1)
	for _, v := range vs {
		b.Int4(v)
	}
}

// Time writes a timestamp without time zone, NULL for Never.
func (b *Buffer) Time(t Time) {
	if t == Never {
		b.Null()
		return
	}
	b.length(8)
	b.bytes = binary.BigEndian.AppendUint64(b.bytes, uint64(t))
}

// Date writes the day of t as a date, NULL for Never.
func (b *Buffer) Date(t Time) {
	if t == Never {
		b.Null()
		return
	}
	const day = int64(24 * time.Hour / time.Microsecond)
	days := int64(t) / day
	if int64(t)%day < 0 {
		days--
	}
	b.Int4(int(days))
}

// Inet writes an IPv4 address.
func (b *Buffer) Inet(a [4]byte) {
	const family, bits, isCIDR = 2, 32, 0
	b.length(8)
	b.bytes = append(b.bytes, family, bits, isCIDR, byte(len(a)), a[0], a[1], a[2], a[3])
}

func (b *Buffer) length(n int) { b.int4(n) }

func (b *Buffer) int4(v int) { b.bytes = binary.BigEndian.AppendUint32(b.bytes, uint32(int32(v))) }

func (b *Buffer) int4s(vs ...int) {
	for _, v := range vs {
		b.int4(v)
	}
}
