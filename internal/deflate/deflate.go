// Package deflate compresses on all cores into streams that can be joined. Input is cut into blocks of one fixed size
// that know nothing of each other, so the same input gives the same bytes on any number of cores.
package deflate

import (
	"bytes"
	"hash/crc32"
	"io"
	"runtime"
	"sync"

	"github.com/klauspost/compress/flate"
)

const (
	// blockSize is what one core compresses at a time. Smaller blocks cost size, because each begins without a
	// history; bigger ones cost memory: two more blocks than cores are held.
	blockSize = 1 << 20
	maxCores  = 8
)

// End closes a stream of joined writers: an empty last block.
var End = []byte{0x03, 0x00}

// Writer compresses what is written to it. It must be closed.
type Writer struct {
	out   io.Writer
	cores cores
	block []byte
	order chan *block
	wait  sync.WaitGroup
	spare chan *block
	ended bool

	size, packed int64
	crc          uint32
	mu           sync.Mutex
	err          error
}

// cores compress blocks.
type cores struct {
	level int
	jobs  chan *block
}

type block struct {
	raw  []byte
	out  bytes.Buffer
	err  error
	done chan struct{}
}

// NewWriter makes a writer of level 1 (fast) to 9 (small).
func NewWriter(out io.Writer, level int) *Writer {
	n := min(runtime.GOMAXPROCS(0), maxCores)
	w := &Writer{out: out, order: make(chan *block, n), spare: make(chan *block, n+1), cores: cores{level: level, jobs: make(chan *block, n)}}
	for range n + 1 {
		w.spare <- &block{done: make(chan struct{}, 1)}
	}
	for range n {
		w.wait.Go(w.cores.work)
	}
	w.wait.Go(w.collect)
	return w
}

// Write takes note of p and compresses it once there is a whole block.
func (w *Writer) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		part := p[:min(len(p), blockSize-len(w.block))]
		w.block = append(w.block, part...)
		p = p[len(part):]
		if len(w.block) == blockSize {
			w.send()
		}
	}
	return n, w.failure()
}

// Close compresses the rest and waits until all is written. It leaves the stream open for another to be joined to it,
// and the underlying writer open. After the first time it does nothing.
func (w *Writer) Close() error {
	if !w.ended {
		w.ended = true
		if len(w.block) > 0 {
			w.send()
		}
		close(w.cores.jobs)
		close(w.order)
		w.wait.Wait()
	}
	return w.failure()
}

// Size is how many bytes were compressed, Packed how many they have become, CRC their checksum as zip files have it.
// All are right after Close.
func (w *Writer) Size() int64   { return w.size }
func (w *Writer) Packed() int64 { return w.packed }
func (w *Writer) CRC() uint32   { return w.crc }

func (w *Writer) send() {
	b := <-w.spare
	b.raw, w.block = w.block, b.raw[:0]
	w.size += int64(len(b.raw))
	w.crc = crc32.Update(w.crc, crc32.IEEETable, b.raw)
	w.order <- b
	w.cores.jobs <- b
}

// work compresses blocks until there are no more.
func (c cores) work() {
	var z *flate.Writer // made when needed: it is big, and many streams have but one block
	var err error
	for b := range c.jobs {
		if z == nil && err == nil {
			z, err = flate.NewWriter(io.Discard, c.level)
		}
		if b.err = err; err == nil {
			b.out.Reset()
			z.Reset(&b.out)
			if _, b.err = z.Write(b.raw); b.err == nil {
				b.err = z.Flush() // ends at a whole byte, with the stream still open
			}
		}
		b.done <- struct{}{}
	}
}

// collect writes compressed blocks in the order in which they came.
func (w *Writer) collect() {
	for b := range w.order {
		<-b.done
		err := b.err
		if err == nil && w.failure() == nil {
			var n int
			n, err = w.out.Write(b.out.Bytes())
			w.packed += int64(n)
		}
		w.fail(err)
		w.spare <- b
	}
}

func (w *Writer) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *Writer) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
}
