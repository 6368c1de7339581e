package bpfsys

import (
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
)

// holdTarget holds the program or BTF that attach_prog_fd and attach_btf_id speak of.
func (l *loading) holdTarget() (errno abi.Errno) {
	p := l.made
	if l.AttachProgFD == 0 {
		if l.AttachBTFID == 0 {
			return abi.OK
		}
		if l.kernel.btf() == nil {
			return abi.EINVAL
		}
		l.kernel.btf().Hold()
		p.targetBTF = l.kernel.btf()
		return abi.OK
	}
	if p.target, errno = l.program(l.AttachProgFD); errno == abi.OK {
		return abi.OK
	}
	if p.targetBTF, errno = l.btfByFD(l.AttachProgFD); errno != abi.OK {
		return abi.EINVAL
	}
	if p.targetBTF != l.kernel.btf() {
		return abi.ENOTSUPP // replacing functions that a BTF alone describes
	}
	return abi.OK
}

// checkTarget follows check_attach_btf_id in kernel/bpf/verifier.c.
func (l *loading) checkTarget() abi.Errno {
	switch {
	case l.Type == abi.ProgSyscall && l.sleepable():
		return abi.OK
	case l.Type == abi.ProgSyscall:
		l.log.Printf("Syscall programs can only be sleepable\n")
		return abi.EINVAL
	case l.sleepable() && !maySleep(l.Type, l.AttachType):
		l.log.Printf("Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable\n")
		return abi.EINVAL
	}
	switch l.Type {
	case abi.ProgStructOps:
		return l.checkStructOps()
	case abi.ProgTracing, abi.ProgLSM, abi.ProgExt:
		return l.checkAttachTarget()
	}
	return abi.OK
}

func (l *loading) sleepable() bool { return l.Flags&progSleepable != 0 }

// maySleep tells the programs that may sleep (can_be_sleepable).
func maySleep(t abi.ProgType, at abi.AttachType) bool {
	switch t {
	case abi.ProgTracing:
		return at == abi.AttachTraceFEntry || at == abi.AttachTraceFExit || at == abi.AttachModifyReturn || at == abi.AttachTraceIter
	case abi.ProgLSM, abi.ProgKprobe, abi.ProgStructOps:
		return true
	}
	return false
}

// checkStructOps follows check_struct_ops_btf_id: the target is a member of a struct of the kernel.
func (l *loading) checkStructOps() abi.Errno {
	p := l.made
	switch {
	case !p.gpl:
		l.log.Printf("struct ops programs must have a GPL compatible license\n")
		return abi.EINVAL
	case p.targetBTF == nil:
		return abi.ENOTSUPP
	}
	kind := l.opsKind()
	switch {
	case kind == nil:
		l.log.Printf("attach_btf_id %d is not a supported struct\n", l.AttachBTFID)
		return abi.ENOTSUPP
	case int(l.AttachType) >= len(kind.members):
		l.log.Printf("attach to invalid member idx %d of struct %s\n", l.AttachType, kind.name)
		return abi.EINVAL
	}
	switch m := kind.members[l.AttachType]; {
	case m.proto == nil:
		l.log.Printf("attach to invalid member %s(@idx %d) of struct %s\n", m.name, l.AttachType, kind.name)
		return abi.EINVAL
	default:
		p.proto = m.proto
		errno := kind.rules.takes(m.name, l.sleepable())
		if errno != abi.OK {
			l.log.Printf("attach to unsupported member %s of struct %s\n", m.name, kind.name)
		}
		return errno
	}
}

// opsKind is the struct of functions that attach_btf_id names, nil for none.
func (l *loading) opsKind() *opsKind {
	return l.kernel.opsOf(func(k *opsKind) bool { return k.id == l.AttachBTFID })
}

// returnsNothing tells of a program whose target has been checked whether that is a function without a result
// (check_return_code asks nothing of R0 then).
func (l *loading) returnsNothing() bool {
	return (l.Type == abi.ProgStructOps || l.Type == abi.ProgLSM && l.AttachType != abi.AttachLSMCgroup) && l.made.proto.Void()
}

// checkAttachTarget follows bpf_check_attach_target as far as it asks for the kind of a type.
func (l *loading) checkAttachTarget() abi.Errno {
	p := l.made
	types := p.targetBTF
	if p.target != nil {
		types = p.target.btf
	}
	invalid := func(format string, args ...any) abi.Errno {
		l.log.Printf(format+"\n", args...)
		return abi.EINVAL
	}
	switch {
	case l.AttachBTFID == 0:
		return invalid("Tracing programs must provide btf_id")
	case types == nil:
		return invalid("FENTRY/FEXIT program can only be attached to another program annotated with BTF")
	}
	t := types.types.Type(l.AttachBTFID)
	if t == nil {
		return invalid("attach_btf_id %d is invalid", l.AttachBTFID)
	}
	name := types.types.Name(t)
	p.proto = types.types.Prototype(l.AttachBTFID)
	switch {
	case name == "":
		return invalid("attach_btf_id %d doesn't have a name", l.AttachBTFID)
	case l.Type == abi.ProgExt && p.target == nil:
		return invalid("Cannot replace kernel functions")
	case l.AttachType == abi.AttachTraceRawTP:
		switch {
		case p.target != nil:
			return invalid("Only FENTRY/FEXIT progs are attachable to another BPF prog")
		case t.Kind() != btf.Typedef:
			return invalid("attach_btf_id %d is not a typedef", l.AttachBTFID)
		case !strings.HasPrefix(name, "btf_trace_"):
			return invalid("attach_btf_id %d points to wrong type name %s", l.AttachBTFID, name)
		}
		return abi.OK
	case !onFunction(l.AttachType) && l.Type != abi.ProgExt:
		return abi.EINVAL
	case !types.types.Func(l.AttachBTFID):
		return invalid("attach_btf_id %d is not a function", l.AttachBTFID)
	}
	return abi.OK
}

// onFunction tells the places that are functions of the kernel.
func onFunction(at abi.AttachType) bool {
	switch at {
	case abi.AttachTraceIter, abi.AttachTraceFEntry, abi.AttachTraceFExit, abi.AttachModifyReturn, abi.AttachLSMMac,
		abi.AttachLSMCgroup:
		return true
	}
	return false
}
