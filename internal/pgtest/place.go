package pgtest

import (
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"syscall"

	"cpd-jobs/internal/pg"
)

// memoryDisk is where Linux keeps files in memory. Cloning a database makes some 500 files, which is many times
// quicker there.
const memoryDisk = "/dev/shm"

// memoryEnough is the room that the memory disk must have: tests of national size take a good part of it.
const memoryEnough = 6 << 30

// serverDir is one folder for each user and each installation of PostgreSQL, where the server's user may go.
func serverDir() string {
	programs, _ := pg.FindBinaries() // without one, starting the server says so
	name := fmt.Sprintf("cpd-jobs-test-%d-%08x", os.Geteuid(), crc32.ChecksumIEEE([]byte(programs)))
	if disk := Disk(); disk != "" {
		return filepath.Join(disk, name)
	}
	dir := filepath.Join(os.TempDir(), name)
	if _, moved, err := pg.ResolveDir(dir); err == nil && moved {
		return filepath.Join("/tmp", name) // root has a temporary folder that is closed to others
	}
	return dir
}

// Disk is where a test makes a folder for a server of its own: in memory where there is room, or several servers wait
// for one disk; else "", the folder of temporary files.
func Disk() string {
	if room(memoryDisk) >= memoryEnough {
		return memoryDisk
	}
	return ""
}

// room is the free space of a folder's disk in bytes, 0 where there is no such folder.
func room(dir string) uint64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0
	}
	return st.Bavail * uint64(st.Bsize)
}
