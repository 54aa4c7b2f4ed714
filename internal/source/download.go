package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"cpd-jobs/internal/run"
)

// fetchFile downloads a file to a temporary folder. A transfer that breaks off goes on where it was, if the server can
// tell that the file is still the same.
func fetchFile(ctx context.Context, u *url.URL, o Options) (*Delivery, error) {
	source := Mask(u.String())
	d := &Delivery{Source: source}
	dir, err := d.tempDir()
	if err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(dir, "download"))
	if err != nil {
		_ = d.Close()
		return nil, run.Invalid("check TMPDIR and the disk", "cannot make a temporary file: %w", reason(err))
	}
	dl := &download{options: o, address: u.String(), source: source, file: f, client: o.client(true), now: o.now()}
	err = errors.Join(o.retry(ctx, source, func() error { return dl.try(ctx) }), f.Close())
	if err == nil && !dl.unchanged {
		err = d.open(f.Name(), path.Base(u.Path))
	}
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	d.Unchanged, d.ETag, d.AsAt = dl.unchanged, dl.etag, dl.modified
	return d, nil
}

// open looks into what was downloaded.
func (d *Delivery) open(file, name string) error {
	inner, err := openPath(file, name, d.Source)
	if err != nil {
		return err
	}
	d.members, d.whole = inner.members, inner.whole
	d.close = append(d.close, inner.close...)
	return nil
}

// download is one file on its way, over as many requests as it takes.
type download struct {
	options   Options
	client    *http.Client
	address   string
	source    string
	file      *os.File
	now       time.Time
	have      int64
	etag      string
	modified  time.Time
	lastMod   string
	unchanged bool
}

func (d *download) try(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := d.request(ctx)
	if err != nil {
		return err
	}
	connect := time.AfterFunc(d.options.stall(), cancel) // until the answer begins
	resp, err := d.options.send(d.client, req)
	connect.Stop()
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if err := d.begin(resp); err != nil || d.unchanged {
		return err
	}
	return d.receive(resp, cancel)
}

func (d *download) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.address, nil)
	if err != nil {
		return nil, run.Invalid("check the address", "%s is no address", d.source)
	}
	req.Header.Set("User-Agent", "cpd-jobs")
	req.Header.Set("Accept-Encoding", "identity") // what is resumed must be the bytes of the file itself
	switch {
	case d.have > 0 && d.validator() != "":
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.have))
		req.Header.Set("If-Range", d.validator())
	case d.options.ETag != "":
		req.Header.Set("If-None-Match", d.options.ETag)
	}
	return req, nil
}

// validator is what proves that the rest belongs to what is here: a strong ETag, else the date.
func (d *download) validator() string {
	if d.etag != "" && !strings.HasPrefix(d.etag, "W/") {
		return d.etag
	}
	return d.lastMod
}

// begin judges an answer by its head, and starts over where the server sends the whole file again.
func (d *download) begin(resp *http.Response) error {
	switch {
	case resp.StatusCode == http.StatusNotModified && d.options.ETag != "":
		d.unchanged, d.etag = true, d.options.ETag
		return nil
	case resp.StatusCode == http.StatusPartialContent && d.have > 0:
		if !strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", d.have)) {
			return d.restart(&temporary{err: errors.New("it sent another part than was asked for")})
		}
		return nil
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && d.have > 0:
		return d.restart(&temporary{err: errors.New("the file changed while it was fetched")})
	case resp.StatusCode != http.StatusOK:
		return refused(d.source, resp)
	case unwanted(resp.Header.Get("Content-Type")):
		return run.Invalid("check the address", "%s sent %s, not a file", d.source, Showable(resp.Header.Get("Content-Type")))
	}
	d.etag, d.lastMod, d.modified = resp.Header.Get("ETag"), resp.Header.Get("Last-Modified"), time.Time{}
	if t, err := http.ParseTime(d.lastMod); err == nil && t.Before(d.now) {
		d.modified = t.UTC()
	}
	return d.restart(nil)
}

// restart forgets what was received, and passes err on.
func (d *download) restart(err error) error {
	d.have = 0
	if _, seekErr := d.file.Seek(0, io.SeekStart); seekErr != nil {
		return seekErr
	}
	return errors.Join(d.file.Truncate(0), err)
}

func (d *download) receive(resp *http.Response, cancel context.CancelFunc) error {
	body := watch(resp.Body, d.options, cancel, d.have)
	defer body.timer.Stop()
	n, err := io.Copy(diskWriter{d.file}, body)
	d.have += n
	if full, ok := errors.AsType[*diskError](err); ok {
		return run.Invalid("check TMPDIR and the disk", "cannot store what %s sends: %w", d.source, reason(full.err))
	}
	if err != nil {
		return broken(d.source, err)
	}
	return nil
}

// diskWriter tells an error of the disk from one of the network.
type diskWriter struct{ w io.Writer }

type diskError struct{ err error }

func (e *diskError) Error() string { return e.err.Error() }

func (d diskWriter) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	if err != nil {
		return n, &diskError{err}
	}
	return n, nil
}
