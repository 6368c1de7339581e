package replay

import (
	"sync/atomic"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/profile"
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

	current *recording.Call
	told    *told // of its caller
}

// Name is bpfsim.
func (b *Bpfsim) Name() string { return "bpfsim" }

// Start boots a kernel as the recorded one was.
func (b *Bpfsim) Start(h recording.Header) error {
	b.header, b.world = h, newWorld()
	like, err := profile.Named(h.Linux)
	if err != nil {
		return err
	}
	types := b.Types
	if types == nil {
		types = func() *btf.BTF { return nil }
	}
	b.kernel = bpfsys.NewKernel(bpfsys.Options{
		CPUs: h.CPUs, Memory: h.Memory, Numbers: h.Numbers, Probes: h.Probes, ZeroSeeds: true, Profile: like, NewMap: b.NewMap, BTF: types,
		Now:   func() time.Duration { return b.now },
		Fault: func(bpfsys.Attempt) bpfsys.Fault { return b.fault },
		Run:   func(bpfsys.Run) (bpfsys.Ran, bool) { return b.told.ran() },
	})
	return nil
}

// Call makes the call.
func (b *Bpfsim) Call(c *recording.Call) (Answer, string) {
	memory := recording.NewMemory(c)
	told := newTold(c, &b.world)
	var outcome bpfsys.Outcome
	p := &bpfsys.Process{Mem: memory, Files: told, FS: told, Host: told, Caps: b.header.Caps, UID: b.header.UID, Outcome: &outcome}
	p.Backing = func(words uint64) (bpfsys.Backing, abi.Errno) {
		return &mapped{words: make([]atomic.Uint64, words), by: b}, abi.OK
	}
	b.current, b.told = c, told
	b.now, b.fault = c.At, bpfsys.Fault{Errno: c.Injected.Errno, After: c.Injected.After}
	if sweeps(c.Cmd) {
		b.kernel.Sweep()
	}
	ret, errno := b.make(&maps.Task{CPU: c.CPU}, p, c)
	if errno != abi.OK {
		ret = 0
	}
	return Answer{Ret: ret, Errno: errno, Wrote: memory.Wrote(), Notes: append(told.notes, memory.Notes()...)}, ""
}

// make makes a call of whichever kind.
func (b *Bpfsim) make(t *maps.Task, p *bpfsys.Process, c *recording.Call) (ret int32, errno abi.Errno) {
	switch c.Cmd {
	case abi.PerfEventOpen:
		ret, errno, _ = b.kernel.PerfEventOpen(t, p, bpfsys.DecodePerfEventOpen(c.Contents))
	case abi.PerfIoctl:
		fd, request, arg := bpfsys.DecodePerfIoctl(c.Contents)
		errno, _ = b.kernel.PerfEventIoctl(t, p, fd, request, arg)
	default:
		ret, errno = b.kernel.Bpf(t, p, uint32(c.Cmd), c.Attr, c.Size)
	}
	return ret, errno
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
func (b *Bpfsim) Event(e recording.Event) string {
	switch e.Verb {
	case recording.Gone:
		b.world.gone(e.What)
	case recording.Unpinned:
		b.world.unpinned(e.What)
	case recording.Vanished:
		b.world.vanished[e.What] = true
	case recording.Stored:
		b.store(e)
	case recording.Helped:
		b.help(e)
	}
	return ""
}
