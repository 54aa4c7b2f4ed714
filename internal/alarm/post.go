package alarm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// poster speaks to addresses that are secrets: no error of its own says what they are, and redirects, which could lead
// what it says elsewhere, are failures.
type poster struct{ client *http.Client }

func newPoster() *poster {
	return &poster{client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (p *poster) json(ctx context.Context, address string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return p.do(ctx, http.MethodPost, address, raw)
}

func (p *poster) get(ctx context.Context, address string) error {
	return p.do(ctx, http.MethodGet, address, nil)
}

func (p *poster) do(ctx context.Context, method, address string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return errors.New("its address is no web address")
	}
	request.Header.Set("User-Agent", "cpd-jobs")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := p.client.Do(request)
	if err != nil {
		return withoutAddress(err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // or the connection cannot be used again
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("it answers %s", answer.Status)
	}
	return nil
}

// withoutAddress is what went wrong, which net/http puts after the address.
func withoutAddress(err error) error {
	if inner, ok := errors.AsType[*url.Error](err); ok {
		return inner.Err
	}
	return err
}
