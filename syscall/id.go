package bpfsys

import (
	"math"

	"github.com/bpfsim/bpfsim/abi"
)

// accessFlags are the flags that narrow an fd (BPF_OBJ_FLAG_MASK).
const accessFlags = abi.FlagReadOnly | abi.FlagWriteOnly

// mapGetNextID follows bpf_obj_get_next_id in kernel/bpf/syscall.c.
func (c *call) mapGetNextID() (int32, abi.Errno) {
	var args MapGetNextID
	args.Decode(c.attr)
	switch {
	case args.StartID >= math.MaxInt32:
		return 0, abi.EINVAL
	case !c.proc.Caps.SysAdmin:
		return 0, abi.EPERM
	}
	id, ok := c.kernel.objects.from(args.StartID + 1)
	if !ok {
		return 0, abi.ENOENT
	}
	return 0, c.putWord(c.addr+abi.IDNext, id)
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
	m := c.kernel.objects.hold(args.ID)
	if m == nil {
		return 0, abi.ENOENT
	}
	return c.install(m, access)
}
