package bpfsys

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// iterPlace is the link of an iterator (kernel/bpf/bpf_iter.c). Nothing is attached: whoever makes an fd of it reads.
type iterPlace struct {
	target string
	over   *Map       // with a reference, nil where the target iterates over no map
	tasks  *taskScope // nil where it does not iterate over tasks
}

// iterInfoSize is sizeof(union bpf_iter_link_info).
const iterInfoSize = 16

// linkIter follows bpf_iter_link_attach.
func linkIter(l *linking) (attachment, abi.Errno) {
	if l.prog.attach != abi.AttachTraceIter || l.Target != 0 || l.Flags != 0 {
		return nil, abi.EINVAL
	}
	addr, size := l.attr.u64(abi.LinkIterInfo), l.attr.u32(abi.LinkIterInfoLen)
	if (addr == 0) != (size == 0) {
		return nil, abi.EINVAL
	}
	var info [iterInfoSize]byte
	if addr != 0 {
		if errno := l.zeroBehind(addr, iterInfoSize, size); errno != abi.OK {
			return nil, errno
		}
		if errno := l.copyIn(info[:min(size, iterInfoSize)], addr); errno != abi.OK {
			return nil, errno
		}
	}
	place := &iterPlace{target: strings.TrimPrefix(l.prog.aim().name, iterPrefix)}
	if l.prog.flags&progSleepable != 0 && !slices.Contains(yielding, place.target) {
		return nil, abi.EINVAL
	}
	if types, some := iterated[place.target]; some {
		m, errno := l.iterated(int32(binary.LittleEndian.Uint32(info[:])), types)
		if errno != abi.OK {
			return nil, errno
		}
		place.over = m
	}
	if iteratesTasks(place.target) {
		tasks, errno := l.taskScope(info[:])
		if errno != abi.OK {
			return nil, errno
		}
		place.tasks = &tasks
	}
	return place, abi.OK
}

// yielding are the targets whose iterators may sleep (BPF_ITER_RESCHED; measured on 6.18).
var yielding = []string{"task", "task_file", "task_vma", "cgroup", "ksym", "kmem_cache", "dmabuf"}

// iterated are the types of maps that targets take which iterate over one (attach_target of each; kernel/bpf/map_iter.c,
// net/core/bpf_sk_storage.c, net/core/sock_map.c).
var iterated = map[string][]abi.MapType{
	"bpf_map_elem":       {abi.Hash, abi.LRUHash, abi.Array, abi.PerCPUHash, abi.LRUPerCPUHash, abi.PerCPUArray},
	"bpf_sk_storage_map": {abi.SKStorage},
	"sockmap":            {abi.SockMap, abi.SockHash},
}

// iterated is the map that an iterator shall go over, with a reference.
func (l *linking) iterated(fd int32, types []abi.MapType) (*Map, abi.Errno) {
	if fd == 0 {
		return nil, abi.EBADF
	}
	m, errno := l.heldMap(fd)
	if errno == abi.OK && !slices.Contains(types, m.Spec().Type) {
		m.Release()
		return nil, abi.EINVAL
	}
	return m, errno
}

func (p *iterPlace) release() {
	if p.over != nil {
		p.over.Release()
	}
}

func (p *iterPlace) attach(*hooks, *Link) abi.Errno { return abi.OK }

func (p *iterPlace) detach(*hooks, *Link) {}

// update follows bpf_iter_link_replace: the program must be for the same target.
func (p *iterPlace) update(_ *hooks, l *Link, to *Program) abi.Errno {
	return invalidUnless(l.prog.kind == to.kind && l.prog.attach == to.attach && l.prog.targetID == to.targetID)
}

func (p *iterPlace) info(i *linkInfo, _ *Link, _ bool) abi.Errno {
	if p.over != nil {
		i.put32(abi.LinkInfoKind+12, p.over.id)
	}
	if p.tasks != nil {
		p.tasks.info(i)
	}
	return i.name(abi.LinkInfoKind, abi.LinkInfoKind+8, p.target)
}

func (p *iterPlace) fdinfo(b *strings.Builder, _ *Link, _ bool) {
	fmt.Fprintf(b, "target_name:\t%s\n", p.target)
	if p.over != nil {
		fmt.Fprintf(b, "map_id:\t%d\n", p.over.id)
	}
	if p.tasks != nil {
		p.tasks.fdinfo(b)
	}
}

// Iter is an open iterator. It has what its link had when it was opened, and not the link (prepare_seq_file in kernel/bpf/bpf_iter.c).
// Programs are not run, so there is nothing to read.
type Iter struct {
	prog *Program // with a reference, as over
	over *Map     // nil where it iterates over no map
	id   uint32
	refs atomic.Int32
}

// open makes an iterator, which holds what the link has now.
func (p *iterPlace) open(l *Link) *Iter {
	h := &l.kernel.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	iter := &Iter{prog: l.prog, over: p.over}
	iter.refs.Store(1)
	l.prog.Hold()
	if p.over != nil {
		p.over.Hold()
	}
	return iter
}

// Hold takes another reference.
func (i *Iter) Hold() { i.refs.Add(1) }

func (i *Iter) tryHold() bool { return holdLive(&i.refs) }

// Release drops a reference.
func (i *Iter) Release() {
	if i.refs.Add(-1) != 0 {
		return
	}
	i.prog.kernel.iters.remove(i)
	i.prog.Release()
	if i.over != nil {
		i.over.Release()
	}
}

// ID tells the kernel's open iterators apart. Linux has no such number.
func (i *Iter) ID() uint32 { return i.id }

func (i *Iter) setID(id uint32) { i.id = id }

// Program is what would be run at each element.
func (i *Iter) Program() *Program { return i.prog }

// Iters are the kernel's open iterators in the order in which they were made, for looking at them from outside. It takes no references.
func (k *Kernel) Iters() []*Iter {
	k.iters.mu.RLock()
	defer k.iters.mu.RUnlock()
	return slices.Clone(k.iters.live)
}

// Kind is the link text of an fd (prepare_seq_file in kernel/bpf/bpf_iter.c).
func (i *Iter) Kind() string { return "bpf_iter" }

// FDInfo is nothing.
func (i *Iter) FDInfo() string { return "" }

// emptyIterator is what is told of each iterator that is opened.
var emptyIterator = Refusal{Cmd: abi.IterCreate, What: "what a program writes, so that the file is empty,"}

// ReadsPin tells that a pin of o can be opened for reading, as those of iterators' links can (iter_open in kernel/bpf/bpf_iter.c). It gives nothing, which the host
// hears of.
func ReadsPin(o Object) bool {
	l, ok := o.(*Link)
	if !ok || l.kind != iterKind {
		return false
	}
	l.kernel.refuse(emptyIterator)
	return true
}

// iterCreate follows bpf_iter_new_fd. Reading gives nothing, which the host hears of.
func (c *call) iterCreate() (int32, abi.Errno) {
	var args IterCreate
	args.Decode(c.attr)
	if args.Flags != 0 {
		return 0, abi.EINVAL
	}
	l, errno := c.link(args.FD)
	if errno != abi.OK {
		return 0, errno
	}
	defer l.Release()
	place, iterates := l.place.(*iterPlace)
	if !iterates {
		return 0, abi.EINVAL
	}
	c.refuse(emptyIterator)
	iter := place.open(l)
	c.kernel.iters.add(iter)
	return c.install(iter, ReadOnly)
}
