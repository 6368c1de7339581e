package early

// Numbers of linux/audit.h and asm/unistd.h.
const (
	arch        = 0xc000003e // AUDIT_ARCH_X86_64
	bpfCall     = 321
	seccompCall = 317
)
