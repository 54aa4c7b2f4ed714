package encryptedzip_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"cpd-jobs/internal/encryptedzip"
	"cpd-jobs/internal/run"
)

const passphrase = "correct horse battery staple"

var made = time.Date(2026, 11, 22, 6, 10, 0, 0, time.UTC)

// content is longer than a block of the cipher, a buffer of the writer and a read of the reader.
var content = bytes.Repeat([]byte("Demo Person, demo.person@example.com\r\n"), 5000)

func seal(t *testing.T, entries ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := encryptedzip.NewWriter(&b, passphrase, made)
	if err != nil {
		t.Fatal(err)
	}
	for i, data := range entries {
		e, err := w.Create([]string{"people.csv", "people.csv-metadata.json"}[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(e, iotest.OneByteReader(bytes.NewReader(data[:min(50, len(data))]))); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write(data[min(50, len(data)):]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t *testing.T, archive []byte) []encryptedzip.Entry {
	t.Helper()
	list, err := encryptedzip.Open(bytes.NewReader(archive), int64(len(archive)), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatIsReadIsWhatWasWritten(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{"much": content, "nothing": {}, "a block": content[:16], "less than a block": content[:15]} {
		list := open(t, seal(t, data, []byte("{}")))
		if len(list) != 2 || list[0].Name != "people.csv" || list[1].Name != "people.csv-metadata.json" {
			t.Fatalf("%s: entries %+v", name, list)
		}
		if err := iotest.TestReader(list[0], data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := errors.Join(list[0].Check(), list[1].Check()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNothingIsInClear(t *testing.T) {
	t.Parallel()
	archive := seal(t, content)
	if bytes.Contains(archive, []byte("example.com")) {
		t.Error("the archive has an address in clear")
	}
	if bytes.Equal(archive, seal(t, content)) {
		t.Error("two archives are the same: they have one salt")
	}
}

func TestWrongPassphraseAndChangedFilesAreRefused(t *testing.T) {
	t.Parallel()
	archive := seal(t, content)
	if _, err := encryptedzip.Open(bytes.NewReader(archive), int64(len(archive)), "another battery staple here"); !errors.Is(err, encryptedzip.ErrPassphrase) {
		t.Errorf("a wrong passphrase: %v, want %v", err, encryptedzip.ErrPassphrase)
	}
	archive[len(archive)/2] ^= 1
	if err := open(t, archive)[0].Check(); run.ClassOf(err) != run.ClassBlocked {
		t.Errorf("a changed file: %v, want a refusal", err)
	}
	if _, err := encryptedzip.Open(strings.NewReader("no zip"), 6, passphrase); err == nil {
		t.Error("no zip at all is opened")
	}
}

func TestPassphrases(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{passphrase: true, encryptedzip.NewPassphrase(): true, "": false, "short": false, "nineteen characters": false, "correct hörse battery staple": false, "tabs\tare no\tcharacters": false} {
		err := encryptedzip.CheckPassphrase(text)
		if (err == nil) != ok || err != nil && (run.ExitStatus(err) != 2 || text != "" && strings.Contains(err.Error(), text)) {
			t.Errorf("%q: %v, want it taken: %v", text, err, ok)
		}
	}
	if _, err := encryptedzip.NewWriter(io.Discard, "short", made); err == nil {
		t.Error("an archive takes a short passphrase")
	}
}

func TestFailureOfTheDestinationComesOut(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	for _, room := range []int{0, 100, len(content)} {
		w, err := encryptedzip.NewWriter(&failing{room: room, err: full}, passphrase, made)
		if err != nil {
			t.Fatal(err)
		}
		e, err := w.Create("people.csv")
		if err == nil {
			_, err = e.Write(content)
		}
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, full) {
			t.Errorf("room for %d bytes: %v, want %v", room, err, full)
		}
	}
}

// failing has room for some bytes.
type failing struct {
	room int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, f.err
	}
	return len(p), nil
}

func TestSevenZipOpensIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	archive := filepath.Join(dir, "people.zip")
	if err := os.WriteFile(archive, seal(t, content, []byte("{}")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := sevenZip(t, "x", "-p"+passphrase, "-o"+dir, archive); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got, err := os.ReadFile(filepath.Join(dir, "people.csv"))
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("7-Zip found %d bytes, %v, want the %d that were written", len(got), err, len(content))
	}
	if out, err := sevenZip(t, "t", "-pthis is not the passphrase", archive); err == nil {
		t.Errorf("a wrong passphrase opens it:\n%s", out)
	}
	listed, err := sevenZip(t, "l", "-slt", archive)
	if err != nil || !strings.Contains(listed, "Method = AES-256 Store") {
		t.Errorf("7-Zip lists %v\n%s", err, listed)
	}
}

func sevenZip(t *testing.T, args ...string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("7z")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("needs 7z (Debian: p7zip-full)")
		}
		t.Skip("needs 7z (Debian: p7zip-full)")
	}
	out, err := exec.CommandContext(t.Context(), program, append([]string{args[0], "-y"}, args[1:]...)...).CombinedOutput()
	return string(out), err
}
