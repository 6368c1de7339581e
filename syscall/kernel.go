package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Options are the settings of a simulated kernel.
type Options struct {
	// CPUs is the number of possible CPUs; 0 means 1.
	CPUs int
	// Seed starts the generator of hash seeds for maps made without BPF_F_ZERO_SEED.
	Seed uint64
	// Numbers gives further command numbers a meaning, for example 23 that of abi.MapDump in the RFC's own tree.
	Numbers map[abi.Cmd]abi.Cmd
}

// Kernel is one simulated kernel: its maps and their ids. Its methods may be called from many goroutines.
type Kernel struct {
	options Options
}

// NewKernel boots a kernel without maps.
func NewKernel(options Options) *Kernel { return &Kernel{options: options} }

// Bpf is bpf(2): process p, on task t, calls command cmd with size bytes of attr at address attr. ret is the result
// (an fd or 0) when errno is abi.OK.
func (k *Kernel) Bpf(t *maps.Task, p *Process, cmd uint32, attr uint64, size uint32) (ret int32, errno abi.Errno) {
	return 0, abi.EINVAL
}

// Release drops a reference; the last one frees the map and its id.
func (m *Map) Release() {
	m.refs.Add(-1)
}
