package source

import (
	"bytes"
	"errors"
	"io"
)

// maxRecord is the longest record that is kept; a register row has some 300 bytes. A longer one is skipped unread, so
// that an opening quote without an end cannot fill the memory.
const maxRecord = 256 << 10

// Fault says why a record has no fields.
type Fault string

const (
	TooLong    Fault = "the record is longer than 256 KiB"
	StrayQuote Fault = "a quote stands inside a field"
)

// Record is one line of a comma-separated file, or several where quotes hold line ends. Its fields are the raw bytes,
// without quotes, and are good until the next record is read.
type Record struct {
	Line   int // of its first byte; the header is line 1
	Fields [][]byte
	Fault  Fault
	// Unended says that the file stopped right after the last field: most files do end their last line.
	Unended bool
}

// ErrCut says that the file ends inside a quoted field, so that any number of rows may be missing.
var ErrCut = errors.New("the file ends in the middle of a field")

// Records reads RFC 4180 with CRLF, LF or a mixture. The standard library's reader has no limit to a record's
// length and cannot say whether the last line was cut; otherwise it would do.
type Records struct {
	src      io.Reader
	buf      []byte
	pos, end int
	line     int
	eof      bool
	spans    []span
	rec      Record
	err      error
}

// span is where a field lies in the buffer.
type span struct {
	from, to int
	doubled  bool // has doubled quotes
}

// NewRecords reads from src, which it does not close.
func NewRecords(src io.Reader) *Records {
	return &Records{src: src, buf: make([]byte, maxRecord), line: 1}
}

// Next reads a record; empty lines are none. It is false at the end and after an error.
func (r *Records) Next() bool {
	for r.err == nil {
		r.skipEmptyLines()
		if r.pos == r.end && r.eof {
			return false
		}
		switch next, outcome := r.parse(); outcome {
		case whole:
			r.take(next)
			return true
		case unfinished:
			if r.eof {
				r.err = ErrCut
				return false
			}
			if r.pos == 0 && r.end == len(r.buf) {
				return r.skipLong()
			}
			r.fill()
		case strayQuote:
			return r.skipLine()
		}
	}
	return false
}

// Record is the one that Next read.
func (r *Records) Record() Record { return r.rec }

// Err is what ended the reading early: [ErrCut], or an error of the source.
func (r *Records) Err() error { return r.err }

func (r *Records) skipEmptyLines() {
	for {
		switch {
		case r.pos == r.end && !r.eof && r.err == nil:
			r.fill()
		case r.pos < r.end && r.buf[r.pos] == '\n':
			r.pos++
			r.line++
		case r.pos+1 < r.end && r.buf[r.pos] == '\r' && r.buf[r.pos+1] == '\n':
			r.pos += 2
			r.line++
		case r.pos+1 == r.end && r.eof && r.buf[r.pos] == '\r':
			r.pos++
		default:
			return
		}
	}
}

// fill moves what is left to the front and reads more behind it.
func (r *Records) fill() {
	copy(r.buf, r.buf[r.pos:r.end])
	r.end -= r.pos
	r.pos = 0
	n, err := io.ReadAtLeast(r.src, r.buf[r.end:], 1)
	r.end += n
	switch {
	case errors.Is(err, io.EOF):
		r.eof = true
	case err != nil:
		r.err = err
	}
}

type outcome int

const (
	whole outcome = iota
	unfinished
	strayQuote
)

// parse finds the fields of the record at pos and where the next one starts, without changing the buffer: it may have
// to start over when more has been read.
func (r *Records) parse() (next int, o outcome) {
	r.spans = r.spans[:0]
	for at := r.pos; ; at++ {
		var s span
		if at < r.end && r.buf[at] == '"' {
			s, at, o = r.parseQuoted(at + 1)
		} else {
			s, at, o = r.parsePlain(at)
		}
		if o != whole {
			return 0, o
		}
		r.spans = append(r.spans, s)
		if at >= r.end || r.buf[at] != ',' {
			return at, whole
		}
	}
}

// parsePlain reads an unquoted field from at; the second result is the comma or line end behind it.
func (r *Records) parsePlain(at int) (span, int, outcome) {
	for i := at; i < r.end; i++ {
		switch r.buf[i] {
		case ',':
			return span{from: at, to: i}, i, whole
		case '\n':
			return span{from: at, to: at + len(bytes.TrimRight(r.buf[at:i], "\r"))}, i, whole
		case '"':
			return span{}, 0, strayQuote
		}
	}
	if !r.eof {
		return span{}, 0, unfinished
	}
	return span{from: at, to: at + len(bytes.TrimRight(r.buf[at:r.end], "\r"))}, r.end, whole
}

// parseQuoted reads from behind an opening quote.
func (r *Records) parseQuoted(from int) (span, int, outcome) {
	s := span{from: from}
	for at := from; ; {
		i := bytes.IndexByte(r.buf[at:r.end], '"')
		if i < 0 {
			return s, 0, unfinished
		}
		s.to = at + i
		at = s.to + 1
		line := at
		for line < r.end && r.buf[line] == '\r' { // one before the LF, or several where a program has converted twice
			line++
		}
		switch {
		case line == r.end && !r.eof:
			return s, 0, unfinished
		case line == r.end, r.buf[line] == '\n':
			return s, line, whole
		case r.buf[at] == ',':
			return s, at, whole
		case r.buf[at] == '"':
			s.doubled = true
			at++
		default:
			return s, 0, strayQuote
		}
	}
}

// take makes the parsed spans the current record and moves on.
func (r *Records) take(next int) {
	r.rec.Line, r.rec.Fault, r.rec.Fields = r.line, "", r.rec.Fields[:0]
	r.line += bytes.Count(r.buf[r.pos:min(next+1, r.end)], []byte{'\n'})
	for _, s := range r.spans {
		field := r.buf[s.from:s.to]
		if s.doubled {
			field = undouble(field)
		}
		r.rec.Fields = append(r.rec.Fields, field)
	}
	r.rec.Unended = next >= r.end
	r.pos = min(next+1, r.end)
}

// undouble makes one quote of two, in place.
func undouble(field []byte) []byte {
	out := field[:0]
	for i := 0; i < len(field); i++ {
		out = append(out, field[i])
		if field[i] == '"' {
			i++
		}
	}
	return out
}

// skipLine gives up a record at the end of its line: where its quotes are wrong nothing says where it ends.
func (r *Records) skipLine() bool {
	r.faulty(StrayQuote)
	for r.err == nil {
		if i := bytes.IndexByte(r.buf[r.pos:r.end], '\n'); i >= 0 {
			r.pos += i + 1
			r.line++
			return true
		}
		r.pos = r.end
		if r.eof {
			r.rec.Unended = true
			return true
		}
		r.fill()
	}
	return false
}

// skipLong passes over a record that does not fit the buffer, minding its quotes.
func (r *Records) skipLong() bool {
	r.faulty(TooLong)
	quoted := false
	for r.err == nil {
		for ; r.pos < r.end; r.pos++ {
			switch c := r.buf[r.pos]; {
			case c == '"':
				quoted = !quoted
			case c == '\n':
				r.line++
				if !quoted {
					r.pos++
					return true
				}
			}
		}
		if r.eof {
			if quoted {
				r.err = ErrCut
			}
			r.rec.Unended = true
			return !quoted
		}
		r.fill()
	}
	return false
}

func (r *Records) faulty(f Fault) {
	r.rec = Record{Line: r.line, Fault: f, Fields: r.rec.Fields[:0]}
}
