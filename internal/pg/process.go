package pg

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// commandLine is the command line of a process, words separated by spaces; "" if it is dead or a zombie.
func commandLine(pid int) string {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err == nil {
		return string(bytes.TrimSpace(bytes.ReplaceAll(raw, []byte{0}, []byte{' '})))
	}
	if hasProc() {
		return ""
	}
	raw, err = exec.Command("ps", "-p", strconv.Itoa(pid), "-o", "command=").Output()
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(raw))
}

func hasProc() bool {
	_, err := os.Stat("/proc/self/cmdline")
	return err == nil
}

// processes are the command lines of all processes, by number.
func processes() map[int]string {
	if !hasProc() {
		raw, _ := exec.Command("ps", "-axo", "pid=,command=").Output() // none found is an answer
		return parseProcesses(string(raw))
	}
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well formed
	all := make(map[int]string, len(dirs))
	for _, dir := range dirs {
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
			all[pid] = commandLine(pid)
		}
	}
	return all
}

func parseProcesses(listed string) map[int]string {
	all := map[int]string{}
	for line := range strings.Lines(listed) {
		number, command, _ := strings.Cut(strings.TrimSpace(line), " ")
		if pid, err := strconv.Atoi(number); err == nil {
			all[pid] = strings.TrimSpace(command)
		}
	}
	return all
}

// postmaster is the process named in postmaster.pid, 0 if there is no such file or no number in it.
func (d dataDir) postmaster() (int, error) {
	raw, err := os.ReadFile(filepath.Join(d.pgdata(), "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(first)) // a file cut short by a crash names no process
	return pid, nil
}

// runsHere says that a process is a server on this data directory: by its working directory where we may see that,
// else by its command line.
func (d dataDir) runsHere(pid int) bool {
	command := commandLine(pid)
	if !strings.Contains(command, "postgres") && !strings.Contains(command, "postmaster") {
		return false
	}
	if cwd, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "cwd")); err == nil {
		return cwd == d.pgdata()
	}
	return strings.Contains(command, d.pgdata())
}

// orphans are the server's processes whose postmaster died: they know it only once they wait for something.
func (d dataDir) orphans() []int {
	title := "postgres: " + d.cluster() + ": "
	var list []int
	for pid, command := range processes() {
		if strings.HasPrefix(command, title) {
			list = append(list, pid)
		}
	}
	return list
}

// servers are the postmasters that were started on this data directory, by their command lines.
func (d dataDir) servers() []int {
	var list []int
	for pid, command := range processes() {
		program, arguments, _ := strings.Cut(command, " ")
		if filepath.Base(program) == "postgres" && strings.HasPrefix(arguments, "-D "+d.pgdata()+" ") {
			list = append(list, pid)
		}
	}
	return list
}
