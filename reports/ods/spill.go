package ods

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// spill is a temporary file that is deleted while it is open, so that a process that is killed leaves none behind: the
// system frees it with the process.
type spill struct {
	file *os.File
	read bool
}

func newSpill() (*spill, error) {
	file, err := os.CreateTemp("", "cpd-jobs-ods-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("hide a temporary file: %w", err), file.Close())
	}
	return &spill{file: file}, nil
}

func (s *spill) Write(p []byte) (int, error) { return s.file.Write(p) }

// Read reads what was written, from its beginning.
func (s *spill) Read(p []byte) (int, error) {
	if !s.read {
		s.read = true
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return 0, err
		}
	}
	return s.file.Read(p)
}

func (s *spill) remove() error { return s.file.Close() }
