package early

// Numbers of linux/audit.h and asm/unistd.h.
const (
	arch        = 0xc00000b7 // AUDIT_ARCH_AARCH64
	bpfCall     = 280
	seccompCall = 277
)
