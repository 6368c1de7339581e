package bpfsys

import "github.com/bpfsim/bpfsim/abi"

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
