package web

import (
	"io"
	"net/http"
	"time"

	"cpd-jobs/internal/clock"
)

// A client that reads nothing would otherwise hold a connection, and an open file, for ever. There is no limit on an answer
// as a whole, for a large file over a slow line is legitimate: each piece has its own, which two kilobytes a second keep.
const (
	pieceWithin = 2 * time.Minute
	piece       = 256 << 10
)

// response counts what is written through it, and gives up on a client that takes none of it.
type response struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration // with each piece
	begun    bool
	status   int
	bytes    int64
}

func newResponse(w http.ResponseWriter, patience time.Duration) *response {
	r := &response{ResponseWriter: w, control: http.NewResponseController(w), patience: patience, status: http.StatusOK}
	r.wait() // what an earlier request of the connection left has passed by now
	return r
}

// wait gives the client time for what is written next. What is no connection, as in tests, has no deadline.
func (r *response) wait() { _ = r.control.SetWriteDeadline(clock.System().Add(r.patience)) }

func (r *response) WriteHeader(status int) {
	r.begun, r.status = true, status
	r.ResponseWriter.WriteHeader(status)
}

func (r *response) Write(p []byte) (int, error) {
	r.begun = true
	r.wait()
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// ReadFrom keeps the buffers that net/http shares among downloads in use.
func (r *response) ReadFrom(src io.Reader) (total int64, err error) {
	r.begun = true
	for {
		r.wait()
		n, err := io.CopyN(r.ResponseWriter, src, piece)
		total += n
		r.bytes += n
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// Unwrap lets http.ResponseController reach the real one.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }
