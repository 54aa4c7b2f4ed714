package doctor

import (
	"net"
	"os"
	"runtime"

	"cpd-jobs/internal/config"
	"cpd-jobs/internal/disk"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
)

// Settings checks what can be told from the environment alone; err is what config.Load returned with c. It returns
// false where nothing else can be checked.
func (f *Findings) Settings(c config.Config, err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			f.Failed("settings", "environment", one)
		}
		return false
	}
	if err != nil {
		f.Failed("settings", "environment", err)
		return false
	}
	f.Note("settings", "environment", OK, "", "every variable that is set can be read")
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && !config.IsLoopback(host) && !c.SignIn() {
		f.Note("settings", "sign-in", Problem, "set OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and PUBLIC_URL, or LISTEN_ADDRESS to 127.0.0.1",
			"the pages would listen on %s without sign-in: cpd-jobs web refuses that", c.Listen)
	}
	if c.Webhook == "" {
		f.Note("settings", "webhook", Warning, "set WEBHOOK_URL to an incoming webhook of the team's channel",
			"no message is sent when a job fails or a report is stale")
	} else {
		f.Note("settings", "webhook", OK, "", "failures and stale reports are sent to WEBHOOK_URL")
	}
	return true
}

// Machine checks the program, PostgreSQL's programs where the server is to be embedded, and this machine's disks: of dir, and
// of the folder of exports, "" for none.
func (f *Findings) Machine(version, dir, exports string, embedded bool) {
	f.Note("machine", "program", OK, "", "cpd-jobs %s, %s, %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if embedded {
		if dir, err := pg.FindBinaries(); err != nil {
			f.Failed("machine", "PostgreSQL's programs", run.Unreachable("cpd-jobs db install, or set DATABASE_URL", "%w", err))
		} else {
			f.Note("machine", "PostgreSQL's programs", OK, "", "in %s", dir)
		}
	}
	f.disk("data directory", dir, "CPD_JOBS_DATA_DIR")
	if exports != "" {
		f.disk("exported files", exports, "EXPORT_STORE_URL")
	}
	f.disk("temporary files", os.TempDir(), "TMPDIR") // where spreadsheets are put together
}

// Below diskProblem free bytes a sync or an export may fail half-way, below DiskWarning that is near.
const (
	diskProblem = 512 << 20
	DiskWarning = 2 << 30
)

// disk checks that dir can be written and how much space it has.
func (f *Findings) disk(what, dir, variable string) {
	at := dir
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		at = "." // it is made when first used
	}
	probe, err := os.CreateTemp(at, ".cpd-jobs-doctor-*")
	if err != nil {
		f.Note("machine", what, Problem, "let this user write there, or set "+variable+" to another place", "%s cannot be written: %s", dir, err)
		return
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	free, err := disk.Free(at)
	if err != nil {
		f.Note("machine", what, Warning, "look with df", "%s", err)
		return
	}
	f.Note("machine", what, byFreeSpace(free), "free some space there, or set "+variable+" to another place", "%s has %d MB free", dir, free>>20)
}

func byFreeSpace(free uint64) State {
	switch {
	case free < diskProblem:
		return Problem
	case free < DiskWarning:
		return Warning
	}
	return OK
}
