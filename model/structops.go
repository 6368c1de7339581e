package model

import "github.com/bpfsim/bpfsim/abi"

// checkStructOps is bpf_struct_ops_map_alloc_check in kernel/bpf/bpf_struct_ops.c; ofKernel tells whether a type of the kernel's is named.
func (s *spec) checkStructOps(bool) abi.Errno {
	if s.keySize != 4 || s.maxEntries != 1 || s.flags&^(abi.FlagLink|abi.FlagVTypeBTFObjFD) != 0 || !s.ofKernel {
		return abi.EINVAL
	}
	return abi.OK
}

// checkOps is bpf_struct_ops_map_alloc where the type is none of a struct of functions, or that of BTF which is no module's: a STRUCT_OPS map
// is never made here.
func (x *run) checkOps(s *spec) abi.Errno {
	switch {
	case s.kind != abi.StructOps:
		return abi.OK
	case s.flags&abi.FlagVTypeBTFObjFD != 0:
		return x.notA(abi.CreateValueTypeBTFObjFD)
	}
	return abi.ENOTSUPP
}
