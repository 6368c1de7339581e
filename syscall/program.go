package bpfsys

import (
	"crypto/sha256"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
	"github.com/bpfsim/bpfsim/insn"
	"github.com/bpfsim/bpfsim/maps"
)

// Program is a program that PROG_LOAD accepted. It is never run: the rest of the kernel attaches it, and tells about it.
type Program struct {
	kernel *Kernel
	id     uint32
	refs   atomic.Int32

	kind   abi.ProgType
	attach abi.AttachType
	name   string
	digest [sha256.Size]byte
	gpl    bool // the license is compatible with it
	flags  uint32
	loaded time.Duration // since boot
	uid    uint32        // of who loaded it

	account  *maps.Account // of what it takes of the memory of all maps
	insns    []insn.Insn
	starts   []int // of its functions
	loads    []mapLoad
	funcInfo []byte // records, as the kernel knows them
	lineInfo []byte

	// With a reference each; nil where there is none.
	maps      []*Map  // guarded by binding once the program is there
	cgroup    [2]*Map // of maps, its cgroup storages: a program has one of each type
	btf       *BTF    // what funcInfo and lineInfo speak of
	used      []*BTF
	target    *Program // what it is to be attached to, and the BTF that describes that
	targetBTF *BTF
	targetID  uint32    // of its types
	proto     *btf.Type // of the function that it is to be attached to, nil for programs of other types (attach_func_proto)
	binding   sync.Mutex
}

// mapLoad is an instruction that loads a map, by its place among the program's maps.
type mapLoad struct{ at, place int }

// ID is the program's id, unique among the kernel's live programs.
func (p *Program) ID() uint32 { return p.id }

func (p *Program) setID(id uint32) { p.id = id }

// Type is the prog_type given to ProgLoad.
func (p *Program) Type() abi.ProgType { return p.kind }

// AttachType is the expected_attach_type given to ProgLoad, or what stands for it.
func (p *Program) AttachType() abi.AttachType { return p.attach }

// Name is the prog_name given to ProgLoad.
func (p *Program) Name() string { return p.name }

// Tag is the start of the hash of the program's instructions.
func (p *Program) Tag() [8]byte { return [8]byte(p.digest[:8]) }

// Flags are the prog_flags given to ProgLoad.
func (p *Program) Flags() uint32 { return p.flags }

// Maps are the maps that the program holds, in the order in which it names them first.
func (p *Program) Maps() []*Map {
	p.binding.Lock()
	defer p.binding.Unlock()
	return slices.Clone(p.maps)
}

// bind has the program hold another map.
func (p *Program) bind(m *Map) abi.Errno {
	p.binding.Lock()
	defer p.binding.Unlock()
	switch {
	case slices.Contains(p.maps, m):
		return abi.OK
	case !m.tryHold():
		return abi.EBADF
	}
	p.maps = append(p.maps, m)
	return abi.OK
}

// Target is the program that this one is to be attached to, nil when it is none.
func (p *Program) Target() *Program { return p.target }

// GPLCompatible reports whether the program's license is compatible with the GPL.
func (p *Program) GPLCompatible() bool { return p.gpl }

// Kind is the link text of an fd (bpf_prog_fops in kernel/bpf/syscall.c).
func (p *Program) Kind() string { return "bpf-prog" }

// Hold takes another reference.
func (p *Program) Hold() { p.refs.Add(1) }

// tryHold takes a reference unless the last one is gone already.
func (p *Program) tryHold() bool { return holdLive(&p.refs) }

// Release drops a reference; the last one frees the id, and gives back the maps and the BTF.
func (p *Program) Release() {
	if p.refs.Add(-1) == 0 {
		p.kernel.progs.remove(p)
		p.free()
	}
}

// free gives back what p holds.
func (p *Program) free() {
	p.account.Close()
	for _, m := range p.maps {
		m.Release()
	}
	for _, b := range append(p.used, p.btf, p.targetBTF) {
		if b != nil {
			b.Release()
		}
	}
	if p.target != nil {
		p.target.Release()
	}
}

// Programs are the kernel's live programs, ascending by id, for looking at them from outside. It takes no references.
func (k *Kernel) Programs() []*Program {
	k.progs.mu.RLock()
	defer k.progs.mu.RUnlock()
	return slices.Clone(k.progs.live)
}

// program finds the program behind fd and takes a reference for the caller (bpf_prog_get).
func (c *call) program(fd int32) (*Program, abi.Errno) {
	file, errno := c.file(fd, abi.EBADF)
	if errno != abi.OK {
		return nil, errno
	}
	defer c.leave(file)
	p, ok := file.object.(*Program)
	switch {
	case !ok:
		return nil, abi.EINVAL
	case !p.tryHold():
		return nil, abi.EBADF
	}
	return p, abi.OK
}

// isProgram is what a command answers that looks at a program's fd and has no further use for it.
func (c *call) isProgram(fd int32) abi.Errno {
	p, errno := c.program(fd)
	if errno == abi.OK {
		p.Release()
	}
	return errno
}
