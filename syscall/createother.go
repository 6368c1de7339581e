package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// refuseMap is allocate of a type that is not simulated: it answers what Linux finds wrong, and turns down what Linux
// would make. EINVAL, as from a kernel that does not have the type: clients' probes take it for "not supported".
func (c *call) refuseMap(args MapCreate) abi.Errno {
	refusal := Refusal{Cmd: abi.MapCreate, What: "type " + args.Type.String(), Errno: abi.EINVAL}
	if errno := c.innerMap(args); errno != abi.OK {
		return errno
	}
	if errno := maps.CheckAlloc(args.spec(c.kernel)); errno != abi.OK {
		return errno
	}
	if args.wantsBTF() {
		return c.refuse(refusal)
	}
	if errno := c.describe(&Map{}, args); errno != abi.OK {
		return errno
	}
	return c.refuse(refusal)
}

// innerMap looks at the template of a map of maps. No map that can be made here is one itself.
func (c *call) innerMap(args MapCreate) abi.Errno {
	if args.Type != abi.ArrayOfMaps && args.Type != abi.HashOfMaps {
		return abi.OK
	}
	file, errno := c.file(args.InnerMapFD, abi.EBADF)
	if errno != abi.OK {
		return errno
	}
	defer c.leave(file)
	if file.m == nil {
		return abi.EINVAL
	}
	return abi.OK
}

// wantsBTF tells whether maps of the type cannot be made without BTF. There is none, and so its errnos would hide from
// probes that the type is missing.
func (a *MapCreate) wantsBTF() bool {
	switch a.Type {
	case abi.SKStorage, abi.InodeStorage, abi.TaskStorage, abi.CgrpStorage, abi.StructOps:
		return true
	}
	return false
}
