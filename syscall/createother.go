package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// refuseMap turns down a map of a type that is not simulated, of which STRUCT_OPS is left. EINVAL, as from a kernel that does
// not have the type: clients' probes take it for "not supported". What else Linux finds wrong would hide that from them, since
// it looks at the kernel's own BTF first.
func (c *call) refuseMap(args MapCreate) abi.Errno {
	return c.refuse(Refusal{Cmd: abi.MapCreate, What: "type " + args.Type.String(), Errno: abi.EINVAL})
}
