//go:build linux && (amd64 || arm64)

package early

import (
	"syscall"
	"unsafe"
)

func init() {
	for _, name := range []string{"BPFSIM_TEST_SOCKET", "BPFSIM_BPFFS"} { // somebody answers this process
		if value, _ := syscall.Getenv(name); value != "" {
			return
		}
	}
	if road, _ := syscall.Getenv("BPFSIM_ROAD"); road == "host" {
		return
	}
	refuse()
}

// Of linux/seccomp.h and linux/prctl.h.
const (
	numberAt, archAt = 0, 4 // in struct seccomp_data

	retNotify, retTrace, retAllow = 0x7fc00000, 0x7ff00000, 0x7fff0000

	modeFilter                      = 1
	allThreads, newListener, tellBy = 1 << 0, 1 << 3, 1 << 4 // tellBy: errors of allThreads are errnos

	noNewPrivs = 38
)

// refuse has bpf(2) answered with ENOSYS, by a listener that tells of it, or else as SECCOMP_RET_TRACE does where nobody traces. Unlike an errno of
// a filter both give way to the listener by which a process is answered that this one starts (seccomp(2)).
func refuse() {
	listener, errno := enter(retNotify, allThreads|newListener|tellBy)
	if errno == syscall.EACCES { // who has not CAP_SYS_ADMIN must give up gaining rights first
		if _, _, errno = syscall.RawSyscall6(syscall.SYS_PRCTL, noNewPrivs, 1, 0, 0, 0, 0); errno == 0 {
			listener, errno = enter(retNotify, allThreads|newListener|tellBy)
		}
	}
	if errno != 0 {
		_, _ = enter(retTrace, allThreads) // where filters are refused bpf(2) mostly is, too, and Main says what is missing
		return
	}
	listen(listener)
}

// enter puts threads under a filter.
func enter(answer uint32, flags uintptr) (listener uintptr, errno syscall.Errno) {
	program := []syscall.SockFilter{
		{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: archAt},
		{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, K: arch, Jf: 3},
		{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: numberAt},
		{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, K: bpfCall, Jf: 1},
		{Code: syscall.BPF_RET | syscall.BPF_K, K: answer},
		{Code: syscall.BPF_RET | syscall.BPF_K, K: retAllow},
	}
	p := syscall.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	listener, _, errno = syscall.RawSyscall(seccompCall, modeFilter, flags, uintptr(unsafe.Pointer(&p)))
	return listener, errno
}
