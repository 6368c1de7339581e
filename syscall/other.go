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
	if errno := c.isProgram(a.fd(testProg)); errno != abi.OK {
		return errno
	}
	return c.refuse(Refusal{Cmd: abi.ProgTestRun, Errno: abi.ENOTSUPP})
}

// enableStats follows bpf_enable_stats: 0 is the run time of programs, the only kind. As long as the fd is open it would be
// measured, and nothing runs.
func (c *call) enableStats() (int32, abi.Errno) {
	switch {
	case !c.proc.Caps.SysAdmin:
		return 0, abi.EPERM
	case c.attr.u32(0) != 0:
		return 0, abi.EINVAL
	}
	return c.install(new(stats), ReadWrite)
}

// stats is what ENABLE_STATS opens. It has a field, so that no two are the same.
type stats struct{ _ byte }

func (*stats) Hold()          {}
func (*stats) Release()       {}
func (*stats) Kind() string   { return "bpf-stats" }
func (*stats) FDInfo() string { return "" }

// progBindMap follows bpf_prog_bind_map.
func (c *call) progBindMap() abi.Errno {
	var args ProgBindMap
	args.Decode(c.attr)
	if args.Flags != 0 {
		return abi.EINVAL
	}
	p, errno := c.program(args.ProgFD)
	if errno != abi.OK {
		return errno
	}
	defer p.Release()
	file, errno := c.file(args.MapFD, abi.EBADF)
	if errno != abi.OK {
		return errno
	}
	defer c.leave(file)
	if file.m == nil {
		return abi.EINVAL
	}
	return p.bind(file.m)
}
