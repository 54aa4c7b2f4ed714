package ods

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
)

// spill is a temporary file that is deleted while it is open, so that a process that is killed leaves none behind: the
// system frees it with the process. What is written to it is encrypted under a key that no other process has: reports
// may be personal, and a disk remembers what was deleted.
type spill struct {
	file  *os.File
	out   cipher.StreamWriter
	in    cipher.StreamReader
	block cipher.Block
	read  bool
}

func newSpill() (*spill, error) {
	file, err := os.CreateTemp("", "cpd-jobs-ods-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("hide a temporary file: %w", err), file.Close())
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key)          // never fails
	block, _ := aes.NewCipher(key) // fails only for a key of another length
	s := &spill{file: file, block: block}
	s.out = cipher.StreamWriter{S: s.stream(), W: file}
	return s, nil
}

// stream encrypts or decrypts from the beginning. The key serves one file, which is written once: a counter from 0 will
// do.
func (s *spill) stream() cipher.Stream {
	return cipher.NewCTR(s.block, make([]byte, aes.BlockSize)) // #nosec G407 -- the key is new for each file
}

func (s *spill) Write(p []byte) (int, error) { return s.out.Write(p) }

// Read reads what was written, from its beginning.
func (s *spill) Read(p []byte) (int, error) {
	if !s.read {
		s.read = true
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return 0, err
		}
		s.in = cipher.StreamReader{S: s.stream(), R: s.file}
	}
	return s.in.Read(p)
}

func (s *spill) remove() error { return s.file.Close() }
