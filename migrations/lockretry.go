package migrations

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"cpd-jobs/internal/pg"
)

// ErrBusy says that a migration could not have a lock that it needs, again and again, because somebody holds it for
// long. What was applied before stays; Up goes on from there.
var ErrBusy = errors.New("somebody holds a lock that a migration needs")

// waitBriefly begins every migration. A session that waits for a table's lock has all others wait behind it, also those
// who only read: so a migration gives up soon, lets them pass, and comes again.
const waitBriefly = "SET LOCAL lock_timeout = '2s';"

// withLockRetry applies one migration after another until there is none left, each as often as it takes to get its
// locks.
func withLockRetry(ctx context.Context, one func() error) error {
	for {
		err := pg.WithLockRetry(ctx, pg.LockRetry{}, one)
		switch {
		case errors.Is(err, goose.ErrNoNextVersion):
			return nil
		case errors.Is(err, pg.ErrLocked):
			return fmt.Errorf("%w: %w", ErrBusy, err)
		case err != nil:
			return err
		}
	}
}

// brief is the files with waitBriefly in front of their statements. A setting of the session would not do: behind a
// pooler it would be somebody else's the next moment.
type brief struct{ embed.FS }

var upMark = []byte("-- +goose Up\n")

func (b brief) Open(name string) (fs.File, error) {
	file, err := b.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		return file, err
	}
	text, err := b.FS.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return &changed{File: file, text: bytes.NewReader(bytes.Replace(text, upMark, append(upMark[:len(upMark):len(upMark)], waitBriefly+"\n"...), 1))}, nil
}

// changed is a file that reads as another text.
type changed struct {
	fs.File
	text *bytes.Reader
}

func (c *changed) Read(p []byte) (int, error) { return c.text.Read(p) }
