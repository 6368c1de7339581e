package bpfsys

import (
	"math"

	"github.com/bpfsim/bpfsim/abi"
)

// accessFlags are the flags that narrow an fd (BPF_OBJ_FLAG_MASK).
const accessFlags = abi.FlagReadOnly | abi.FlagWriteOnly

// nextID follows bpf_obj_get_next_id in kernel/bpf/syscall.c; from finds the first live id.
func (c *call) nextID(from func(uint32) (uint32, bool)) abi.Errno {
	start := c.attr.u32(abi.IDStart)
	switch {
	case start >= math.MaxInt32:
		return abi.EINVAL
	case !c.proc.Caps.SysAdmin:
		return abi.EPERM
	}
	id, ok := from(start + 1)
	if !ok {
		return abi.ENOENT
	}
	return c.putWord(c.addr+abi.IDNext, id)
}

// progGetFDByID follows bpf_prog_get_fd_by_id.
func (c *call) progGetFDByID() (int32, abi.Errno) {
	var args ProgGetFDByID
	args.Decode(c.attr)
	if !c.proc.Caps.SysAdmin {
		return 0, abi.EPERM
	}
	p, ok := c.kernel.progs.hold(args.ID)
	if !ok {
		return 0, abi.ENOENT
	}
	return c.install(p, ReadWrite)
}

// mapGetFDByID follows bpf_map_get_fd_by_id in kernel/bpf/syscall.c: two access modes at once are found out only
// behind the permission.
func (c *call) mapGetFDByID() (int32, abi.Errno) {
	var args MapGetFDByID
	args.Decode(c.attr)
	switch {
	case args.OpenFlags&^accessFlags != 0:
		return 0, abi.EINVAL
	case !c.proc.Caps.SysAdmin:
		return 0, abi.EPERM
	}
	access, errno := accessOf(args.OpenFlags)
	if errno != abi.OK {
		return 0, errno
	}
	m, ok := c.kernel.objects.hold(args.ID)
	if !ok {
		return 0, abi.ENOENT
	}
	return c.install(m, access)
}
