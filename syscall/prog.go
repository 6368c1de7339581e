package bpfsys

import (
	"bytes"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/insn"
	"github.com/bpfsim/bpfsim/maps"
)

// maxInsns is BPF_COMPLEXITY_LIMIT_INSNS.
const maxInsns = 1_000_000

// loading is a program on its way to be one.
type loading struct {
	*call
	ProgLoad
	made *Program // holds what the program will hold
	log  *btf.Log

	arena *Map // a program has one
}

// progLoad follows bpf_prog_load in kernel/bpf/syscall.c. What only the verifier's simulation of a program can find passes.
func (c *call) progLoad() (int32, abi.Errno) {
	c.kept()
	own := *c // c itself stays on the stack: what is kept here is a copy, with its buffers
	l := loading{call: &own, made: &Program{kernel: c.kernel}}
	l.Decode(c.attr)
	if errno := l.check(); errno != abi.OK {
		l.made.free()
		return 0, errno
	}
	l.made.refs.Store(1)
	c.kernel.progs.add(l.made)
	return c.install(l.made, ReadWrite)
}

// check is all checks in Linux's order.
func (l *loading) check() abi.Errno {
	return firstErrno(l.checkLoader, l.checkAttach, l.readText, l.checkDevice, l.identify, l.verify, l.checkOwners)
}

// firstErrno is what the first step says that does not succeed.
func firstErrno(steps ...func() abi.Errno) abi.Errno {
	for _, step := range steps {
		if errno := step(); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

// readText reads the instructions and the license.
func (l *loading) readText() abi.Errno {
	l.made.account = l.kernel.budget.Open()
	if !l.made.account.Take(memlockOf(int(l.InsnCnt))) {
		return abi.ENOMEM
	}
	code := make([]byte, uint64(l.InsnCnt)*insn.Size)
	if errno := l.copyIn(code, l.Insns); errno != abi.OK {
		return errno
	}
	l.made.insns = insn.DecodeAll(code)
	const longest = 127
	l.task.Step(maps.PointUser)
	license := l.kept().page[:longest]
	n := readString(l.proc.Mem, license, l.License)
	end := bytes.IndexByte(license[:n], 0)
	switch {
	case n < longest && end < 0:
		return abi.EFAULT
	case l.Signature != 0:
		return abi.EOPNOTSUPP // as a kernel without keys
	case end >= 0:
		license = license[:end]
	}
	l.made.gpl = gplCompatible(string(license))
	return abi.OK
}

// gplCompatible follows license_is_gpl_compatible.
func gplCompatible(license string) bool {
	switch license {
	case "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL":
		return true
	}
	return false
}

// identify gives the program what tells it from others. The type must be known and the name legal.
func (l *loading) identify() (errno abi.Errno) {
	if l.Type == abi.ProgUnspec || l.Type >= abi.NumProgTypes {
		return abi.EINVAL
	}
	p := l.made
	p.kind, p.attach, p.flags = l.Type, l.AttachType, l.Flags
	p.loaded, p.uid, p.targetID = l.kernel.options.Now(), l.proc.UID, l.AttachBTFID
	p.name, errno = objectName(l.Name)
	return errno
}
