package cpd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// pipeBuffer is what pgconn reads at once for one CopyData message: 64 KiB less its header.
const pipeBuffer = 1<<16 - 5

// pipe moves rows from one server's COPY to another's, as the bytes they are.
type pipe struct {
	source, target *pgconn.PgConn
	out, in        string
	moved          func(bytes, rows int64) // bytes more, and the rows by now
	wait           func(context.Context, time.Duration) error
}

// stall is how long no byte of a copy may move.
const stall = 2 * time.Minute

// targetGone is what the reading side leaves in the pipe for the writing side: not the source's fault.
type targetGone struct{ error }

// run returns how many rows and bytes were moved. Both connections are free again, or closed, when it returns.
func (p pipe) run(ctx context.Context) (Count, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	read, write := io.Pipe()
	var total atomic.Int64
	watching := make(chan struct{})
	go func() { defer close(watching); p.watch(ctx, &total, stop) }()
	defer func() { stop(nil); <-watching }()

	sent := make(chan error, 1)
	var tag pgconn.CommandTag
	go func() {
		var err error
		tag, err = p.send(ctx, write, &total)
		_ = write.CloseWithError(err) // nil is the end of the data
		sent <- err
	}()
	_, targetErr := p.target.CopyFrom(ctx, read, p.in)
	_ = read.CloseWithError(targetGone{errors.Join(errors.New("the target ended"), targetErr)})
	sourceErr := <-sent
	if _, ok := errors.AsType[targetGone](sourceErr); sourceErr != nil && !ok {
		return Count{}, sourceFailure(ctx, "read it", sourceErr)
	}
	if targetErr != nil {
		return Count{}, p.targetFailure(ctx, targetErr)
	}
	return Count{Rows: tag.RowsAffected(), Bytes: total.Load()}, nil
}

func (p pipe) send(ctx context.Context, w io.Writer, total *atomic.Int64) (pgconn.CommandTag, error) {
	rows := int64(-1) // the end of the data comes like a row
	// The source hands over row by row; a switch between goroutines for each would cost more than the copy.
	buffer := bufio.NewWriterSize(counter{w, func(n int64) { total.Add(n); p.moved(n, max(rows, 0)) }}, pipeBuffer)
	tag, err := p.source.CopyTo(ctx, rowCounter{buffer, &rows}, p.out)
	if err != nil {
		return tag, err
	}
	return tag, buffer.Flush()
}

func (p pipe) targetFailure(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("write it: %w", cause)
	}
	return fmt.Errorf("write it: %w", err)
}

// counter counts what has gone through.
type counter struct {
	to    io.Writer
	moved func(int64)
}

func (c counter) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.moved(int64(n))
	return n, err
}

// rowCounter counts what comes.
type rowCounter struct {
	to   *bufio.Writer
	rows *int64
}

func (c rowCounter) Write(b []byte) (int, error) {
	*c.rows++
	return c.to.Write(b)
}

// watch ends the copy once n has not changed for between one and two times [stall]. It returns when ctx has ended.
func (p pipe) watch(ctx context.Context, n *atomic.Int64, stop context.CancelCauseFunc) {
	for last := int64(-1); p.wait(ctx, stall) == nil; {
		now := n.Load()
		if now == last {
			stop(errStalled)
			return
		}
		last = now
	}
}
