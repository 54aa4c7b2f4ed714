package export

import (
	"runtime/debug"
	"sync"
)

// gcPercent is by how much of what is in use garbage may grow before it is collected. Twice as much as usual time for
// that is a hundredth of the time of an export; twice as much memory is the difference between fitting and not.
const gcPercent = 25

// savers counts the exports under way, which may be several in a worker.
var savers struct {
	sync.Mutex
	n     int
	usual int
}

// thrift has the collector come often while files are written and read back: millions of rows need a few megabytes at
// any moment, and would leave many times that lying about. Undo says that this export has ended.
func thrift() (undo func()) {
	savers.Lock()
	defer savers.Unlock()
	if savers.n == 0 {
		if savers.usual = debug.SetGCPercent(gcPercent); savers.usual >= 0 && savers.usual < gcPercent {
			debug.SetGCPercent(savers.usual)
		}
	}
	savers.n++
	debug.FreeOSMemory() // what came before, such as reading definitions, need not stay either
	return func() {
		savers.Lock()
		defer savers.Unlock()
		if savers.n--; savers.n == 0 {
			debug.SetGCPercent(savers.usual)
		}
	}
}
