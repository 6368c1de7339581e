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
	legacyNumber = true
)
