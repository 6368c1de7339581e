package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// Offsets in the attr of PROG_TEST_RUN.
const (
	testProg       = 0
	testContextIn  = 40 // its size, then that of the output
	testContextOut = 44
	testPointerIn  = 48
	testPointerOut = 56
)

// progTestRun follows bpf_prog_test_run up to the run. ENOTSUPP is what Linux answers for types that it cannot run
// either.
func (c *call) progTestRun() abi.Errno {
	a := c.attr
	switch {
	case (a.u32(testContextIn) != 0) != (a.u64(testPointerIn) != 0),
		(a.u32(testContextOut) != 0) != (a.u64(testPointerOut) != 0):
		return abi.EINVAL
	}
	if errno := c.program(a.fd(testProg)); errno != abi.OK {
		return errno
	}
	return c.refuse(Refusal{Cmd: abi.ProgTestRun, Errno: abi.ENOTSUPP})
}

// enableStats follows bpf_enable_stats: 0 is the run time of programs, the only kind.
func (c *call) enableStats() abi.Errno {
	switch {
	case !c.proc.Caps.SysAdmin:
		return abi.EPERM
	case c.attr.u32(0) != 0:
		return abi.EINVAL
	}
	return c.refuse(Refusal{Cmd: abi.EnableStats, Errno: abi.EINVAL})
}

// Offsets in the attr of PROG_BIND_MAP.
const (
	bindProg  = 0
	bindMap   = 4
	bindFlags = 8
)

// progBindMap follows bpf_prog_bind_map.
func (c *call) progBindMap() abi.Errno {
	if c.attr.u32(bindFlags) != 0 {
		return abi.EINVAL
	}
	if errno := c.program(c.attr.fd(bindProg)); errno != abi.OK {
		return errno
	}
	file, errno := c.file(c.attr.fd(bindMap), abi.EBADF)
	if errno != abi.OK {
		return errno
	}
	defer c.leave(file)
	if file.m == nil {
		return abi.EINVAL
	}
	return c.refuse(Refusal{Cmd: abi.ProgBindMap, Errno: abi.EINVAL})
}

// Offsets in the attr of BTF_LOAD.
const (
	btfLoadData    = 0
	btfLoadLog     = 8
	btfLoadSize    = 16
	btfLoadLogSize = 20
	btfLoadLevel   = 24
	btfLoadFlags   = 32
	btfLoadToken   = 36
	maxBTF         = 16 << 20
)

// btfLoad follows bpf_btf_load and btf_parse up to the contents.
func (c *call) btfLoad() abi.Errno {
	a := c.attr
	size := a.u32(btfLoadSize)
	switch {
	case a.u32(btfLoadFlags)&^abi.FlagTokenFD != 0:
		return abi.EINVAL
	case a.u32(btfLoadFlags) != 0:
		return c.noSuchObject(a.fd(btfLoadToken))
	case !c.proc.Caps.BPF:
		return abi.EPERM
	case size > maxBTF:
		return abi.E2BIG
	}
	log := verifierLog{level: a.u32(btfLoadLevel), size: a.u32(btfLoadLogSize), addr: a.u64(btfLoadLog)}
	if !log.valid() {
		return abi.EINVAL
	}
	if size < btfHeader {
		return c.shortBTF(a.u64(btfLoadData), size)
	}
	if errno := c.readable(a.u64(btfLoadData), uint64(size)); errno != abi.OK {
		return errno
	}
	return c.refuseLogged(Refusal{Cmd: abi.BTFLoad, Errno: abi.EINVAL}, log, "")
}

// btfHeader is the least that a header has: its own length behind magic, version and flags.
const btfHeader = 8

// shortBTF is BTF that ends in its header.
func (c *call) shortBTF(addr uint64, size uint32) abi.Errno {
	if errno := c.readable(addr, uint64(size)); errno != abi.OK {
		return errno
	}
	return abi.EINVAL
}
