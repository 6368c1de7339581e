package bpfsys

import (
	"bytes"
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

const (
	// maxInsns is BPF_COMPLEXITY_LIMIT_INSNS.
	maxInsns = 1_000_000
	insnSize = 8 // bytes
)

// loading is a program on its way to be one.
type loading struct {
	*call
	ProgLoad
	insns   []uint64
	license string
}

// progLoad follows bpf_prog_load in kernel/bpf/syscall.c. What only the verifier's simulation of a program can find passes.
func (c *call) progLoad() (int32, abi.Errno) {
	c.kept()
	own := *c // c itself stays on the stack: what is kept here is a copy, with its buffers
	l := loading{call: &own}
	l.Decode(c.attr)
	if errno := l.check(); errno != abi.OK {
		return 0, errno
	}
	p, errno := l.newProgram()
	if errno != abi.OK {
		return 0, errno
	}
	c.kernel.progs.add(p)
	return c.install(p, ReadWrite)
}

// check is all checks in Linux's order.
func (l *loading) check() abi.Errno {
	for _, step := range []func() abi.Errno{
		l.checkLoader, l.checkAttach, l.readText, l.checkDevice, l.checkIdentity, l.checkVerifier, l.checkTarget,
	} {
		if errno := step(); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

// newProgram makes the program whose arguments are right.
func (l *loading) newProgram() (*Program, abi.Errno) {
	name, errno := objectName(l.Name)
	if errno != abi.OK {
		return nil, errno
	}
	k := l.kernel
	p := &Program{
		kernel: k, kind: l.Type, attach: l.AttachType, name: name, flags: l.Flags, loaded: k.options.Now(), uid: l.proc.UID,
		insns: l.insns,
	}
	p.refs.Store(1)
	return p, abi.OK
}

// readText reads the instructions and the license.
func (l *loading) readText() abi.Errno {
	code := make([]byte, uint64(l.InsnCnt)*insnSize)
	if errno := l.copyIn(code, l.Insns); errno != abi.OK {
		return errno
	}
	l.insns = make([]uint64, l.InsnCnt)
	for i := range l.insns {
		l.insns[i] = binary.LittleEndian.Uint64(code[i*insnSize:])
	}
	const longest = 127
	l.task.Step(maps.PointUser)
	license := l.kept().page[:longest]
	n := l.proc.Mem.Read(license, l.License)
	end := bytes.IndexByte(license[:n], 0)
	switch {
	case n < longest && end < 0:
		return abi.EFAULT
	case l.Signature != 0:
		return abi.EOPNOTSUPP // as a kernel without keys
	case end >= 0:
		license = license[:end]
	}
	l.license = string(license)
	return abi.OK
}
