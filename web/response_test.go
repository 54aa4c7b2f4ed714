package web

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestAClientThatReadsNothingIsGivenUp: its connection and the file that it asked for are let go of.
func TestAClientThatReadsNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(w io.Writer) error{
		"a file":     func(w io.Writer) error { _, err := io.Copy(w, io.LimitReader(zeros{}, 1<<30)); return err },
		"piecemeal":  func(w io.Writer) error { return writeForEver(w) },
		"what is on": func(w io.Writer) error { return sendFrom(w, filepath.Join(t.TempDir(), "big")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				ended <- write(newResponse(w, 50*time.Millisecond))
			}))
			t.Cleanup(server.Close)
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; err == nil {
				t.Error("all was written, though no client read it")
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func writeForEver(w io.Writer) error {
	for {
		if _, err := w.Write(make([]byte, 64<<10)); err != nil {
			return err
		}
	}
}

func sendFrom(w io.Writer, path string) error {
	if err := os.WriteFile(path, make([]byte, 64<<20), 0o600); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

func TestAWholeFileArrivesPieceByPiece(t *testing.T) {
	t.Parallel()
	want := bytes.Repeat([]byte("0123456789abcdef"), 3*piece/16+7)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		r := newResponse(w, time.Minute)
		if _, err := io.Copy(r, bytes.NewReader(want)); err != nil || r.bytes != int64(len(want)) {
			t.Errorf("wrote %d bytes: %v", r.bytes, err)
		}
	}))
	t.Cleanup(server.Close)
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes arrived: %v", len(got), err)
	}
}
