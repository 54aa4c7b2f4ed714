package parquet

import (
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/parquet-go/parquet-go"

	"cpd-jobs/reports/table"
)

// columns encode and compress on all cores. Each column belongs to one of them, and its bytes depend on its values
// alone.
type columns struct {
	types []table.Type
	batch *batch // being filled
	spare chan *batch
	cores []chan work
	alive sync.WaitGroup // cores
	mu    sync.Mutex
	err   error
}

// batch is some rows, column by column.
type batch struct {
	columns [][]table.Value
	busy    sync.WaitGroup // cores that still read it
}

func (b *batch) rows() int { return len(b.columns[0]) }

// work is a batch for one core.
type work struct {
	*batch
	to []*parquet.ColumnWriter
}

// batches are how many there are: one is filled while others are written.
const batches = 3

func newColumns(list []table.Column) *columns {
	c := &columns{spare: make(chan *batch, batches)}
	for _, column := range list {
		c.types = append(c.types, column.Type)
	}
	for range batches {
		b := &batch{columns: make([][]table.Value, len(list))}
		for i := range b.columns {
			b.columns[i] = make([]table.Value, 0, batchRows)
		}
		c.spare <- b
	}
	c.batch = <-c.spare
	c.cores = make([]chan work, min(runtime.GOMAXPROCS(0), len(list)))
	for n := range c.cores {
		c.cores[n] = make(chan work, batches)
		c.alive.Go(func() { c.work(n) })
	}
	return c
}

// add takes note of a row.
func (c *columns) add(row []table.Value) {
	for i, v := range row {
		c.batch.columns[i] = append(c.batch.columns[i], v)
	}
}

// send hands what was collected to the cores. The error may be that of an earlier batch.
func (c *columns) send(to []*parquet.ColumnWriter) error {
	b := c.batch
	b.busy.Add(len(c.cores))
	for _, core := range c.cores {
		core <- work{batch: b, to: to}
	}
	c.spare <- b // in order: the receiver waits until it is no longer read
	c.batch = <-c.spare
	c.batch.busy.Wait()
	for i := range c.batch.columns {
		c.batch.columns[i] = c.batch.columns[i][:0]
	}
	return c.failure()
}

// wait waits until all that was sent is written.
func (c *columns) wait() error {
	for range batches - 1 {
		b := <-c.spare
		b.busy.Wait()
		c.spare <- b
	}
	return c.failure()
}

func (c *columns) close() {
	for _, core := range c.cores {
		close(core)
	}
	c.alive.Wait()
}

// work writes every column whose turn it is on the n-th core. Columns of texts are the slow ones and may stand
// together, so they are dealt out like cards.
func (c *columns) work(n int) {
	var values []parquet.Value
	for w := range c.cores[n] {
		for i := n; i < len(c.types); i += len(c.cores) {
			values = valuesOf(values[:0], w.columns[i], c.types[i], i)
			if _, err := w.to[i].WriteRowValues(values); err != nil {
				c.fail(err)
			}
		}
		w.busy.Done()
	}
}

func (c *columns) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *columns) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
}

// valuesOf appends values of a column as the library takes them.
func valuesOf(to []parquet.Value, values []table.Value, t table.Type, column int) []parquet.Value {
	if t == table.List {
		return itemsOf(to, values, column)
	}
	for _, v := range values {
		if v.Empty() {
			to = append(to, parquet.NullValue().Level(0, 0, column))
		} else {
			to = append(to, valueOf(v, t).Level(0, 1, column))
		}
	}
	return to
}

func valueOf(v table.Value, t table.Type) parquet.Value {
	switch t {
	case table.Integer:
		n, _ := v.AsInt()
		return parquet.Int32Value(int32(n))
	case table.Decimal:
		return parquet.DoubleValue(doubleOf(v))
	case table.Boolean:
		b, _ := v.AsBool()
		return parquet.BooleanValue(b)
	case table.Timestamp:
		at, _ := v.AsTime()
		return parquet.Int64Value(at.UnixMicro())
	case table.Date:
		at, _ := v.AsDay()
		return parquet.Int32Value(int32(at.Unix() / secondsOfDay))
	default:
		return textValue(v.String())
	}
}

// textValue is a text without a copy of it, which nothing changes: the library has no other way that does not take
// memory for each.
func textValue(s string) parquet.Value {
	return parquet.ByteArrayValue(unsafe.Slice(unsafe.StringData(s), len(s))) // #nosec G103 -- read once and never written: a copy of each text would double the time
}

const secondsOfDay = 24 * 60 * 60

// itemsOf appends the items of lists.
func itemsOf(to []parquet.Value, lists []table.Value, column int) []parquet.Value {
	for _, list := range lists {
		if list.Empty() {
			to = append(to, parquet.NullValue().Level(0, 0, column))
			continue
		}
		level := 0
		for item := range strings.SplitSeq(list.String(), table.ListSeparator) {
			to = append(to, textValue(item).Level(level, 1, column))
			level = 1
		}
	}
	return to
}
