package kernel

import (
	"errors"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/profile"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

// Sim is bpfsim as a Kernel.
type Sim struct {
	// NewMap makes the maps; nil means as bpfsim does.
	NewMap func(maps.Spec) (maps.Map, abi.Errno)
	// Profile gives what the kernel has; nil means profile.Of.
	Profile func(abi.Release) *profile.Profile

	name   string
	arena  *program.Arena
	memory bpfsys.Memory // the arena as the kernel sees it
	kernel *bpfsys.Kernel
	proc   *bpfsys.Process
	files  fdTable
	fs     *bpfsys.FileTree
	task   maps.Task // of every call that has none inside
	links  ids

	machine program.Machine
	extra   int // size of what is beside the arena, in bytes
}

// NewSim makes a kernel that needs a Start. It copies from and to user memory.
func NewSim() *Sim {
	arena := program.NewArena()
	return &Sim{name: "bpfsim", arena: arena, memory: arena}
}

// NewSimInPlace makes a kernel that works in user memory itself, which bpfsys does where that is a bpfsys.Arena.
func NewSimInPlace() *Sim {
	arena, memory := program.NewArena(), bpfsys.NewArena()
	arena.Unseen = true
	for _, r := range arena.Regions() {
		memory.MapBytes(r.Addr, r.Bytes, !r.ReadOnly)
	}
	return &Sim{name: "bpfsim in place", arena: arena, memory: memory}
}

// Another is a kernel of the same kind.
func (k *Sim) Another() *Sim {
	if k.arena.Unseen {
		return NewSimInPlace()
	}
	return NewSim()
}

// Name is "bpfsim", or "bpfsim in place".
func (k *Sim) Name() string { return k.name }

// Arena is the program's user memory.
func (k *Sim) Arena() *program.Arena { return k.arena }

// Process is the one process, nil before the first Start.
func (k *Sim) Process() *bpfsys.Process { return k.proc }

// Start boots a new kernel with one process. It is the series that the machine asks for.
func (k *Sim) Start(m program.Machine) error {
	if err := k.extend(m.Memory); err != nil {
		return err
	}
	k.arena.Reset()
	k.machine = m
	k.files = fdTable{}
	for _, fd := range program.OpenFDs {
		k.files.put(fd, nil)
	}
	k.fs, k.links = bpfsys.NewFileTree(), ids{}
	of := k.Profile
	if of == nil {
		of = profile.Of
	}
	k.kernel = bpfsys.NewKernel(bpfsys.Options{CPUs: m.CPUs, Profile: of(m.Linux), Seed: 1, NewMap: k.NewMap, BTF: k.kernelTypes()})
	k.proc = &bpfsys.Process{Mem: k.memory, Files: &k.files, FS: k.fs, Caps: bpfsys.Caps{BPF: m.BPF, SysAdmin: m.SysAdmin}, Host: k.Host()}
	return nil
}

// extend gives the program memory beside the arena.
func (k *Sim) extend(size int) error {
	switch {
	case size == k.extra:
		return nil
	case k.arena.Unseen:
		return errors.New("kernels in place have no memory beside the arena")
	}
	k.extra = size
	k.arena.Extend(make([]byte, size))
	return nil
}

// Bpf makes the call.
func (k *Sim) Bpf(cpu int, c program.Call, during func(call int)) Outcome {
	k.files.as = c.As
	task, proc := &k.task, k.proc
	if during != nil {
		task = &maps.Task{} // k.task is for the calls inside
		proc = k.interrupted(task, c, during)
	}
	task.CPU = cpu
	if program.OnEvents(c.Cmd) {
		return k.eventCall(task, c)
	}
	return k.linkCall(c, func() Outcome {
		ret, errno := k.kernel.Bpf(task, proc, uint32(c.Cmd), c.Attr, c.Size)
		return Outcome{Ret: ret, Errno: errno}
	})
}

// Do makes the event happen.
func (k *Sim) Do(_ int, e program.Event) abi.Errno {
	switch e := e.(type) {
	case program.Close:
		return k.files.close(e.FD)
	case program.Dup:
		return k.files.dup(e.FD, e.To)
	case program.Foreign:
		return k.files.foreign(e.FD)
	case program.Open:
		return k.files.open(e.FD, e.What)
	case program.FDInfo:
		return k.fdInfo(e)
	case program.Settle:
		return abi.OK
	case program.Mkdir:
		return k.fs.Mkdir(e.Path)
	case program.Rmdir:
		return k.fs.Rmdir(e.Path)
	case program.Unlink:
		return k.fs.Unlink(e.Path)
	case program.Rename:
		return k.fs.Rename(e.From, e.To)
	}
	panic(e)
}

// fdTable is a process's fds, those below FirstFD first. New fds get the number that the step asks for.
type fdTable struct {
	fds     [numLow + program.NumFDs]openFD
	as      int32
	sockets uint64 // made so far
}

// openFD is what an fd refers to; a nil file is no bpf object.
type openFD struct {
	file  *bpfsys.File
	open  bool
	thing *thing // nil for what is none
}

// numLow is the number of fds that are open at the start: 0, 1 and 2.
const numLow = 3

// at is an fd's place, nil for one that programs do not use.
func (t *fdTable) at(fd int32) *openFD {
	switch {
	case fd >= 0 && fd < numLow:
		return &t.fds[fd]
	case program.OurFD(fd):
		return &t.fds[numLow+fd-program.FirstFD]
	}
	return nil
}

// Get finds an open file.
func (t *fdTable) Get(fd int32) (*bpfsys.File, bool) {
	if at := t.at(fd); at != nil {
		return at.file, at.open
	}
	return nil, false
}

// IsOpen reports whether fd is open.
func (t *fdTable) IsOpen(fd int32) bool {
	_, open := t.Get(fd)
	return open
}

// Install puts file where the step wants it, closing what was there.
func (t *fdTable) Install(file *bpfsys.File) (int32, abi.Errno) {
	t.put(t.as, file)
	return t.as, abi.OK
}

func (t *fdTable) put(fd int32, file *bpfsys.File) {
	at := t.at(fd)
	if at.file != nil {
		at.file.Release()
	}
	*at = openFD{file: file, open: true}
}

func (t *fdTable) close(fd int32) abi.Errno {
	if _, open := t.Get(fd); !open || !program.OurFD(fd) {
		return abi.EBADF
	}
	t.put(fd, nil)
	t.at(fd).open = false
	return abi.OK
}

func (t *fdTable) dup(from, to int32) abi.Errno {
	file, open := t.Get(from)
	switch {
	case !open || !program.OurFD(from) || !program.OurFD(to):
		return abi.EBADF
	case from == to: // dup3(2)
		return abi.EINVAL
	case file != nil:
		file.Hold()
	}
	thing := t.at(from).thing
	t.put(to, file)
	t.at(to).thing = thing
	return abi.OK
}

func (t *fdTable) foreign(fd int32) abi.Errno {
	if !program.OurFD(fd) {
		return abi.EBADF
	}
	t.put(fd, nil)
	return abi.OK
}
