package source

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/run"
)

// parts writes an answer as the service does: mixed case, CRLF, the envelope first.
func parts(w http.ResponseWriter, attachments ...string) {
	const boundary = "----=_Part_1_2.3"
	w.Header().Set("Content-Type", `Multipart/Related; boundary="`+boundary+`"; type="application/xop+xml"; start-info="text/xml"`)
	var b bytes.Buffer
	for _, a := range attachments {
		b.WriteString("--" + boundary + "\r\n" + a + "\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	_, _ = w.Write(b.Bytes())
}

const envelopePart = "Content-Type: application/xop+xml; charset=utf-8; type=\"text/xml\"\r\n\r\n" +
	`<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><GetExtractResponse xmlns="http://ws.edubase.texunatech.com">` +
	`<Extract><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:7%40ws.edubase.texunatech.com"/></Extract>` +
	`</GetExtractResponse></S:Body></S:Envelope>`

func attached(id string, content []byte) string {
	return "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <" + id + ">\r\n\r\n" + string(content)
}

const rightID = "7@ws.edubase.texunatech.com"

func fault(text string) string {
	return `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><S:Fault><faultcode>S:Client</faultcode><faultstring>` +
		text + `</faultstring></S:Fault></S:Body></S:Envelope>`
}

func TestTheExtractService(t *testing.T) {
	t.Parallel()
	good := archive(t, member1{"a.csv", text, 0})
	other := archive(t, member1{"a.csv", "other", 0})
	cases := []struct {
		name   string
		handle func(n int, w http.ResponseWriter, r *http.Request)
		want   string
		class  run.Class
	}{
		{"an extract", func(_ int, w http.ResponseWriter, _ *http.Request) { parts(w, envelopePart, attached(rightID, good)) }, text, ""},
		{"the right one of two attachments", func(_ int, w http.ResponseWriter, _ *http.Request) {
			parts(w, envelopePart, attached("8@x", other), attached(rightID, good))
		}, text, ""},
		{"the attachment first", func(_ int, w http.ResponseWriter, _ *http.Request) { parts(w, attached(rightID, good), envelopePart) }, text, ""},
		{"the only attachment, under another id", func(_ int, w http.ResponseWriter, _ *http.Request) { parts(w, envelopePart, attached("8@x", good)) }, text, ""},
		{"two attachments, neither right", func(_ int, w http.ResponseWriter, _ *http.Request) {
			parts(w, envelopePart, attached("8@x", good), attached("9@x", other))
		}, "2 attachments, and none that its envelope refers to", run.ClassInvalid},
		{"no attachment", func(_ int, w http.ResponseWriter, _ *http.Request) { parts(w, envelopePart) }, "0 attachments", run.ClassInvalid},
		{"a page attached", func(_ int, w http.ResponseWriter, _ *http.Request) {
			parts(w, envelopePart, attached(rightID, []byte("<html>sorry</html>")))
		}, "is no zip", run.ClassInvalid},
		{"a fault", func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/xml; charset=utf-8")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, fault("Unknown extract; you sent pass&lt;word"))
		}, "refused: Unknown extract; you sent ***", run.ClassInvalid},
		{"a fault among parts", func(_ int, w http.ResponseWriter, _ *http.Request) {
			parts(w, "Content-Type: application/xop+xml\r\n\r\n"+fault("No permission"))
		}, "refused: No permission", run.ClassInvalid},
		{"a page", func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>")
		}, `sent "text/html", not an extract`, run.ClassInvalid},
		{"down", func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "5 tries failed", run.ClassUnreachable},
		{"cut, then well", func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				w.Header().Set("Content-Type", `multipart/related; boundary="b"`)
				_, _ = io.WriteString(w, "--b\r\n"+attached(rightID, good[:40]))
				return
			}
			parts(w, envelopePart, attached(rightID, good))
		}, text, ""},
		{"elsewhere", func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		}, "redirects to another address", run.ClassInvalid},
		{"without an end", func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", `multipart/related; boundary="b"`)
			_, _ = io.WriteString(w, "--b\r\n"+attached(rightID, nil))
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}, "sends more than any register has", run.ClassInvalid},
		{"parts without an end", func(_ int, w http.ResponseWriter, _ *http.Request) {
			many := make([]string, maxParts+5)
			for i := range many {
				many[i] = attached(fmt.Sprint(i), good)
			}
			parts(w, many...)
		}, "sent more than 10 parts", run.ClassInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, o, _ := server(t, c.handle)
			o.MaxBytes = 8 << 20
			o.Credentials = Credentials{Source: "soap+" + address, User: "u&ser", Password: "pass<word", ExtractID: "42"}
			got, err := contentOf(t, "soap+"+address+"/edubase/service", o)
			if err != nil {
				got = err.Error()
			}
			if err == nil && got != c.want || !strings.Contains(got, c.want) || strings.Contains(got, "pass<word") {
				t.Errorf("got %.300q, want %q", got, c.want)
			}
			if err != nil && run.ClassOf(err) != c.class {
				t.Errorf("got class %s, want %s", run.ClassOf(err), c.class)
			}
		})
	}
}

// request is what the service reads of a request.
type request struct {
	Header struct {
		Security struct {
			Timestamp     struct{ Created, Expires string }
			UsernameToken struct {
				Username string
				Password struct {
					Type string `xml:",attr"`
					Text string `xml:",chardata"`
				}
			}
		} `xml:"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd Security"`
	} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Header"`
	Body struct {
		GetExtract struct {
			ID string `xml:"http://ws.edubase.texunatech.com Id"`
		} `xml:"http://ws.edubase.texunatech.com GetExtract"`
	} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
}

func TestTheRequestToTheExtractService(t *testing.T) {
	t.Parallel()
	var got request
	var action string
	address, o, _ := server(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		action = r.Header.Get("SOAPAction")
		if err := xml.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Errorf("the request is no XML: %v", err)
		}
		parts(w, envelopePart, attached(rightID, archive(t, member1{"a.csv", text, 0})))
	})
	o.Credentials = Credentials{Source: "soap+" + address, User: "u&ser", Password: "pass<word", ExtractID: "42"}
	if _, err := contentOf(t, "soap+"+address, o); err != nil {
		t.Fatal(err)
	}
	s := got.Header.Security
	if s.UsernameToken.Username != "u&ser" || s.UsernameToken.Password.Text != "pass<word" ||
		!strings.HasSuffix(s.UsernameToken.Password.Type, "#PasswordText") || got.Body.GetExtract.ID != "42" {
		t.Errorf("got %+v", got)
	}
	if s.Timestamp.Created != "2026-11-22T06:00:00.000Z" || s.Timestamp.Expires != "2026-11-22T06:05:00.000Z" {
		t.Errorf("got %+v", s.Timestamp)
	}
	if action != `"http://ws.edubase.texunatech.com/GetExtract"` {
		t.Errorf("got SOAPAction %s", action)
	}
}

func TestMissingCredentials(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), "soap+https://example.org/service", Options{Credentials: Credentials{User: "u", ExtractID: "1"}})
	if err == nil || !strings.Contains(err.Error(), "set GIAS_API_PASSWORD") || run.ClassOf(err) != run.ClassInvalid {
		t.Errorf("got %v", err)
	}
	if got := fmt.Sprintf("%v %+v %#v", Credentials{Password: "secret"}, Credentials{Password: "secret"}, Options{Credentials: Credentials{Password: "secret"}, Stall: time.Second}); strings.Contains(got, "secret") {
		t.Errorf("printing shows the password: %s", got)
	}
}

// FuzzAnswer feeds the envelope reader anything that calls itself XML.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(envelopePart))
	f.Add([]byte(fault("No permission")))
	f.Add([]byte(`<a><Include href="cid:%zz"/><faultstring>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if a, err := parseAnswer(text); err == nil && strings.HasPrefix(a.contentID, "cid:") && !bytes.Contains(text, []byte("cid:cid:")) && !bytes.Contains(text, []byte("%")) && !bytes.Contains(text, []byte("&")) {
			t.Errorf("%q: got id %q", text, a.contentID)
		}
	})
}
