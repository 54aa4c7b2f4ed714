package encryptedzip

import (
	"archive/zip"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // #nosec G505 -- what AE-2 prescribes
	"hash"
	"io"
	"math"
	"time"
)

// Writer writes an archive, one entry after the other, straight to its destination. Two archives of the same content
// differ, since each entry has a salt of its own: without it, two files of one passphrase would give each other away.
type Writer struct {
	zip        *zip.Writer
	passphrase string
	modified   time.Time
	last       *entryWriter
	buffer     []byte
}

// NewWriter begins an archive whose entries bear the time modified. It must be closed.
func NewWriter(out io.Writer, passphrase string, modified time.Time) (*Writer, error) {
	if err := CheckPassphrase(passphrase); err != nil {
		return nil, err
	}
	return &Writer{zip: zip.NewWriter(out), passphrase: passphrase, modified: modified.UTC(), buffer: make([]byte, 32<<10)}, nil
}

// entryWriter encrypts an entry.
type entryWriter struct {
	archive *Writer
	header  *zip.FileHeader
	out     io.Writer
	stream  stream
	mac     hash.Hash
	size    int64
}

// Create begins an entry, which ends where the next begins or the archive is closed.
func (w *Writer) Create(name string) (io.Writer, error) {
	if err := w.endEntry(); err != nil {
		return nil, err
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	k, err := deriveKeys(w.passphrase, salt)
	if err != nil {
		return nil, err
	}
	e := &entryWriter{archive: w, mac: hmac.New(sha1.New, k.mac)}
	if e.stream, err = newStream(k.cipher); err != nil {
		return nil, err
	}
	e.header = &zip.FileHeader{Name: name, Method: method, Flags: flagEncrypted | flagDescriptor | flagUTF8, ReaderVersion: versionNeeded, CreatorVersion: versionNeeded, Extra: extra()}
	//lint:ignore SA1019 of a raw entry archive/zip writes these alone
	e.header.ModifiedDate, e.header.ModifiedTime = dosTime(w.modified)
	if e.out, err = w.zip.CreateRaw(e.header); err != nil {
		return nil, err
	}
	w.last = e
	_, err = e.out.Write(append(salt, k.verifier...))
	return e, err
}

func (e *entryWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := e.archive.buffer[:copy(e.archive.buffer, p)]
		e.stream.xor(part, e.size)
		e.mac.Write(part)
		if _, err := e.out.Write(part); err != nil {
			return n, err
		}
		e.size += int64(len(part))
		n, p = n+len(part), p[len(part):]
	}
	return n, nil
}

// endEntry writes the code by which a reader knows that the entry was not changed. archive/zip takes the sizes from the
// header when the next entry begins. AE-2 has no checksum, which would say something of the content.
func (w *Writer) endEntry() error {
	e := w.last
	if e == nil {
		return nil
	}
	w.last = nil
	_, err := e.out.Write(e.mac.Sum(nil)[:codeSize])
	h := e.header
	h.UncompressedSize64, h.CompressedSize64 = uint64(e.size), uint64(e.size+overhead)
	//lint:ignore SA1019 archive/zip writes these where they are enough
	h.UncompressedSize, h.CompressedSize = uint32(min(h.UncompressedSize64, math.MaxUint32)), uint32(min(h.CompressedSize64, math.MaxUint32))
	return err
}

// Close writes what is left of the archive, and leaves its destination open.
func (w *Writer) Close() error {
	if err := w.endEntry(); err != nil {
		return err
	}
	return w.zip.Close()
}

// dosTime is t as zip files have it: to two seconds, in no zone.
func dosTime(t time.Time) (date, clock uint16) {
	date = uint16(t.Day() + int(t.Month())<<5 + (t.Year()-1980)<<9)
	return date, uint16(t.Second()/2 + t.Minute()<<5 + t.Hour()<<11)
}
