package intercept

import "golang.org/x/sys/unix"

// The architecture values that the filter compares (audit(7), asm/unistd.h). Programs for i386 and x32 share the
// machine; their bpf(2) is refused so that it cannot reach the real kernel.
const (
	nativeArch   = unix.AUDIT_ARCH_X86_64
	compatArch   = unix.AUDIT_ARCH_I386
	compatBPF    = 357
	foreignABI   = 0x40000000 // __X32_SYSCALL_BIT
	sysOpen      = unix.SYS_OPEN
	sysReadlink  = unix.SYS_READLINK
	sysEpollWait = unix.SYS_EPOLL_WAIT
	legacyNumber = true
)

// legacyMakers are the calls that make names below the working directory and are on this architecture only.
var legacyMakers = []maker{
	{unix.SYS_MKDIR, none, 0, none, none, none},
	{unix.SYS_MKNOD, none, 0, 1, none, none},
	{unix.SYS_SYMLINK, none, 1, none, none, none},
	{unix.SYS_LINK, none, 1, none, none, 0},
	{unix.SYS_RENAME, none, 1, none, none, 0},
}
