package gias

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"strconv"
	"strings"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/gias/format"
	"cpd-jobs/jobs/profile"
)

// flushBytes is how much text is made before it is handed on, and countEvery after how many rows the step is told.
const (
	flushBytes = 64 << 10
	countEvery = 512
)

// copyText is the rows of a reader in COPY's text format, line number first and hash last. Each value is copied once
// from the file's buffer; going through pgx's typed rows would cost an allocation for each.
type copyText struct {
	r         *format.Reader
	present   []int
	signature []byte
	profiles  []profile.Collector // of the present columns
	step      *run.Step
	buf, row  []byte
	sent      int
	ended     bool
}

func newCopyText(r *format.Reader, p *part, step *run.Step) *copyText {
	headings := make([]string, len(p.layout.Present))
	profiles := make([]profile.Collector, len(headings))
	for i, at := range p.layout.Present {
		c := p.table.Columns[at]
		headings[i] = c.Heading
		profiles[i] = profile.Collector{Number: c.Form == format.Number, Personal: c.Form == format.Email}
	}
	// The hash covers which columns there are: rows of files with other columns never count as equal unread.
	return &copyText{r: r, present: p.layout.Present, signature: []byte(strings.Join(headings, "\t")), profiles: profiles, step: step}
}

// describe leaves with p what the columns of the file look like.
func (c *copyText) describe(p *part) {
	p.forms, p.profile = make([]format.DateForms, len(p.table.Columns)), make([]profile.Column, len(p.table.Columns))
	for i, at := range p.layout.Present {
		column := c.profiles[i].Profile(p.table.Part, p.table.Columns[at].Name)
		column.Unreadable, p.forms[at] = c.r.Column(at)
		column.Forms = p.forms[at].String()
		p.profile[at] = column
	}
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
	for i, at := range c.present {
		c.profiles[i].Add(row.Values[at])
		c.row = appendValue(append(c.row, '\t'), row.Values[at])
	}
	end := len(c.row)
	if row.Unread != 0 { // nothing is no value: a row that says nothing of a column is another than one that says it is blank
		c.row = strconv.AppendUint(append(c.row, '\t'), row.Unread, 10)
	}
	sum := sha256.Sum256(c.row)
	c.row = c.row[:end]
	c.buf = strconv.AppendInt(c.buf, int64(row.Line), 10)
	c.buf = strconv.AppendInt(append(c.buf, '\t'), int64(row.Unread), 10)
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
