package source

import (
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

const (
	// freeUnpacked is how much any packed file may unpack to. Below it no ratio is looked at.
	freeUnpacked = 16 << 20
	// maxRatio is how many times its packed size a file may unpack to: a register shrinks to about a seventh, a bomb to a
	// thousandth.
	maxRatio = 100
	// maxUnpacked ends anything else; the national register is 12 MB.
	maxUnpacked = 4 << 30
	// maxMembers of an archive; the register's own has four.
	maxMembers = 1000
)

// errTooMuch is what a limited reader says when it has read its fill.
var errTooMuch = errors.New("unpacks to more than is sane for its size")

// limited counts what is really read, because the sizes in an archive are only claims.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooMuch
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	return n, err
}

// limit wraps what unpacks from a file of the given size.
func limit(r io.Reader, packedSize int64) io.Reader {
	return &limited{r: r, left: min(max(freeUnpacked, packedSize*maxRatio), maxUnpacked)}
}

// stack reads from the top and closes everything, last opened first.
type stack struct {
	io.Reader
	closers []io.Closer
}

func (s stack) Close() error {
	var errs []error
	for _, c := range slices.Backward(s.closers) {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// openerOf opens a plain or gzip file, told apart by its first bytes.
func openerOf(path, head string, size int64) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(head, "\x1f\x8b") {
			return f, nil
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			_ = f.Close()
			return nil, err
		}
		return stack{Reader: limit(z, size), closers: []io.Closer{f, z}}, nil
	}
}

// addZip lists an archive's members. Nothing is ever unpacked to a path: members are read where they are, so a name can
// at most lie about what it is, and one that tries to leave the archive condemns the whole.
func (d *Delivery) addZip(path string, size int64) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return damaged(d.Source, "is no whole zip: %s", strings.TrimPrefix(err.Error(), "zip: "))
	}
	d.close = append(d.close, z.Close)
	if err := checkMembers(z.File); err != nil {
		_ = d.Close()
		return damaged(d.Source, "is refused: %s", err)
	}
	for _, m := range z.File {
		if m.FileInfo().IsDir() {
			continue
		}
		d.members = append(d.members, member{name: m.Name, open: func() (io.ReadCloser, error) {
			return openMember(m, size)
		}})
	}
	return nil
}

// checkMembers finds archives that are made to attack their reader.
func checkMembers(members []*zip.File) error {
	if len(members) > maxMembers {
		return fmt.Errorf("it has %d members", len(members))
	}
	seen := make(map[string]bool, len(members))
	for _, m := range members {
		if unsafe(m.Name) {
			return fmt.Errorf("a member's name leads out of the archive: %q", m.Name)
		}
		name := strings.ToLower(m.Name)
		if seen[name] {
			return fmt.Errorf("it has two members named %q", m.Name)
		}
		seen[name] = true
	}
	return nil
}

func unsafe(name string) bool {
	return name == "" || strings.HasPrefix(name, "/") || strings.ContainsAny(name, "\\:\x00") ||
		slices.Contains(strings.Split(name, "/"), "..")
}

// encryptedFlag is bit 0 of a member's general purpose flags.
const encryptedFlag = 0x1

func openMember(m *zip.File, archiveSize int64) (io.ReadCloser, error) {
	if m.Flags&encryptedFlag != 0 {
		return nil, errors.New("is encrypted")
	}
	r, err := m.Open()
	if err != nil {
		return nil, err
	}
	return stack{Reader: limit(r, archiveSize), closers: []io.Closer{r}}, nil
}
