package xlsx

import "io"

// ahead reads from a source on another core, a little before it is asked: unpacking takes as long as making sense of
// what is unpacked.
type ahead struct {
	filled chan []byte
	empty  chan []byte
	err    error // valid once filled is closed
	now    []byte
	rest   []byte
}

// chunk is how much is read at once.
const chunk = 256 << 10

func readAhead(in io.Reader) *ahead {
	const buffers = 3
	a := &ahead{filled: make(chan []byte, buffers), empty: make(chan []byte, buffers)}
	for range buffers {
		a.empty <- make([]byte, chunk)
	}
	go a.fill(in)
	return a
}

func (a *ahead) fill(in io.Reader) {
	defer close(a.filled)
	for b := range a.empty {
		n := 0
		for b = b[:cap(b)]; n < len(b) && a.err == nil; {
			var read int
			read, a.err = in.Read(b[n:])
			n += read
		}
		if n > 0 {
			a.filled <- b[:n]
		}
		if a.err != nil {
			return
		}
	}
}

func (a *ahead) Read(p []byte) (int, error) {
	if len(a.rest) == 0 {
		if a.now != nil {
			a.empty <- a.now
		}
		var more bool
		if a.now, more = <-a.filled; !more {
			return 0, a.err
		}
		a.rest = a.now
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// stop ends the reading; nothing may be read afterwards.
func (a *ahead) stop() {
	close(a.empty)
	for range a.filled { // until fill has seen it
	}
}
