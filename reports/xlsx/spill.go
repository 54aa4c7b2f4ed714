package xlsx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// spill is the folder in which excelize keeps the rows of sheets over 16 MB. Files there are deleted while they are open, so
// that a process that is killed leaves none behind: the system frees them with it.
type spill struct {
	dir   string
	since int64 // bytes written since the last look
}

// lookEvery is how many bytes are written between two looks.
const lookEvery = 4 << 20

func newSpill() (spill, error) {
	dir, err := os.MkdirTemp("", "cpd-jobs-xlsx-")
	if err != nil {
		return spill{}, fmt.Errorf("make a folder for temporary files: %w", err)
	}
	return spill{dir: dir}, nil
}

// grown deletes what has appeared.
func (s *spill) grown(bytes int64) error {
	if s.since += bytes; s.since < lookEvery {
		return nil
	}
	s.since = 0
	files, err := os.ReadDir(s.dir)
	for _, f := range files {
		err = errors.Join(err, os.Remove(filepath.Join(s.dir, f.Name())))
	}
	return err
}

// remove deletes the folder, if it is still there.
func (s *spill) remove() error { return os.RemoveAll(s.dir) }
