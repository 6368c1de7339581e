package model

import "github.com/bpfsim/bpfsim/abi"

// checkStructOps is bpf_struct_ops_map_alloc_check in kernel/bpf/bpf_struct_ops.c.
func (s *spec) checkStructOps(bool) abi.Errno {
	if s.keySize != 4 || s.maxEntries != 1 || s.flags&^(abi.FlagLink|abi.FlagVTypeBTFObjFD) != 0 || s.ofKernel == 0 {
		return abi.EINVAL
	}
	return abi.OK
}

// checkOps is bpf_struct_ops_map_alloc. Which types are structs of functions each kernel has its own numbers for: only that the first one, an
// integer, is none is known here, and that no BTF of a program is a module's.
func (x *run) checkOps(s *spec) abi.Errno {
	switch {
	case s.kind != abi.StructOps:
		return abi.OK
	case s.flags&abi.FlagVTypeBTFObjFD != 0:
		return x.notA(abi.CreateValueTypeBTFObjFD)
	case s.ofKernel != 1:
		x.loose = true
		return abi.OK
	}
	return abi.ENOTSUPP
}
