package model

import "github.com/bpfsim/bpfsim/abi"

// Config is the machine and its caller. BPF and SysAdmin are the caller's capabilities CAP_BPF and CAP_SYS_ADMIN;
// kernel.unprivileged_bpf_disabled is set. The machine has one NUMA node, 0, and the network devices 1 (lo) and 2, which runs XDP
// in its driver, unless OnlyLoopback.
type Config struct {
	CPUs     int // possible CPUs, numbered from 0
	BPF      bool
	SysAdmin bool
	Release  abi.Release // of Linux, 0 for the latest
	BPFFS    string      // mount point of the BPF file system, "" for /sys/fs/bpf
	Shared   bool        // maps of other processes exist: ids that are not ours may turn up

	OnlyLoopback bool // there is no device 2
	KernelTypes  bool // BTF describes the kernel, whose id is 1
}

// Region is a run of accessible user memory.
type Region struct {
	Addr     uint64
	Bytes    []byte
	ReadOnly bool
}

// Memory is the user memory that calls can reach, regions sorted by Addr and not overlapping; adjacent regions may
// touch. Every address outside all regions faults.
type Memory []Region

// Call is one bpf(2) call as the kernel sees it, with user memory as it was before.
type Call struct {
	CPU    int
	Cmd    abi.Cmd
	Attr   uint64
	Size   uint32
	Before Memory
}

// Span is a piece of user memory, in bytes.
type Span struct{ Addr, Size uint64 }

// Result is what was seen: Ret on success or Errno, and user memory afterwards, with the same regions as before.
type Result struct {
	Ret   int32
	Errno abi.Errno
	After Memory
	// Written, unless nil, is all that can be different in After: the pieces that were written. It is for those who see
	// every write, and spares looking at the rest.
	Written []Span
}
