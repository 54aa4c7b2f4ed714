package main

import (
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue"
	"cpd-jobs/queue/schedule"
)

// settings looks at the environment; nothing else can be looked at where it is wrong.
func (e *examination) settings() bool {
	c, err := e.config()
	if err != nil {
		for _, one := range each(err) {
			e.failed("settings", "environment", one)
		}
		return false
	}
	e.note("settings", "environment", fine, "", "every variable that is set can be read")
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && !loopback(host) && !c.SignIn() {
		e.note("settings", "sign-in", problem, "set OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and PUBLIC_URL, or LISTEN_ADDRESS to 127.0.0.1",
			"the pages would listen on %s, and nobody has to sign in: cpd-jobs web refuses that", c.Listen)
	}
	if c.Webhook == "" {
		e.note("settings", "webhook", warning, "set WEBHOOK_URL to an incoming webhook of the team's channel", "nobody is told when a job fails or a report is stale")
	} else {
		e.note("settings", "webhook", fine, "", "failures and stale reports are told to WEBHOOK_URL")
	}
	return true
}

// each takes apart what errors.Join has joined.
func each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// machine looks at what is here.
func (e *examination) machine() {
	e.note("machine", "program", fine, "", "cpd-jobs %s, %s, %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if c, err := e.config(); err == nil && c.Database == "" {
		if dir, err := pg.FindBinaries(); err != nil {
			e.failed("machine", "PostgreSQL's programs", run.Unreachable("cpd-jobs db install, or set DATABASE_URL", "%w", err))
		} else {
			e.note("machine", "PostgreSQL's programs", fine, "", "in %s", dir)
		}
	}
	if dir, err := e.dir(); err != nil {
		e.failed("machine", "data directory", err)
	} else {
		e.disk("data directory", dir, "CPD_JOBS_DATA_DIR")
	}
	e.disk("temporary files", os.TempDir(), "TMPDIR") // where spreadsheets are put together
}

// Below diskProblem a sync or an export may fail half-way, below diskWarning that is near.
const (
	diskProblem = 512 << 20
	diskWarning = 2 << 30
)

// disk looks whether dir can be written and how much room it has.
func (e *examination) disk(what, dir, variable string) {
	at := dir
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		at = "." // it is made when first used
	}
	probe, err := os.CreateTemp(at, ".cpd-jobs-doctor-*")
	if err != nil {
		e.note("machine", what, problem, "let this user write there, or set "+variable+" to another place", "%s cannot be written: %s", dir, err)
		return
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	var st syscall.Statfs_t
	if err := syscall.Statfs(at, &st); err != nil {
		e.note("machine", what, warning, "look with df", "how much room %s has cannot be told: %s", dir, err)
		return
	}
	free := uint64(st.Bavail) * uint64(st.Bsize)
	e.note("machine", what, byRoom(free), "free some space there, or set "+variable+" to another place", "%s has %d MB free", dir, free>>20)
}

func byRoom(free uint64) string {
	switch {
	case free < diskProblem:
		return problem
	case free < diskWarning:
		return warning
	}
	return fine
}

// schedulesFileHere checks the file that a worker started here would make live, and that heartbeats belong to its schedules.
func (e *examination) schedulesFileHere() {
	raw, name, err := e.schedulesText()
	if err != nil {
		e.failed("schedules", "file", err)
		return
	}
	file, warnings, err := schedule.Parse(raw, queue.KindFinder(offlineKinds()), clock.System())
	if err != nil {
		e.failed("schedules", "file", run.Invalid("cpd-jobs schedules check says where", "%s: %w", name, err))
		return
	}
	e.note("schedules", "file", fine, "", "%s: %d schedules, %d warnings", name, len(file.Schedules), len(warnings))
	c, err := e.config()
	if err != nil {
		return
	}
	names := make([]string, len(file.Schedules))
	for i, s := range file.Schedules {
		names[i] = s.Name
	}
	if strays := c.HeartbeatsWithout(names); len(strays) > 0 {
		e.note("settings", "heartbeats", warning, "HEARTBEAT_URL_ is followed by the schedule's name in capitals; there are "+strings.Join(names, ", "),
			"%s belong to no schedule of %s", strings.Join(strays, ", "), name)
	}
}
