//go:build linux && (amd64 || arm64)

package intercept

import "golang.org/x/sys/unix"

// Refuse puts this process under a filter that answers a call with EPERM, as a container's may.
func Refuse(call uint32) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	var a asm
	a.load(offsetNumber)
	a.unless(unix.BPF_JEQ, call, 1)
	a.ret(unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM))
	a.ret(unix.SECCOMP_RET_ALLOW)
	if _, errno := enter(a, unix.SECCOMP_FILTER_FLAG_TSYNC); errno != 0 {
		return errno
	}
	return nil
}
