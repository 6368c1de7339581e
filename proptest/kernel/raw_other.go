//go:build !linux

package kernel

import "github.com/bpfsim/bpfsim/abi"

// Raw is the running Linux for benchmarks, which is none here.
type Raw struct{}

// OpenRaw fails.
func OpenRaw(int) (*Raw, error) { return nil, errNotLinux }

// Alloc gives out nothing.
func (r *Raw) Alloc(int) (addr uint64, bytes []byte) { return 0, nil }

// Bpf answers what a kernel without bpf(2) does.
func (r *Raw) Bpf(abi.Cmd, uint64, uint32) (int32, abi.Errno) { return 0, abi.ENOSYS }

// CloseFD does nothing.
func (r *Raw) CloseFD(int32) {}

// Reset does nothing.
func (r *Raw) Reset() {}

// Close does nothing.
func (r *Raw) Close() {}
