package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// TaskFDQuery asks which program runs for a process's fd. Results are written over the fields in the caller's attr.
type TaskFDQuery struct {
	PID    uint32 `attr:"pid"`
	FD     int32  `attr:"fd"`
	Flags  uint32 `attr:"flags"`
	BufLen uint32 `attr:"buf_len"`
	Buf    uint64 `attr:"buf"`
}

// Where the results lie.
const (
	taskBufLen = 12
	taskProgID = 24
	taskFDType = 28
	taskOffset = 32
	taskAddr   = 40
)

// rawTracepointFD is BPF_FD_TYPE_RAW_TRACEPOINT.
const rawTracepointFD = 0

// taskFDQuery follows bpf_task_fd_query. Of links only those at raw tracepoints tell.
func (c *call) taskFDQuery() abi.Errno {
	var args TaskFDQuery
	args.Decode(c.attr)
	switch {
	case !c.proc.Caps.SysAdmin:
		return abi.EPERM
	case args.Flags != 0:
		return abi.EINVAL
	}
	file, exists, open := c.proc.host().TaskFD(args.PID, args.FD)
	switch {
	case !exists:
		return abi.ENOENT
	case !open:
		return abi.EBADF
	case file == nil:
		return abi.ENOTSUPP
	}
	if e, ok := file.object.(*PerfEvent); ok {
		of, errno := e.taskFD()
		if errno != abi.OK {
			return errno
		}
		return c.taskFD(args, of)
	}
	l, ok := file.object.(*Link)
	if !ok {
		return abi.ENOTSUPP
	}
	place, ok := l.place.(*tracepointPlace)
	if !ok {
		return abi.ENOTSUPP
	}
	return c.taskFD(args, taskFD{prog: l.Program().id, kind: rawTracepointFD, name: place.name})
}

// taskFD is what is told of an fd.
type taskFD struct {
	prog, kind   uint32
	name         string
	offset, addr uint64
}

// taskFD follows bpf_task_fd_query_copy, whose buffer takes what there is room for.
func (c *call) taskFD(args TaskFDQuery, of taskFD) (errno abi.Errno) {
	if fault := c.putWord(c.addr+taskBufLen, uint32(len(of.name))); fault != abi.OK {
		return fault
	}
	if args.Buf != 0 && args.BufLen != 0 {
		if errno = c.copyName(args.Buf, args.BufLen, of.name); errno == abi.EFAULT {
			return errno
		}
	}
	for _, word := range []struct {
		off uint64
		v   uint32
	}{
		{taskProgID, of.prog}, {taskFDType, of.kind}, {taskOffset, uint32(of.offset)}, {taskOffset + 4, uint32(of.offset >> 32)},
		{taskAddr, uint32(of.addr)}, {taskAddr + 4, uint32(of.addr >> 32)},
	} {
		if fault := c.putWord(c.addr+word.off, word.v); fault != abi.OK {
			return fault
		}
	}
	return errno
}
