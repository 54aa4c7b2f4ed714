package source

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"cpd-jobs/internal/cost"
	"cpd-jobs/internal/run"
)

// File is one delivered file that was read through once: its size, hash and encoding are facts, not claims.
type File struct {
	Name      string
	SizeBytes int64  // unpacked
	SHA256    string // of the unpacked bytes, so that packing does not matter
	Encoding  Encoding

	crOnly bool // lines end in CR alone, as they did on the Macintosh
	open   func() (io.ReadCloser, error)
}

// inspect reads a member to its end. That costs one pass, and buys that a bomb, a cut archive or a wrong encoding is
// refused before the first row is used, and that an unchanged file is known by its hash.
func inspect(ctx context.Context, m member) (*File, error) {
	r, err := m.open()
	if err != nil {
		return nil, unreadable(m.name, err)
	}
	defer func() { _ = r.Close() }()
	sum := sha256.New()
	var look encodingLook
	size, err := io.Copy(io.MultiWriter(sum, &look), contextReader{ctx, r})
	if err != nil {
		return nil, unreadable(m.name, err)
	}
	enc, err := look.verdict()
	if err != nil {
		return nil, run.Invalid("save it as UTF-8 or Windows-1252", "%s is %w", m.name, err)
	}
	return &File{
		Name: m.name, SizeBytes: size, SHA256: hex.EncodeToString(sum.Sum(nil)), Encoding: enc,
		crOnly: look.cr && !look.lf, open: m.open,
	}, nil
}

// Open reads the file from its start, without a byte order mark.
func (f *File) Open(ctx context.Context) (io.ReadCloser, error) {
	r, err := f.open()
	if err != nil {
		return nil, unreadable(f.Name, err)
	}
	var in io.Reader = &sameSize{r: contextReader{ctx, r}, name: f.Name, left: f.SizeBytes}
	if f.Encoding == UTF8Marked {
		if _, err := io.CopyN(io.Discard, in, int64(len(utf8Mark))); err != nil {
			_ = r.Close()
			return nil, unreadable(f.Name, err)
		}
	}
	if f.crOnly {
		in = crLines{in}
	}
	return stack{Reader: in, closers: []io.Closer{r}}, nil
}

// crLines reads lines that end in CR alone as those that end in LF.
type crLines struct{ io.Reader }

func (l crLines) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// sameSize notices a file that is overwritten between the look through it and the reading of its rows.
type sameSize struct {
	r    io.Reader
	name string
	left int64
}

func (s *sameSize) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.left -= int64(n)
	if s.left < 0 || errors.Is(err, io.EOF) && s.left > 0 {
		return n, fmt.Errorf("%s changed while it was read", s.name)
	}
	return n, err
}

// unreadable says in one line why a file could not be read to its end.
func unreadable(name string, err error) error {
	switch corrupt, isCorrupt := errors.AsType[flate.CorruptInputError](err); {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errTooMuch):
		return run.Invalid("", "%s %w: reading stopped", name, err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return damaged(name, "is cut off")
	case errors.Is(err, zip.ErrChecksum), errors.Is(err, gzip.ErrChecksum):
		return damaged(name, "is damaged: its checksum is wrong")
	case errors.Is(err, zip.ErrAlgorithm), errors.Is(err, zip.ErrFormat), errors.Is(err, gzip.ErrHeader):
		return damaged(name, "is damaged: %s", err)
	case isCorrupt:
		return damaged(name, "is damaged at byte %d", int64(corrupt))
	default:
		return run.Invalid("", "cannot read %s: %w", name, reason(err))
	}
}

// contextReader stops a long read when its context ends, and counts for the job what was read.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	cost.From(c.ctx).Read(int64(n))
	return n, err
}

// looksLike guesses what a file is whose header is not the expected one, for the error message: "" if nothing known.
func looksLike(firstLine []byte) string {
	start := strings.ToLower(string(bytes.TrimSpace(firstLine)))
	switch {
	case strings.HasPrefix(start, "<!doctype html"), strings.HasPrefix(start, "<html"):
		return "an HTML page"
	case strings.HasPrefix(start, "<"):
		return "XML"
	case strings.HasPrefix(start, "{"), strings.HasPrefix(start, "["):
		return "JSON"
	case strings.HasPrefix(start, "%pdf"):
		return "a PDF"
	case strings.Count(start, ";") > 2:
		return "a file with semicolons between its fields"
	case strings.Count(start, "\t") > 2:
		return "a file with tabs between its fields"
	}
	return ""
}

// start is the file's first line, or as much of it as tells what it is; nothing where it cannot be read.
func (f *File) start(ctx context.Context) []byte {
	r, err := f.Open(ctx)
	if err != nil {
		return nil
	}
	defer func() { _ = r.Close() }()
	buf := make([]byte, 1024)
	n, _ := io.ReadFull(r, buf)
	line, _, _ := bytes.Cut(bytes.TrimSpace(buf[:n]), []byte{'\n'})
	return line
}

// String names the file with its hash, short.
func (f *File) String() string { return fmt.Sprintf("%s (%.12s)", f.Name, f.SHA256) }
