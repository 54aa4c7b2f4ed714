package source

import (
	"encoding/base64"
	"errors"
	"io"
	"mime/multipart"
	"strings"

	"cpd-jobs/internal/run"
)

// maxParts of an answer; the service sends two.
const maxParts = 10

// attachment is a part that is no envelope, stored.
type attachment struct{ contentID, path string }

// readParts streams a multipart answer: the envelope is parsed, every other part goes to a file of its own, and at the
// end the one is taken that the envelope refers to. Taking simply the second would take an error page for the register.
func (s *service) readParts(body io.Reader, boundary, dir string) error {
	r := multipart.NewReader(body, boundary)
	var envelope answer
	var attachments []attachment
	for n := 0; ; n++ {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return broken(s.source, err)
		}
		if n == maxParts {
			return run.Invalid("check the address", "%s sent more than %d parts", s.source, maxParts)
		}
		if isEnvelope(part) {
			envelope, err = s.readEnvelope(part)
		} else {
			var a attachment
			a, err = s.store(part, dir, n)
			attachments = append(attachments, a)
		}
		if err != nil {
			return err
		}
	}
	return s.choose(envelope, attachments)
}

func isEnvelope(part *multipart.Part) bool {
	kind := strings.ToLower(part.Header.Get("Content-Type"))
	return strings.Contains(kind, "xml")
}

func (s *service) readEnvelope(part io.Reader) (answer, error) {
	text, err := io.ReadAll(io.LimitReader(part, maxEnvelope))
	if err != nil {
		return answer{}, broken(s.source, err)
	}
	a, err := parseAnswer(text)
	switch {
	case err != nil:
		return a, run.Invalid("check the address", "%s sent an envelope that is no XML", s.source)
	case a.fault != "":
		return a, s.faulted(a.fault)
	}
	return a, nil
}

func (s *service) store(part *multipart.Part, dir string, number int) (attachment, error) {
	f, err := newPart(dir, number)
	if err != nil {
		return attachment{}, err
	}
	var content io.Reader = part
	if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "base64") {
		content = base64.NewDecoder(base64.StdEncoding, part)
	}
	_, err = io.Copy(diskWriter{f}, content)
	err = errors.Join(err, f.Close())
	if full, ok := errors.AsType[*diskError](err); ok {
		return attachment{}, run.Invalid("check TMPDIR and the disk", "cannot store what %s sends: %w", s.source, reason(full.err))
	}
	if err != nil {
		return attachment{}, broken(s.source, err)
	}
	return attachment{contentID: strings.Trim(part.Header.Get("Content-ID"), "<> "), path: f.Name()}, nil
}

// choose takes the attachment that the envelope refers to, or else the only one there is.
func (s *service) choose(envelope answer, attachments []attachment) error {
	for _, a := range attachments {
		if envelope.contentID != "" && a.contentID == envelope.contentID {
			s.extract = a.path
			return nil
		}
	}
	if len(attachments) == 1 {
		s.extract = attachments[0].path
		return nil
	}
	return run.Invalid("check the extract id", "%s sent %d attachments, and none that its envelope refers to", s.source, len(attachments))
}
