package chaos

import "syscall"

// diesWithUs has the kernel kill a process when the thread that started it ends: a test program that is killed cleans
// nothing up.
func diesWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
