// Package source opens what a source delivered - a file, a compressed file, a zip, a folder, an address - and reads
// comma-separated records from it. Everything that arrives is taken for hostile: sizes are measured and not believed,
// nothing is held whole in memory, and a delivery that is cut, bombed or ambiguous is refused before a row is used.
// What the columns mean is left to its callers.
package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cpd-jobs/internal/run"
)

// Delivery is what one source gave. Close removes its temporary files.
type Delivery struct {
	// Source is the source as given, without passwords and query.
	Source string
	// Address is the [Fingerprint] of the source as given.
	Address string
	// AsAt is the date that the source gives its content, zero where it gives none.
	AsAt time.Time
	// ETag is the source's own mark of this content, "" where it has none.
	ETag string
	// Unchanged says that the source answered that nothing is newer than what the options named; there are no members
	// then.
	Unchanged bool

	members []member
	whole   bool // one plain file, not a folder or an archive
	close   []func() error
}

// member is one file of a delivery, not yet looked into.
type member struct {
	name string
	open func() (io.ReadCloser, error)
}

// Close removes what was downloaded or unpacked.
func (d *Delivery) Close() error {
	var errs []error
	for _, f := range slices.Backward(d.close) {
		errs = append(errs, f())
	}
	d.close = nil
	return errors.Join(errs...)
}

// Whole says that the delivery is one plain file, whatever its name, and no folder or archive.
func (d *Delivery) Whole() bool { return d.whole }

// Names lists the members.
func (d *Delivery) Names() []string {
	names := make([]string, len(d.members))
	for i, m := range d.members {
		names[i] = m.name
	}
	return names
}

// Only is the single file of a delivery that is [Delivery.Whole].
func (d *Delivery) Only(ctx context.Context) (*File, error) {
	return inspect(ctx, d.members[0])
}

// Find looks into the one member whose name match accepts. It is nil without an error where there is none; two are
// refused.
func (d *Delivery) Find(ctx context.Context, match func(name string) bool) (*File, error) {
	var found []member
	for _, m := range d.members {
		if match(m.name) {
			found = append(found, m)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return inspect(ctx, found[0])
	default:
		return nil, run.Invalid("leave one of them, or name the file itself",
			"%s has %d files that could be meant: %s and %s", d.Source, len(found), found[0].name, found[1].name)
	}
}

// Open finds out what source is and opens it. The error is of class Invalid where no retry can help, Unreachable where
// a host does not answer.
func Open(ctx context.Context, source string, o Options) (*Delivery, error) {
	if o.Allow != nil {
		permit := o.Allow.permitOpened
		if isAddress(source) {
			permit = o.Allow.permit
		}
		if err := permit(source); err != nil {
			return nil, err
		}
	}
	if isAddress(source) {
		d, err := openAddress(ctx, source, o)
		if err != nil {
			return nil, err
		}
		d.Address = Fingerprint(source)
		return d, nil
	}
	info, err := os.Stat(source)
	if err != nil {
		return nil, run.Invalid("check the path", "cannot read %s: %w", source, reason(err))
	}
	if info.IsDir() {
		return openFolder(source)
	}
	return openPath(source, filepath.Base(source), source)
}

// openPath opens a local file by its first bytes, not by its name.
func openPath(path, name, source string) (*Delivery, error) {
	head, size, err := peek(path)
	if err != nil {
		return nil, run.Invalid("check the path and who may read it", "cannot read %s: %w", source, reason(err))
	}
	d := &Delivery{Source: source}
	if strings.HasPrefix(head, "PK") {
		return d, d.addZip(path, size)
	}
	d.whole = true
	d.members = []member{{name: name, open: openerOf(path, head, size)}}
	return d, nil
}

// openFolder lists the plain files of a folder, not those of folders within it.
func openFolder(path string) (*Delivery, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, run.Invalid("check the path and who may read it", "cannot list %s: %w", path, reason(err))
	}
	d := &Delivery{Source: path}
	for _, e := range entries {
		if !e.Type().IsRegular() && e.Type()&os.ModeSymlink == 0 {
			continue
		}
		full := filepath.Join(path, e.Name())
		d.members = append(d.members, member{name: e.Name(), open: func() (io.ReadCloser, error) {
			head, size, err := peek(full)
			if err != nil {
				return nil, err
			}
			return openerOf(full, head, size)()
		}})
	}
	return d, nil
}

// peek reads the first bytes of a regular file, by which its form is known.
func peek(path string) (head string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	if !info.Mode().IsRegular() {
		return "", 0, errors.New("it is no regular file")
	}
	buf := make([]byte, 4)
	n, err := io.ReadFull(f, buf)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", 0, err
	}
	return string(buf[:n]), info.Size(), nil
}

// reason strips the operation and path that os puts in front, since the caller names the source itself.
func reason(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// damaged makes the error of a delivery that does not hold together.
func damaged(name string, format string, args ...any) error {
	return run.Invalid("fetch it again", "%s %s", name, fmt.Sprintf(format, args...))
}
