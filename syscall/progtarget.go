package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// checkTarget follows check_attach_btf_id in kernel/bpf/verifier.c.
func (l *loading) checkTarget() abi.Errno {
	sleepable := l.Flags&progSleepable != 0
	switch {
	case l.Type == abi.ProgSyscall && !sleepable, sleepable && !mayFault(l.Type, l.AttachType):
		return abi.EINVAL
	}
	return abi.OK
}

// mayFault tells the programs that may sleep.
func mayFault(t abi.ProgType, at abi.AttachType) bool {
	switch t {
	case abi.ProgTracing:
		return at == abi.AttachTraceFEntry || at == abi.AttachTraceFExit || at == abi.AttachModifyReturn || at == abi.AttachTraceIter
	case abi.ProgLSM, abi.ProgKprobe, abi.ProgStructOps, abi.ProgSyscall:
		return true
	}
	return false
}
