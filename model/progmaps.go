package model

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// What the second register of an instruction that loads 64 bits says: how it names a map.
const (
	loadFD       = 1
	loadValue    = 2
	loadIdx      = 5
	loadIdxValue = 6

	codeLoad64 = 0x18
)

// holdArray has a program hold the maps and BTF of fd_array (process_fd_array).
func (x *run) holdArray(p *prog) abi.Errno {
	const most = 1<<30 - 1
	n := x.u32(abi.ProgLoadFDArrayCnt)
	if n >= most {
		return abi.EINVAL
	}
	for i := range n {
		fd, errno := x.arrayFD(int(i))
		if errno != abi.OK {
			return errno
		}
		f, open := x.state.files.get(fd)
		switch {
		case !open:
			return abi.EBADF
		case f.serial == 0:
			return abi.EINVAL
		}
		if errno := x.hold(p, f.serial); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

func (x *run) arrayFD(i int) (int32, abi.Errno) {
	b, ok := x.user.read(x.u64(abi.ProgLoadFDArray)+uint64(4*i), 4)
	if !ok {
		return 0, abi.EFAULT
	}
	return int32(u32(b)), abi.OK
}

// mostHeld is how many maps, and how much BTF, a program may name.
const mostHeld = 64

// hold has a program hold a map or BTF, once.
func (x *run) hold(p *prog, serial int) abi.Errno {
	o := x.state.object(serial)
	switch {
	case !o.isMap() && o.btf == nil:
		return abi.EINVAL
	case slices.Contains(p.held, serial):
		return abi.OK
	}
	same := 0
	for _, other := range p.held {
		if (x.state.object(other).btf == nil) == (o.btf == nil) {
			same++
		}
	}
	if same >= mostHeld {
		return abi.E2BIG
	}
	if o.btf == nil {
		if errno := x.checkUse(p, o); errno != abi.OK {
			return errno
		}
	}
	p.held = append(p.held, serial)
	if i := slices.Index(onlyOne[:2], o.kind); i >= 0 {
		p.stores[i] = serial
	}
	return abi.OK
}

// resolve finds the maps that instructions name (resolve_pseudo_ldimm64).
func (x *run) resolve(p *prog) abi.Errno {
	for at := 0; at < len(p.code); at += insnSize {
		if p.code[at] != codeLoad64 {
			continue
		}
		if src := p.code[at+1] >> 4; src != 0 {
			if errno := x.loadMap(p, at, src); errno != abi.OK {
				return errno
			}
		}
		at += insnSize
	}
	return abi.OK
}

func (x *run) loadMap(p *prog, at int, src byte) abi.Errno {
	fd, second := int32(u32(p.code[at+4:])), u32(p.code[at+12:])
	if (src == loadFD || src == loadIdx) && second != 0 {
		return abi.EINVAL
	}
	if src == loadIdx || src == loadIdxValue {
		if x.u64(abi.ProgLoadFDArray) == 0 {
			return abi.EPROTO
		}
		var errno abi.Errno
		if fd, errno = x.arrayFD(int(fd)); errno != abi.OK {
			return errno
		}
	}
	f, open := x.state.files.get(fd)
	switch {
	case !open:
		return abi.EBADF
	case f.serial == 0 || !x.state.object(f.serial).isMap():
		return abi.EINVAL
	}
	if errno := x.hold(p, f.serial); errno != abi.OK {
		return errno
	}
	load, o, errno := mapLoad{at: at, serial: f.serial}, x.state.object(f.serial), abi.OK
	if src == loadValue || src == loadIdxValue {
		if errno = o.addressed(second); o.kind == abi.Arena {
			load.address = o.extra + uint64(second)
		}
	}
	p.loads = append(p.loads, load)
	return errno
}

// addressed is whether the map has a value whose byte at an offset has an address: the one value of an array.
func (o *object) addressed(offset uint32) abi.Errno {
	const most = 1 << 29 // BPF_MAX_VAR_OFF
	switch {
	case offset >= most, o.kind != abi.Array && o.kind != abi.Arena:
		return abi.EINVAL
	case o.kind == abi.Arena && uint64(offset) > uint64(o.maxEntries)*4096:
		return abi.ERANGE
	case o.kind == abi.Arena:
		return abi.OK
	case o.maxEntries != 1:
		return abi.ENOTSUPP
	case offset >= o.valueSize:
		return abi.EINVAL
	}
	return abi.OK
}

// checkUse is whether programs like p may use a map (check_map_prog_compatibility, and who may have how many).
func (x *run) checkUse(p *prog, o *object) abi.Errno {
	traces := slices.Contains(tracing, p.kind)
	const later = timer | workQueue
	switch {
	case o.lost:
		x.loose = true
	case o.exclusive: // no hash here is that of a program
		return abi.EACCES
	case traces && o.typed.has(graphs|locks|later), p.kind == abi.ProgSocketFilter && o.typed.has(locks),
		p.flags&progSleepable != 0 && !slices.Contains(awake, o.kind):
		return abi.EINVAL
	}
	if slices.Contains(onlyOne, o.kind) {
		for _, serial := range p.held {
			if x.state.object(serial).isMap() && x.state.object(serial).kind == o.kind {
				return abi.EBUSY
			}
		}
	}
	switch {
	case o.kind == abi.Arena && !x.state.config.SysAdmin:
		return abi.EPERM
	case o.kind == abi.Arena && o.extra == 0: // nobody here maps one
		return abi.EINVAL
	}
	return abi.OK
}

// tracing are the types of programs that may run at any instruction of the kernel.
var tracing = []abi.ProgType{abi.ProgKprobe, abi.ProgTracepoint, abi.ProgPerfEvent, abi.ProgRawTracepoint, abi.ProgRawTracepointWritable}

// onlyOne are the map types of which a program has one.
var onlyOne = []abi.MapType{abi.CgroupStorage, abi.PerCPUCgroupStorage, abi.Arena}

// awake are the map types that programs use that sleep.
var awake = []abi.MapType{
	abi.Hash, abi.LRUHash, abi.Array, abi.PerCPUHash, abi.PerCPUArray, abi.LRUPerCPUHash, abi.ArrayOfMaps, abi.HashOfMaps, abi.RingBuf,
	abi.UserRingBuf, abi.InodeStorage, abi.SKStorage, abi.TaskStorage, abi.CgrpStorage, abi.Queue, abi.Stack, abi.Arena,
}

// progKind is what the programs that a map holds, or that use it, have in common.
type progKind struct {
	set    bool
	kind   abi.ProgType
	frags  bool
	target uint32         // of the kernel's types, which are all of functions with arguments of their own
	attach abi.AttachType // of a PROG_ARRAY's
	stores [2]int
}

// checkTails is whether a program is like the others that its maps of programs have (bpf_check_tail_call).
func (x *run) checkTails(p *prog) abi.Errno {
	for _, serial := range p.held {
		if o := x.state.object(serial); slices.Contains(withPrograms, o.kind) && !x.fits(o, p) {
			return abi.EINVAL
		}
	}
	return abi.OK
}

// withPrograms are the map types that count as holding programs (map_type_contains_progs).
var withPrograms = []abi.MapType{abi.ProgArray, abi.DevMap, abi.CPUMap}

// fits is whether a program is like those that o has, or had. The first one decides.
func (x *run) fits(o *object, p *prog) bool {
	like, first := progKind{set: true, kind: p.kind, frags: p.flags&progXDPFrags != 0, target: p.target, stores: p.stores}, x.state.object(o.serial).programs
	if o.kind == abi.ProgArray {
		like.attach = p.attach
	}
	if !first.set {
		x.state.edit(o.serial).programs = like
		return true
	}
	for i, serial := range p.stores {
		if serial != 0 && serial != first.stores[i] {
			return false
		}
	}
	like.stores = first.stores
	return like == first
}
