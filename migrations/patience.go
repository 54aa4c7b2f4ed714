package migrations

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
)

// ErrBusy says that a migration could not have a lock that it needs, again and again, because somebody holds it for long.
// What was applied before stays; Up goes on from there.
var ErrBusy = errors.New("somebody holds a lock that a migration needs")

// waitBriefly begins every migration. Whoever waits for a table's lock has all others wait behind it, also those who only
// read: so a migration gives up soon, lets them pass, and comes again.
const waitBriefly = "SET LOCAL lock_timeout = '2s';"

// tries is how often a migration comes again; with the pauses that is most of a minute.
const tries = 12

// lockNotAvailable is PostgreSQL's word for a lock that was waited for in vain.
const lockNotAvailable = "55P03"

// patiently applies one migration after another until there is none left, each as often as it takes to get its locks.
func patiently(ctx context.Context, one func() error) error {
	for failed := 0; ; {
		err := one()
		refused, isRefused := errors.AsType[*pgconn.PgError](err)
		switch {
		case errors.Is(err, goose.ErrNoNextVersion):
			return nil
		case err == nil:
			failed = 0
			continue
		case !isRefused || refused.Code != lockNotAvailable:
			return err
		}
		if failed++; failed == tries {
			return fmt.Errorf("%w (%d tries): %w", ErrBusy, tries, err)
		}
		select {
		case <-time.After(min(time.Duration(failed)*500*time.Millisecond, 3*time.Second)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// brief is the files with waitBriefly in front of their statements. A setting of the session would not do: behind a pooler
// it would be somebody else's the next moment.
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
