package pg

import (
	"os"
	"runtime"
	"syscall"

	"cpd-jobs/internal/run"
)

const (
	mib = 1 << 20
	// roomToMake is what a new data directory takes, with its first write-ahead log.
	roomToMake = 96 * mib
	// roomToStart lets a server recover and write its first checkpoint.
	roomToStart = 24 * mib
)

// checkRoom refuses to start on a disk that is all but full: PostgreSQL would fail half-way and less clearly.
func checkRoom(dir string, need uint64) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(nearest(dir), &st); err != nil {
		return nil //nolint:nilerr // not every file system tells; then PostgreSQL finds out
	}
	if free := uint64(st.Bavail) * uint64(st.Bsize); free < need {
		return run.Unreachable("free some space there, or choose another directory with CPD_JOBS_DATA_DIR",
			"the disk that holds %s is full: %d MB are free and PostgreSQL needs %d MB to start", dir, free/mib, need/mib)
	}
	return nil
}

func diskFull(dir string) error {
	return run.Unreachable("free some space there and start again; the data are safe", "the disk that holds %s is full", dir)
}

// sharedMemoryIsSmall says that /dev/shm cannot hold what parallel queries share: containers give it 64 MB.
func sharedMemoryIsSmall() bool {
	if runtime.GOOS != "linux" {
		return false
	}
	if info, err := os.Stat("/dev/shm"); err != nil || !info.IsDir() {
		return true
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &st); err != nil {
		return true
	}
	return uint64(st.Blocks)*uint64(st.Bsize) < 256*mib
}
