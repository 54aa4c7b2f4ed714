package source

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cpd-jobs/internal/run"
)

const (
	serviceSpace = "http://ws.edubase.texunatech.com"
	soapAction   = serviceSpace + "/GetExtract"
	// tokenLife is how long a request may be on its way; the service checks it against its own clock.
	tokenLife = 5 * time.Minute
	// maxEnvelope is far more than a fault or an answer without its attachment has.
	maxEnvelope = 1 << 20
)

// fetchExtract asks the register's extract service for its zip. The request carries the password in clear inside TLS,
// so neither it nor any answer is ever logged, and no redirect is followed.
func fetchExtract(ctx context.Context, u *url.URL, o Options) (*Delivery, error) {
	if err := o.Credentials.check(); err != nil {
		return nil, err
	}
	if home, err := url.Parse(o.Credentials.Source); err != nil || !sameHost(u, home) {
		return nil, run.Invalid("set GIAS_SOURCE to this service if it is the register's",
			"%s: the register's password is sent to the host of GIAS_SOURCE alone", Mask(u.String()))
	}
	d := &Delivery{Source: Mask(u.String())}
	dir, err := d.tempDir()
	if err != nil {
		return nil, err
	}
	target := *u
	target.Scheme, target.User = strings.TrimPrefix(u.Scheme, "soap+"), nil
	s := &service{options: o, source: d.Source, address: target.String(), client: o.client(false)}
	err = o.retry(ctx, d.Source, func() error { return s.ask(ctx, dir) })
	if err == nil {
		err = d.openExtract(s.extract)
	}
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Delivery) openExtract(file string) error {
	head, _, err := peek(file)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(head, "PK") {
		return run.Invalid("check the extract id", "%s sent an attachment that is no zip", d.Source)
	}
	return d.open(file, "extract.zip")
}

func (c Credentials) check() error {
	var missing []string
	for name, value := range map[string]string{"GIAS_API_USER": c.User, "GIAS_API_PASSWORD": c.Password, "GIAS_EXTRACT_ID": c.ExtractID} {
		if value == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return run.Invalid("set "+strings.Join(missing, ", "), "the extract service needs a user, a password and an extract id")
	}
	if strings.Trim(c.ExtractID, "0123456789") != "" {
		return run.Invalid("it is a number", "GIAS_EXTRACT_ID is no extract id")
	}
	return nil
}

// service is one conversation with the extract service.
type service struct {
	options Options
	client  *http.Client
	source  string
	address string
	extract string // the file that the zip was stored in
}

func (s *service) ask(ctx context.Context, dir string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.address, bytes.NewReader(s.envelope()))
	if err != nil {
		return run.Invalid("check the address", "%s is no address", s.source)
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("SOAPAction", `"`+soapAction+`"`)
	req.Header.Set("User-Agent", "cpd-jobs")
	connect := time.AfterFunc(s.options.stall(), cancel)
	resp, err := s.options.send(s.client, req)
	connect.Stop()
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body := watch(resp.Body, s.options, cancel, 0)
	defer body.timer.Stop()
	return s.read(resp, body, dir)
}

// read judges the answer by its head, and takes the zip out of a good one.
func (s *service) read(resp *http.Response, body io.Reader, dir string) error {
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode == http.StatusOK && err == nil && kind == "multipart/related" && params["boundary"] != "":
		return s.readParts(body, params["boundary"], dir)
	case err == nil && (kind == "text/xml" || kind == "application/soap+xml"):
		return s.readFault(resp, body)
	case resp.StatusCode != http.StatusOK:
		return refused(s.source, resp)
	default:
		return run.Invalid("check the address", "%s sent %q, not an extract", s.source, Showable(resp.Header.Get("Content-Type")))
	}
}

// readFault reads an answer without attachments: it is a fault, or nothing that was asked for.
func (s *service) readFault(resp *http.Response, body io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(body, maxEnvelope))
	if err != nil {
		return broken(s.source, err)
	}
	answer, err := parseAnswer(text)
	switch {
	case err == nil && answer.fault != "":
		return s.faulted(answer.fault)
	case resp.StatusCode != http.StatusOK:
		return refused(s.source, resp)
	default:
		return run.Invalid("check the address and the extract id", "%s sent an answer without an extract", s.source)
	}
}

// faulted words a fault of the service, which might repeat what it was sent.
func (s *service) faulted(text string) error {
	text = strings.ReplaceAll(text, s.options.Credentials.Password, "***")
	return run.Invalid("check GIAS_API_USER, GIAS_API_PASSWORD and GIAS_EXTRACT_ID", "%s refused: %s", s.source, Showable(text))
}

// answer is what an envelope says.
type answer struct {
	fault     string
	contentID string // of the attachment that holds the extract
}

func parseAnswer(text []byte) (answer, error) {
	var a answer
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return a, nil
		}
		if err != nil {
			return a, err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "faultstring", "Text": // SOAP 1.1 and 1.2
			var fault string
			if err := d.DecodeElement(&fault, &start); err == nil && a.fault == "" {
				a.fault = strings.TrimSpace(fault)
			}
		case "Include":
			for _, attr := range start.Attr {
				if attr.Name.Local == "href" {
					a.contentID = contentID(attr.Value)
				}
			}
		}
	}
}

// contentID turns a reference such as cid:1%40host into the id that the part has.
func contentID(href string) string {
	id, ok := strings.CutPrefix(href, "cid:")
	if !ok {
		return ""
	}
	if plain, err := url.PathUnescape(id); err == nil {
		return plain
	}
	return id
}

// envelope is the request, with a user name token that is good for a few minutes.
func (s *service) envelope() []byte {
	created := s.options.now().UTC()
	const stamp = "2006-01-02T15:04:05.000Z"
	var b bytes.Buffer
	fmt.Fprintf(&b, envelopeFormat,
		created.Format(stamp), created.Add(tokenLife).Format(stamp),
		escape(s.options.Credentials.User), escape(s.options.Credentials.Password), escape(s.options.Credentials.ExtractID))
	return b.Bytes()
}

const envelopeFormat = `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ws="` + serviceSpace + `">
<soapenv:Header>
<wsse:Security soapenv:mustUnderstand="1"
 xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
 xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
<wsu:Timestamp wsu:Id="Timestamp-1"><wsu:Created>%s</wsu:Created><wsu:Expires>%s</wsu:Expires></wsu:Timestamp>
<wsse:UsernameToken wsu:Id="UsernameToken-1"><wsse:Username>%s</wsse:Username>
<wsse:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText">%s</wsse:Password></wsse:UsernameToken>
</wsse:Security>
</soapenv:Header>
<soapenv:Body><ws:GetExtract><ws:Id>%s</ws:Id></ws:GetExtract></soapenv:Body>
</soapenv:Envelope>`

func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}

// newPart makes the file that an attachment is stored in.
func newPart(dir string, number int) (*os.File, error) {
	f, err := os.Create(filepath.Join(dir, fmt.Sprintf("part-%d", number)))
	if err != nil {
		return nil, run.Invalid("check TMPDIR and the disk", "cannot make a temporary file: %w", reason(err))
	}
	return f, nil
}
