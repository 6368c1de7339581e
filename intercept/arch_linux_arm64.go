package intercept

import "golang.org/x/sys/unix"

// The architecture values that the filter compares (audit(7), asm/unistd.h). 32-bit ARM programs share the machine;
// their bpf(2) is refused so that it cannot reach the real kernel. arm64 has no open, readlink and epoll_wait.
const (
	nativeArch   = unix.AUDIT_ARCH_AARCH64
	compatArch   = unix.AUDIT_ARCH_ARM
	compatBPF    = 386
	foreignABI   = 0x40000000
	sysOpen      = -1
	sysReadlink  = -2
	sysEpollWait = -3
	legacyNumber = false
)

var legacyMakers []maker
