package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// refuseMap is allocate of a type that is not simulated: it answers what Linux finds wrong, and turns down what Linux
// would make. EINVAL, as from a kernel that does not have the type: clients' probes take it for "not supported".
func (c *call) refuseMap(args MapCreate) abi.Errno {
	refusal := Refusal{Cmd: abi.MapCreate, What: "type " + args.Type.String(), Errno: abi.EINVAL}
	if args.wantsBTF() {
		return c.refuse(refusal)
	}
	var m Map
	errno := c.describe(&m, args)
	m.free()
	if errno != abi.OK {
		return errno
	}
	return c.refuse(refusal)
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
