package encryptedzip

import (
	"archive/zip"
	"crypto/hmac"
	"crypto/sha1" // #nosec G505 -- what AE-2 prescribes
	"crypto/subtle"
	"errors"
	"fmt"
	"io"

	"cpd-jobs/internal/run"
)

// ErrPassphrase is returned by [Open] where the passphrase is another's.
var ErrPassphrase = errors.New("the passphrase does not open it")

// Entry is what one entry says, in clear, from anywhere within it.
type Entry struct {
	*io.SectionReader
	Name   string
	sealed sealedEntry
}

// sealedEntry reads an entry and decrypts it. It is safe for concurrent use where its source is.
type sealedEntry struct {
	data   *io.SectionReader // the ciphertext alone
	stream stream
	mac    []byte
	code   [codeSize]byte
}

// Open opens an archive of this package. One that a wrong passphrase opens by accident, one in 65,536, fails
// [Entry.Check].
func Open(r io.ReaderAt, size int64, passphrase string) ([]Entry, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("read an encrypted archive: %w", err)
	}
	var list []Entry
	for _, f := range z.File {
		e, err := openEntry(r, f, passphrase)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", f.Name, err)
		}
		list = append(list, e)
	}
	if len(list) == 0 {
		return nil, run.Invalid("", "the encrypted archive is empty")
	}
	return list, nil
}

func openEntry(r io.ReaderAt, f *zip.File, passphrase string) (Entry, error) {
	if f.Method != method || string(f.Extra) != string(extra()) || f.CompressedSize64 < overhead || f.UncompressedSize64 != f.CompressedSize64-overhead {
		return Entry{}, run.Invalid("", "it is not encrypted as files of this program are")
	}
	at, err := f.DataOffset()
	if err != nil {
		return Entry{}, err
	}
	var head [saltSize + verifierSize]byte
	if _, err := r.ReadAt(head[:], at); err != nil {
		return Entry{}, err
	}
	k, err := deriveKeys(passphrase, head[:saltSize])
	if err != nil {
		return Entry{}, err
	}
	if subtle.ConstantTimeCompare(k.verifier, head[saltSize:]) == 0 {
		return Entry{}, ErrPassphrase
	}
	size := int64(f.UncompressedSize64)
	e := sealedEntry{data: io.NewSectionReader(r, at+int64(len(head)), size), mac: k.mac}
	if e.stream, err = newStream(k.cipher); err != nil {
		return Entry{}, err
	}
	if _, err := r.ReadAt(e.code[:], at+int64(len(head))+size); err != nil {
		return Entry{}, err
	}
	return Entry{SectionReader: io.NewSectionReader(e, 0, size), Name: f.Name, sealed: e}, nil
}

func (e sealedEntry) ReadAt(p []byte, at int64) (int, error) {
	n, err := e.data.ReadAt(p, at)
	e.stream.xor(p[:n], at)
	return n, err
}

// Check reads all of the entry and compares it with the code that its writer left.
func (e Entry) Check() error {
	mac := hmac.New(sha1.New, e.sealed.mac)
	if _, err := io.Copy(mac, io.NewSectionReader(e.sealed.data, 0, e.sealed.data.Size())); err != nil {
		return fmt.Errorf("read %s: %w", e.Name, err)
	}
	if !hmac.Equal(mac.Sum(nil)[:codeSize], e.sealed.code[:]) {
		return run.Blocked("", "%s was changed after it was encrypted, or the passphrase is wrong", e.Name)
	}
	return nil
}
