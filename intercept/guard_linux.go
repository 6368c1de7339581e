//go:build linux && (amd64 || arm64)

package intercept

import (
	"fmt"
	"math"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// guard keeps this process, and what it will start, from the host's bpf(2): calls that were not handed over end with ENOSYS. The error says
// that they would reach a kernel that takes them.
func guard() error {
	errno := enterAll(refusal())
	if errno == unix.EACCES { // who has not CAP_SYS_ADMIN must give up gaining rights first
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("set no_new_privs: %w", err)
		}
		errno = enterAll(refusal())
	}
	if _, _, answer := unix.Syscall(unix.SYS_BPF, math.MaxUint32, 0, 0); answer == unix.EINVAL && mayUseBPF() {
		return fmt.Errorf("install filter: %w", errno)
	}
	return nil
}

// unprivilegedName is the file that says whether users without capabilities may make maps and load programs: "0" if so.
const unprivilegedName = "/proc/sys/kernel/unprivileged_bpf_disabled"

// mayUseBPF tells that the host's kernel makes maps for this process. To others it says EINVAL, too, of a command that it does not know: it asks for
// capabilities in each command (kernel/bpf/syscall.c).
func mayUseBPF() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var caps [2]unix.CapUserData
	if err := unix.Capget(&header, &caps[0]); err != nil {
		return true
	}
	has := func(number int) bool { return caps[number/32].Effective&(1<<(number%32)) != 0 }
	disabled, err := os.ReadFile(unprivilegedName)
	return has(unix.CAP_BPF) || has(unix.CAP_SYS_ADMIN) || err != nil || strings.TrimSpace(string(disabled)) == "0"
}

// enterAll puts all threads under a filter.
func enterAll(program []unix.SockFilter) unix.Errno {
	_, errno := enter(program, unix.SECCOMP_FILTER_FLAG_TSYNC)
	return errno
}

// refusal is a filter that refuses bpf(2) of every ABI.
func refusal() []unix.SockFilter {
	var a asm
	a.load(offsetArch)
	a.unless(unix.BPF_JEQ, compatArch, 4)
	a.load(offsetNumber)
	a.unless(unix.BPF_JEQ, compatBPF, 1)
	a.ret(refuse)
	a.ret(unix.SECCOMP_RET_ALLOW)
	a.load(offsetNumber)
	for _, number := range []uint32{unix.SYS_BPF, foreignABI | unix.SYS_BPF} {
		a.unless(unix.BPF_JEQ, number, 1)
		a.ret(refuse)
	}
	a.ret(unix.SECCOMP_RET_ALLOW)
	return a
}
