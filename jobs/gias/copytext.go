package gias

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"strconv"
	"strings"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/gias/format"
)

// flushBytes is how much text is made before it is handed on, and countEvery after how many rows the step is told.
const (
	flushBytes = 64 << 10
	countEvery = 512
)

// copyText is the rows of a reader in COPY's text format, line number first and hash last. Each value is copied once from
// the file's buffer; going through pgx's typed rows would cost an allocation for each.
type copyText struct {
	r         *format.Reader
	present   []int
	signature []byte
	step      *run.Step
	buf, row  []byte
	sent      int
	ended     bool
}

func newCopyText(r *format.Reader, p *part, step *run.Step) *copyText {
	headings := make([]string, len(p.layout.Present))
	for i, at := range p.layout.Present {
		headings[i] = p.table.Columns[at].Heading
	}
	// The hash covers which columns there are: rows of files with other columns never count as equal unread.
	return &copyText{r: r, present: p.layout.Present, signature: []byte(strings.Join(headings, "\t")), step: step}
}

func (c *copyText) Read(p []byte) (int, error) {
	if c.sent == len(c.buf) {
		if c.ended {
			return 0, io.EOF
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.buf[c.sent:])
	c.sent += n
	return n, nil
}

func (c *copyText) fill() error {
	c.buf, c.sent = c.buf[:0], 0
	rows := int64(0)
	for len(c.buf) < flushBytes {
		if !c.r.Next() {
			c.ended = true
			break
		}
		c.add(c.r.Row())
		if rows++; rows%countEvery == 0 {
			c.step.Add(countEvery)
		}
	}
	c.step.Add(rows % countEvery)
	if c.ended && len(c.buf) == 0 && c.r.Err() == nil {
		return io.EOF
	}
	return c.r.Err()
}

func (c *copyText) add(row *format.Row) {
	c.row = append(c.row[:0], c.signature...)
	for _, at := range c.present {
		c.row = appendValue(append(c.row, '\t'), row.Values[at])
	}
	sum := sha256.Sum256(c.row)
	c.buf = strconv.AppendInt(c.buf, int64(row.Line), 10)
	c.buf = append(c.buf, c.row[len(c.signature):]...)
	c.buf = strconv.AppendInt(append(c.buf, '\t'), int64(binary.BigEndian.Uint64(sum[:])), 10)
	c.buf = append(c.buf, '\n')
}

// appendValue writes a value with COPY's escapes; nil is NULL.
func appendValue(dst, value []byte) []byte {
	if value == nil {
		return append(dst, '\\', 'N')
	}
	start := 0
	for i, b := range value {
		var escape byte
		switch b {
		case '\\':
			escape = '\\'
		case '\n':
			escape = 'n'
		case '\r':
			escape = 'r'
		case '\t':
			escape = 't'
		default:
			continue
		}
		dst = append(append(dst, value[start:i]...), '\\', escape)
		start = i + 1
	}
	return append(dst, value[start:]...)
}
