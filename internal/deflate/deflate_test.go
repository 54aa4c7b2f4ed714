package deflate_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"cpd-jobs/internal/deflate"
)

// text is n bytes that compress as spreadsheets do.
func text(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"<table:table-cell office:value-type=\"string\">", "<text:p>", "</text:p>", "Abbey School", "100001", "\n"}
	var b bytes.Buffer
	for b.Len() < n {
		b.WriteString(words[r.IntN(len(words))])
	}
	return b.Bytes()[:n]
}

func compress(t testing.TB, parts ...[]byte) (packed []byte, w *deflate.Writer) {
	t.Helper()
	var out bytes.Buffer
	w = deflate.NewWriter(&out, 5)
	for _, p := range parts {
		if n, err := w.Write(p); n != len(p) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), w
}

func TestJoinedStreamsAreOneStream(t *testing.T) {
	t.Parallel()
	first, second := text(2<<20+17), text(5_000)
	a, wa := compress(t, first[:100], first[100:])
	b, wb := compress(t, second)
	got, err := io.ReadAll(flate.NewReader(bytes.NewReader(bytes.Join([][]byte{a, b, deflate.End}, nil))))
	if want := append(bytes.Clone(first), second...); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes came back, %v, want %d equal ones", len(got), err, len(want))
	}
	if wa.Size() != int64(len(first)) || wa.Packed() != int64(len(a)) || wa.CRC() != crc32.ChecksumIEEE(first) {
		t.Errorf("size %d, packed %d, crc %x", wa.Size(), wa.Packed(), wa.CRC())
	}
	if got, want := deflate.JoinCRC(wa.CRC(), wb.CRC(), wb.Size()), crc32.ChecksumIEEE(append(bytes.Clone(first), second...)); got != want {
		t.Errorf("joined checksum %x, want %x", got, want)
	}
}

func TestBytesDependOnTheInputAlone(t *testing.T) {
	input := text(3<<20 + 3)
	want, _ := compress(t, input)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got, _ := compress(t, input[:7], input[7:2<<20], input[2<<20:]); !bytes.Equal(got, want) {
		t.Error("one core and small writes give other bytes than several and one write")
	}
}

func TestNothing(t *testing.T) {
	t.Parallel()
	packed, w := compress(t)
	got, err := io.ReadAll(flate.NewReader(bytes.NewReader(append(packed, deflate.End...))))
	if len(got) != 0 || err != nil || w.CRC() != 0 || w.Size() != 0 {
		t.Errorf("%q, %v, crc %x, size %d", got, err, w.CRC(), w.Size())
	}
}

func TestJoinCRC(t *testing.T) {
	t.Parallel()
	all := text(70_000)
	for _, at := range []int{0, 1, 7, 4096, 65_536, 69_999, 70_000} {
		a, b := all[:at], all[at:]
		if got, want := deflate.JoinCRC(crc32.ChecksumIEEE(a), crc32.ChecksumIEEE(b), int64(len(b))), crc32.ChecksumIEEE(all); got != want {
			t.Errorf("split at %d: %x, want %x", at, got, want)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

var errFull = errors.New("the disk is full")

func TestFailureComesOutAndNothingHangs(t *testing.T) {
	t.Parallel()
	w := deflate.NewWriter(full{}, 5)
	input := text(1 << 20)
	for range 4 + 2*runtime.GOMAXPROCS(0) { // more blocks than there are
		_, _ = w.Write(input)
	}
	if _, err := w.Write(input); !errors.Is(err, errFull) {
		t.Errorf("write: %v, want %v", err, errFull)
	}
	if err := errors.Join(w.Close()); !errors.Is(err, errFull) {
		t.Errorf("close: %v, want %v", err, errFull)
	}
}
