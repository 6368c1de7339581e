package replay

import (
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/syscall"
)

// Bpfsim makes calls on bpfsim as they were recorded: at the same addresses, with the same fds of as many processes, and with the answers about
// the caller that the recording has.
type Bpfsim struct {
	// Types are the kernel's own, for a recording that says which it had; nil for none.
	Types func() *btf.BTF
	// NewMap is bpfsys.Options.NewMap.
	NewMap func(maps.Spec) (maps.Map, abi.Errno)

	kernel *bpfsys.Kernel
	header recording.Header
	world  world
	now    time.Duration
	fault  bpfsys.Fault
}

// Name is bpfsim.
func (b *Bpfsim) Name() string { return "bpfsim" }

// Start boots a kernel as the recorded one was.
func (b *Bpfsim) Start(h recording.Header) error {
	b.header, b.world = h, newWorld()
	types := b.Types
	if types == nil {
		types = func() *btf.BTF { return nil }
	}
	b.kernel = bpfsys.NewKernel(bpfsys.Options{
		CPUs: h.CPUs, Memory: h.Memory, Numbers: h.Numbers, Probes: h.Probes, ZeroSeeds: true, NewMap: b.NewMap, BTF: types,
		Now:   func() time.Duration { return b.now },
		Fault: func(bpfsys.Attempt) bpfsys.Fault { return b.fault },
	})
	return nil
}

// Call makes the call.
func (b *Bpfsim) Call(c *recording.Call) (Answer, string) {
	memory := recording.NewMemory(c)
	told := newTold(c, &b.world)
	var outcome bpfsys.Outcome
	p := &bpfsys.Process{Mem: memory, Files: told, FS: told, Host: told, Caps: b.header.Caps, UID: b.header.UID, Outcome: &outcome}
	b.now, b.fault = c.At, bpfsys.Fault{Errno: c.Injected.Errno, After: c.Injected.After}
	if sweeps(c.Cmd) {
		b.kernel.Sweep()
	}
	ret, errno := b.kernel.Bpf(&maps.Task{CPU: c.CPU}, p, uint32(c.Cmd), c.Attr, c.Size)
	if errno != abi.OK {
		ret = 0
	}
	return Answer{Ret: ret, Errno: errno, Wrote: memory.Wrote(), Notes: append(told.notes, memory.Notes()...)}, ""
}

// sweeps tells the commands whose results depend on what of the host's is gone.
func sweeps(cmd abi.Cmd) bool {
	switch cmd {
	case abi.LinkCreate, abi.LinkUpdate, abi.LinkGetNextID, abi.LinkGetFDByID, abi.ProgAttach, abi.ProgDetach, abi.ProgQuery, abi.MapGetNextID,
		abi.ProgGetNextID, abi.BTFGetNextID:
		return true
	}
	return false
}

// Event makes it happen.
func (b *Bpfsim) Event(e recording.Event) {
	switch e.Verb {
	case recording.Gone:
		b.world.gone(e.What)
	case recording.Unpinned:
		b.world.unpinned(e.What)
	case recording.Vanished:
		b.world.vanished[e.What] = true
	}
}
