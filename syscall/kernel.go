package bpfsys

import (
	"sync"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/profile"
)

// Options are the settings of a simulated kernel.
type Options struct {
	// CPUs is the number of possible CPUs; 0 means 1.
	CPUs int
	// Profile is what the kernel has: profile.Of(abi.Linux612) is that of Linux 6.12. nil means that of 6.18.
	Profile *profile.Profile
	// Seed starts the generator of hash seeds for maps made without BPF_F_ZERO_SEED.
	Seed uint64
	// ZeroSeeds gives all maps the hash seed 0, as BPF_F_ZERO_SEED does, so that a kernel on which they are made with that flag walks them in the
	// same order.
	ZeroSeeds bool
	// Numbers gives further command numbers a meaning, for example 23 that of abi.MapDump in the RFC's own tree.
	Numbers map[abi.Cmd]abi.Cmd
	// NewMap makes the elements of each map that cannot be mapped; nil means maps.New. With it a map can be watched, or be
	// given a bug: what the map can do is found out from the interfaces of package maps that it implements.
	NewMap func(maps.Spec) (maps.Map, abi.Errno)
	// Memory is what all maps, programs and BTF may take together, in bytes as Linux counts them; 0 is no bound. Behind it, MapCreate,
	// ProgLoad, BTFLoad and insertions into maps that grow answer ENOMEM.
	Memory uint64
	// BTF gives the kernel's own types (vmlinux), which programs are attached to by number. It is called once, when they are
	// needed, since there are many; nil, or one that returns nil, is for a kernel without.
	BTF func() *btf.BTF
	// Now is the time since the kernel booted, for the load time of programs; nil means that no time passes.
	Now func() time.Duration
	// Probes are the types of perf events that are probes.
	Probes Probes
	// Refused is told of each call that ends because what it asks for is not simulated, before Bpf returns; nil for
	// nobody. It may be called from many goroutines at once.
	Refused func(Refusal)
	// Fault is asked before each call whose command and attr exist, in tests of what a caller does when bpf(2) fails; nil means that
	// nothing happens to calls. It may be called from many goroutines at once.
	Fault func(Attempt) Fault
	// Run runs what stands for a program that PROG_TEST_RUN asks for, since programs themselves never run; false when nothing stands for
	// it, and nil for nothing ever. It may be called from many goroutines at once.
	Run func(Run) (Ran, bool)
	// Watch is told of each call that begins, and what it returns, unless nil, of the call's end. It may be called from many goroutines
	// at once.
	Watch func(Call) func(Outcome)
	// PerfOpened is told of each perf event that a process has opened, before perf_event_open(2) returns; nil for nobody. It may be called
	// from many goroutines at once.
	PerfOpened func(*Process, *PerfEvent)
}

// Kernel is one simulated kernel: its maps, programs and BTF, and their ids. Its methods may be called from many goroutines.
type Kernel struct {
	options Options
	profile *profile.Profile
	table   *commandTable
	objects objects
	btfs    registry[*BTF]
	progs   registry[*Program]
	btf     func() *BTF       // the kernel's own, nil when there is none
	ops     func() []*opsKind // the structs of functions that programs can be
	links   registry[*Link]
	iters   registry[*Iter]
	hooks   hooks
	seeds   seeds
	perf    perfEvents
	probes  traceProbes
	budget  *maps.Budget // nil: no bound
	sockets sockets
}

// NewKernel boots a kernel without maps.
func NewKernel(options Options) *Kernel {
	options.CPUs = max(options.CPUs, 1)
	if options.Now == nil {
		options.Now = func() time.Duration { return 0 }
	}
	if options.NewMap == nil {
		options.NewMap = maps.New
	}
	if options.Probes == (Probes{}) {
		options.Probes = defaultProbes
	}
	if options.Profile == nil {
		options.Profile = profile.Of(abi.Latest)
	}
	k := &Kernel{options: options, profile: options.Profile, table: commandsOf(options.Profile)}
	if options.Memory != 0 {
		k.budget = maps.NewBudget(options.Memory)
	}
	k.seeds.start(options.Seed)
	k.seeds.zero = options.ZeroSeeds
	k.btf = sync.OnceValue(k.ownBTF)
	k.ops = sync.OnceValue(k.findOps)
	if options.BTF != nil {
		k.btfs.last = ownBTFID
	}
	return k
}

// ownBTFID is the id of the kernel's own BTF, which is there before any other.
const ownBTFID = 1

// ownBTF registers the kernel's own BTF.
func (k *Kernel) ownBTF() *BTF {
	if k.options.BTF == nil {
		return nil
	}
	types := k.options.BTF()
	if types == nil {
		return nil
	}
	b := &BTF{types: types, name: "vmlinux", kernel: k}
	b.refs.Store(1)
	k.btfs.addAs(ownBTFID, b)
	return b
}

// CPUs is the number of possible CPUs.
func (k *Kernel) CPUs() int { return k.options.CPUs }

// Bpf is bpf(2): process p, on task t, calls command cmd with size bytes of attr at address attr. ret is the result
// (an fd or 0) when errno is abi.OK. No arguments make it panic: a CPU that the kernel does not have is taken modulo
// those that it has. The attr is read before the number is looked at, so that a bad address is EFAULT even for a
// command that does not exist.
func (k *Kernel) Bpf(t *maps.Task, p *Process, cmd uint32, attr uint64, size uint32) (ret int32, errno abi.Errno) {
	if uint(t.CPU) >= uint(k.options.CPUs) {
		t = k.placed(t)
	}
	var c call // field by field: a literal is made elsewhere and copied, in wider words than it was written in
	c.kernel, c.task, c.proc, c.arena, c.addr, c.size = k, t, p, directly(t, p), attr, size
	if k.options.Watch != nil || p.Outcome != nil {
		ret, errno = c.watched(abi.Cmd(cmd), size)
	} else {
		ret, errno = c.answer(abi.Cmd(cmd), size)
	}
	c.end()
	return ret, errno
}

// placed is t on a CPU that exists.
func (k *Kernel) placed(t *maps.Task) *maps.Task {
	cpus := k.options.CPUs
	return &maps.Task{CPU: (t.CPU%cpus + cpus) % cpus, Scheduler: t.Scheduler}
}

// answer is Bpf of a call that has begun.
func (c *call) answer(cmd abi.Cmd, size uint32) (int32, abi.Errno) {
	if c.kernel.profile.AsksCapFirst && !c.proc.Caps.BPF && (cmd == abi.MapCreate || cmd == abi.ProgLoad) {
		return 0, abi.EPERM
	}
	if errno := c.readAttr(size); errno != abi.OK {
		return 0, errno
	}
	command, known := c.kernel.table.command(c.kernel.meaning(cmd))
	switch {
	case !known:
		return 0, abi.EINVAL
	case !c.declared(command):
		return 0, abi.EINVAL
	}
	if c.kernel.options.Fault != nil {
		return c.runFaulty(command.Cmd)
	}
	return c.run(command.Cmd)
}

// meaning resolves the numbers that Options.Numbers adds.
func (k *Kernel) meaning(cmd abi.Cmd) abi.Cmd {
	if k.options.Numbers == nil {
		return cmd
	}
	if other, ok := k.options.Numbers[cmd]; ok {
		return other
	}
	return cmd
}
