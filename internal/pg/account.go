package pg

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"

	"cpd-jobs/internal/run"
)

// account is the user that the server runs as: this one, or an unprivileged one where this is root, as which
// PostgreSQL refuses to run.
type account struct {
	name     string
	uid, gid int
	switched bool // the server's user is not this process's
}

// unprivileged are the users that root gives the server to, best first.
var unprivileged = []string{"postgres", "_postgres", "nobody"}

func serverAccount() (account, error) {
	if uid := os.Geteuid(); uid != 0 {
		return account{name: userName(uid), uid: uid, gid: os.Getegid()}, nil
	}
	for _, name := range unprivileged {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		a := account{name: name, switched: true}
		if a.uid, err = strconv.Atoi(u.Uid); err != nil {
			continue
		}
		if a.gid, err = strconv.Atoi(u.Gid); err == nil {
			return a, nil
		}
	}
	return account{}, run.Invalid("make one (useradd --system postgres), run as an ordinary user, or set DATABASE_URL",
		"PostgreSQL will not run as root, and this machine has no user postgres or nobody")
}

// userName is the name of a user, or its number where it has none.
func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "user " + strconv.Itoa(uid)
}

// attributes make a child the account's, in a session of its own: a Ctrl-C meant for this program must not reach a
// server that others share.
func (a account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if a.switched {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}

// own gives a path that this process made to the server's user.
func (a account) own(path string) error {
	if !a.switched {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// canEnter tries to enter a folder as the account: modes alone do not tell (access lists, mounts, confinement).
func (a account) canEnter(dir string) (bool, error) {
	if !a.switched {
		return true, nil
	}
	cmd := exec.Command("/bin/sh", "-c", ":")
	cmd.Dir, cmd.Env, cmd.SysProcAttr = dir, []string{}, a.attributes()
	err := cmd.Run()
	switch {
	case err == nil, errors.Is(err, syscall.ENOTDIR): // a file in the way: making the directory will say so
		return true, nil
	case errors.Is(err, syscall.EACCES):
		return false, nil
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EINVAL):
		return false, run.Invalid("run as an ordinary user, or set DATABASE_URL",
			"PostgreSQL will not run as root, and this root may not become %s", a.name)
	default:
		return false, fmt.Errorf("enter %s as %s: %w", dir, a.name, err)
	}
}
