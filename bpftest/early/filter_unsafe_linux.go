//go:build linux && (amd64 || arm64)

package early

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	if os.Getenv("BPFSIM_TEST_SOCKET") == "" && os.Getenv("BPFSIM_BPFFS") == "" { // nobody answers this process
		refuse()
	}
}

// Offsets in struct seccomp_data (linux/seccomp.h).
const (
	numberAt = 0
	archAt   = 4
)

// refuse has bpf(2) answered with ENOSYS, which is what SECCOMP_RET_TRACE does where nobody traces. Unlike an errno of a filter it gives way to
// SECCOMP_RET_USER_NOTIF, which a process that this one starts is answered by (seccomp(2)).
func refuse() {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: archAt},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: arch, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: numberAt},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_BPF, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_TRACE},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if enter(program) == unix.EACCES { // who has not CAP_SYS_ADMIN must give up gaining rights first
		_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		_ = enter(program) // where filters are refused bpf(2) mostly is, too, and Main says what is missing
	}
}

// enter puts all threads under a filter.
func enter(program []unix.SockFilter) unix.Errno {
	p := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&p)))
	return errno
}
