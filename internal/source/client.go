package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
)

const (
	// tries is how often a source is asked before the job gives up and the queue tries again later.
	tries = 5
	// firstWait doubles from try to try; a server that names a time of its own is believed up to longestWait.
	firstWait   = time.Second
	longestWait = time.Minute
	// defaultStall and defaultMaxBytes are what Options say of Stall and MaxBytes.
	defaultStall    = time.Minute
	defaultMaxBytes = 1 << 30
)

func (o Options) stall() time.Duration {
	if o.Stall == 0 {
		return defaultStall
	}
	return o.Stall
}

func (o Options) maxBytes() int64 {
	if o.MaxBytes == 0 {
		return defaultMaxBytes
	}
	return o.MaxBytes
}

func (o Options) now() time.Time {
	if o.Now == nil {
		return clock.System()
	}
	return o.Now()
}

func (o Options) wait(ctx context.Context, d time.Duration) error {
	if o.Wait != nil {
		return o.Wait(ctx, d)
	}
	return clock.Wait(ctx, d)
}

// client follows redirects within the host alone: a register does not move to another one overnight, but a name that
// was taken over, or a sign-in page, sends one there. With a password none is followed.
func (o Options) client(follow bool) *http.Client {
	return &http.Client{
		Transport: o.transport(),
		CheckRedirect: func(next *http.Request, before []*http.Request) error {
			from := before[0].URL
			switch {
			case !follow:
				return errRedirect
			case next.URL.Host != from.Host || next.URL.Scheme != from.Scheme:
				return errRedirect
			case len(before) > 3:
				return errLoop
			}
			return nil
		},
	}
}

var (
	errRedirect = errors.New("it redirects to another address, which is not followed")
	errLoop     = errors.New("too many redirects")
)

// temporary is an error that may pass; after is how long the server asks to wait, 0 if it does not say.
type temporary struct {
	err   error
	after time.Duration
}

func (t *temporary) Error() string { return t.err.Error() }
func (t *temporary) Unwrap() error { return t.err }

// retry calls ask until it succeeds, fails for good, or has had its tries.
func (o Options) retry(ctx context.Context, source string, ask func() error) error {
	pause := firstWait
	for try := 1; ; try++ {
		err := ask()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		t, passing := errors.AsType[*temporary](err)
		if !passing {
			return err
		}
		if try == tries {
			return run.Unreachable("check the address and the network", "%s: %d tries failed, the last one because %w", source, tries, t.err)
		}
		if err := o.wait(ctx, min(max(pause, t.after), longestWait)); err != nil {
			return err
		}
		pause *= 2
	}
}

// send makes one request. Its errors name no address, since an address may hold a password.
func (o Options) send(client *http.Client, req *http.Request) (*http.Response, error) {
	resp, err := client.Do(req) // #nosec G704 -- the address is a setting
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	switch {
	case err == nil:
		return resp, nil
	case errors.Is(err, errPrivate):
		return nil, err
	case errors.Is(err, errRedirect), errors.Is(err, errLoop):
		return nil, run.Invalid("give the new address if it is the right one", "%s: %w", Mask(req.URL.String()), err)
	case req.Context().Err() != nil:
		return nil, &temporary{err: errors.New("it did not answer in time")}
	default:
		return nil, &temporary{err: err}
	}
}

// refused makes the error of an answer that is not the file.
func refused(source string, resp *http.Response) error {
	status := fmt.Sprintf("%s answered %d %s", source, resp.StatusCode, http.StatusText(resp.StatusCode))
	switch {
	case resp.StatusCode >= 500, resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusRequestTimeout:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return &temporary{err: errors.New(status), after: time.Duration(seconds) * time.Second}
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		return run.Invalid("check the credentials", "%s", status)
	default:
		return run.Invalid("check the address", "%s", status)
	}
}

// unwanted says whether a content type cannot be a file. Servers send all sorts for CSV and zip; pages and data formats
// are none.
func unwanted(contentType string) bool {
	kind, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(contentType)), ";")
	switch kind {
	case "text/html", "application/xhtml+xml", "application/json", "text/xml", "application/xml", "application/pdf":
		return true
	}
	return strings.HasPrefix(kind, "image/") || strings.HasPrefix(kind, "video/")
}

// watched ends a transfer that stands still, and counts what arrives. The request's context is cancelled to unblock the
// read.
type watched struct {
	io.Reader
	timer   *time.Timer
	stall   time.Duration
	stalled atomic.Bool
	left    int64
}

func watch(r io.Reader, o Options, cancel context.CancelFunc, already int64) *watched {
	w := &watched{Reader: r, stall: o.stall(), left: o.maxBytes() - already}
	w.timer = time.AfterFunc(w.stall, func() {
		w.stalled.Store(true)
		cancel()
	})
	return w
}

func (w *watched) Read(p []byte) (int, error) {
	if w.left <= 0 {
		return 0, errEndless
	}
	n, err := w.Reader.Read(p[:min(int64(len(p)), w.left)])
	w.left -= int64(n)
	w.timer.Reset(w.stall)
	if w.stalled.Load() {
		return n, errStalled
	}
	return n, err
}

var (
	errEndless = errors.New("sends more than any register has")
	errStalled = errors.New("it stopped sending")
)

// broken classes what ended a transfer early.
func broken(source string, err error) error {
	if errors.Is(err, errEndless) {
		return run.Invalid("check the address", "%s %w: reading stopped", source, err)
	}
	return &temporary{err: fmt.Errorf("the answer broke off: %w", err)}
}

// tempDir makes the folder of a download, which Close removes.
func (d *Delivery) tempDir() (string, error) {
	dir, err := os.MkdirTemp("", "cpd-jobs-source-")
	if err != nil {
		return "", run.Invalid("check TMPDIR and the disk", "cannot make a temporary folder: %w", reason(err))
	}
	d.close = append(d.close, func() error { return os.RemoveAll(dir) })
	return dir, nil
}
