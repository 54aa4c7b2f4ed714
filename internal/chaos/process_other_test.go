//go:build !linux

package chaos

import "syscall"

func diesWithUs() *syscall.SysProcAttr { return nil }
