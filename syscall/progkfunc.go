package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/insn"
)

// kfunc follows add_kfunc_call. The kernel's functions are known by its BTF; a 0 was left by a loader that found none, and may be
// dead.
func (l *loading) kfunc(call insn.Insn) abi.Errno {
	kernel := l.kernel.btf()
	switch {
	case kernel == nil:
		l.log.Printf("calling kernel function is not supported without CONFIG_DEBUG_INFO_BTF\n")
		return abi.ENOTSUPP
	case !l.made.gpl:
		l.log.Printf("cannot call kernel function from non-GPL compatible program\n")
		return abi.EINVAL
	case call.Off != 0:
		return l.moduleKfunc(call)
	case call.Imm != 0 && !kernel.types.Func(uint32(call.Imm)):
		l.log.Printf("kernel btf_id %d is not a function\n", uint32(call.Imm))
		return abi.EINVAL
	}
	return abi.OK
}

// moduleKfunc is a function of a module, whose BTF is in fd_array. Modules have none here.
func (l *loading) moduleKfunc(call insn.Insn) abi.Errno {
	switch {
	case call.Off < 0:
		l.log.Printf("negative offset disallowed for kernel module function call\n")
		return abi.EINVAL
	case l.FDArray == 0:
		l.log.Printf("kfunc offset > 0 without fd_array is invalid\n")
		return abi.EPROTO
	}
	fd, errno := l.arrayFD(int64(call.Off))
	if errno != abi.OK {
		return errno
	}
	b, errno := l.btfByFD(fd)
	if errno != abi.OK {
		l.log.Printf("invalid module BTF fd specified\n")
		return errno
	}
	b.Release()
	l.log.Printf("BTF fd for kfunc is not a module BTF\n")
	return abi.EINVAL
}

// BTFID follows check_pseudo_btf_id: a variable or function of the kernel.
func (l *loading) BTFID(load, second insn.Insn) abi.Errno {
	b := l.kernel.btf()
	switch {
	case second.Imm != 0:
		l.log.Printf("invalid module BTF object FD specified.\n")
		return abi.EINVAL
	case b == nil:
		l.log.Printf("kernel is missing BTF, make sure CONFIG_DEBUG_INFO_BTF=y is specified in Kconfig.\n")
		return abi.EINVAL
	}
	switch t := b.types.Type(uint32(load.Imm)); {
	case t == nil:
		l.log.Printf("ldimm64 insn specifies invalid btf_id %d.\n", load.Imm)
		return abi.ENOENT
	case t.Kind() != btf.Var && t.Kind() != btf.Func:
		l.log.Printf("pseudo btf_id %d in ldimm64 isn't KIND_VAR or KIND_FUNC.\n", load.Imm)
		return abi.EINVAL
	}
	return l.useBTF(b)
}
