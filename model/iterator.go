package model

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// iterating is what an object has that is an open iterator (kernel/bpf/bpf_iter.c): not the link, but what that had when it was opened.
type iterating struct {
	is         bool
	prog, over int // serials, over is 0 for none
}

// mostTypes is the largest number of a type (BTF_MAX_TYPE).
const mostTypes = 0xfffff

// iterators are the names of iterators by the numbers of the kernel's types that stand for them here.
var iterators = map[uint32]string{2: "bpf_map", 3: "bpf_map_elem", 4: "bpf_prog", 5: "bpf_sk_storage_map", 6: "sockmap"}

// iterated are the types of maps that iterators go over which go over one.
var iterated = map[string][]abi.MapType{
	"bpf_map_elem":       {abi.Hash, abi.LRUHash, abi.Array, abi.PerCPUHash, abi.LRUPerCPUHash, abi.PerCPUArray},
	"bpf_sk_storage_map": {abi.SKStorage},
	"sockmap":            {abi.SockMap, abi.SockHash},
}

// iterator is what a program iterates over, "" where it does not.
func (p *prog) iterator() string { return iterators[p.target] }

func (l link) iterates() bool { return l.is && l.at == abi.AttachTraceIter }

// linkIter is bpf_iter_link_attach.
func (x *run) linkIter(serial int) (int32, abi.Errno) {
	const infoSize = 16
	addr, size := x.u64(abi.LinkIterInfo), x.u32(abi.LinkIterInfoLen)
	if x.u32(abi.LinkCreateTarget) != 0 || x.u32(abi.LinkCreateFlags) != 0 || (addr == 0) != (size == 0) {
		return 0, abi.EINVAL
	}
	if size > abi.MaxAttrSize { // bpf_check_uarg_tail_zero
		return 0, abi.E2BIG
	}
	if size > infoSize {
		if errno := x.tailZero(addr+infoSize, size-infoSize); errno != abi.OK {
			return 0, errno
		}
	}
	info, ok := x.user.read(addr, int(min(size, infoSize)))
	if !ok {
		return 0, abi.EFAULT
	}
	p := x.state.object(serial).prog
	o := &object{link: link{is: true, prog: serial, attached: true}}
	o.link.at = abi.AttachTraceIter
	if p.flags&progSleepable != 0 { // none of these waits for others
		return 0, abi.EINVAL
	}
	if types, some := iterated[p.iterator()]; some {
		var errno abi.Errno
		if o.link.over, errno = x.iterated(append(slices.Clone(info), 0, 0, 0, 0), types); errno != abi.OK {
			return 0, errno
		}
	}
	x.state.add(o)
	return x.newFD(o.serial, access{read: true})
}

// iterated is the map whose fd is in the link's info.
func (x *run) iterated(info []byte, types []abi.MapType) (serial int, errno abi.Errno) {
	fd := u32(info)
	f, open := x.state.files.get(int32(fd))
	switch {
	case fd == 0, !open:
		return 0, abi.EBADF
	case f.serial == 0 || !x.state.object(f.serial).isMap() || !slices.Contains(types, x.state.object(f.serial).kind):
		return 0, abi.EINVAL
	}
	return f.serial, abi.OK
}

// createIter is ITER_CREATE (bpf_iter_new_fd).
func (x *run) createIter() (int32, abi.Errno) {
	const linkAt, flagsAt = 0, 4
	if x.u32(flagsAt) != 0 {
		return 0, abi.EINVAL
	}
	l, errno := x.linkOf(linkAt)
	switch {
	case errno != abi.OK:
		return 0, errno
	case !l.link.iterates():
		return 0, abi.EINVAL
	}
	o := &object{iter: iterating{is: true, prog: l.link.prog, over: l.link.over}}
	x.state.add(o)
	return x.newFD(o.serial, access{read: true})
}

// fillIter is bpf_iter_link_fill_link_info.
func (x *run) fillIter(l link, info []byte, addr uint64, size int) abi.Errno {
	const overAt = abi.LinkInfoKind + 12
	if l.over != 0 {
		id := x.learnID(x.state.object(l.over), addr+overAt, size-overAt)
		binary.LittleEndian.PutUint32(info[overAt:], id)
	}
	return x.fillName(info[abi.LinkInfoKind:], x.state.object(l.prog).prog.iterator())
}

// describeIter is bpf_iter_link_show_fdinfo.
func (s *State) describeIter(o *object) []infoLine {
	p := s.object(o.link.prog)
	lines := []infoLine{
		{name: "link_type", value: "iter"}, {name: "link_id", object: o}, {name: "prog_tag", value: fmt.Sprintf("%x", p.prog.tag())},
		{name: "prog_id", object: p}, {name: "target_name", value: p.prog.iterator()},
	}
	if o.link.over != 0 {
		lines = append(lines, infoLine{name: "map_id", object: s.object(o.link.over)})
	}
	return lines
}
