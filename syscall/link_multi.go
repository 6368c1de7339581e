package bpfsys

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// multiPlace is a link at many functions: of the kernel, or of a file (kernel/trace/bpf_trace.c).
type multiPlace struct {
	path    string   // of the file, "" for the kernel
	pid     uint32   // of the only process, or 0
	flags   uint32   // 1: where the functions return
	offsets []uint64 // in the file; addresses in the kernel
	symbols []string // of the kernel
	refs    []uint64 // offsets of reference counters in the file
	cookies []uint64
}

const (
	atReturn  = 1 << 0  // BPF_F_KPROBE_MULTI_RETURN, BPF_F_UPROBE_MULTI_RETURN
	mostMulti = 1 << 20 // MAX_KPROBE_MULTI_CNT, MAX_UPROBE_MULTI_CNT
)

// linkKprobeMulti follows bpf_kprobe_multi_link_attach.
func linkKprobeMulti(l *linking) (attachment, abi.Errno) {
	a := l.attr
	p := &multiPlace{flags: a.u32(abi.LinkKprobeFlags)}
	syms, addrs, count := a.u64(abi.LinkKprobeSyms), a.u64(abi.LinkKprobeAddrs), a.u32(abi.LinkKprobeCount)
	switch {
	case l.Flags != 0, l.prog.attach != l.At, p.flags&^atReturn != 0, (addrs != 0) == (syms != 0), count == 0:
		return nil, abi.EINVAL
	case count > mostMulti:
		return nil, abi.E2BIG
	}
	var errno abi.Errno
	if p.cookies, errno = l.numbers(a.u64(abi.LinkKprobeCookies), count); errno != abi.OK {
		return nil, errno
	}
	if addrs != 0 {
		p.offsets, errno = l.numbers(addrs, count)
		if errno == abi.OK && slices.ContainsFunc(p.offsets, outside) {
			errno = abi.EINVAL
		}
		return p, errno
	}
	return p, l.kernelSymbols(p, syms, count)
}

// outside tells addresses where no function of the kernel can be: user space, and the last page, which stands for errors. Which ones
// the kernel has elsewhere it hides from most.
func outside(addr uint64) bool { return addr < 1<<63 || addr > 1<<64-4096 }

// kernelSymbols reads names of functions. One that the kernel does not have is ESRCH.
func (l *linking) kernelSymbols(p *multiPlace, addr uint64, count uint32) abi.Errno {
	pointers, errno := l.numbers(addr, count)
	if errno != abi.OK {
		return errno
	}
	for _, at := range pointers {
		name, errno := l.fileName(at)
		if errno == abi.ENOENT {
			errno = abi.ESRCH
		}
		if errno != abi.OK {
			return errno
		}
		p.symbols = append(p.symbols, name)
	}
	p.offsets = make([]uint64, count)
	for i, name := range p.symbols {
		addr, ok := l.proc.host().Function(name)
		if !ok {
			return abi.ESRCH
		}
		p.offsets[i] = addr
	}
	return abi.OK
}

// numbers reads count numbers of 8 bytes; none where addr is 0.
func (c *call) numbers(addr uint64, count uint32) ([]uint64, abi.Errno) {
	if addr == 0 {
		return nil, abi.OK
	}
	raw := make([]byte, 8*uint64(count))
	if errno := c.copyIn(raw, addr); errno != abi.OK {
		return nil, errno
	}
	all := make([]uint64, count)
	for i := range all {
		all[i] = binary.LittleEndian.Uint64(raw[8*i:])
	}
	return all, abi.OK
}

// linkUprobeMulti follows bpf_uprobe_multi_link_attach.
func linkUprobeMulti(l *linking) (attachment, abi.Errno) {
	a := l.attr
	p := &multiPlace{flags: a.u32(abi.LinkUprobeFlags), pid: a.u32(abi.LinkUprobePID)}
	path, offsets, count := a.u64(abi.LinkUprobePath), a.u64(abi.LinkUprobeOffsets), a.u32(abi.LinkUprobeCount)
	switch {
	case l.Flags != 0, l.prog.attach != l.At, p.flags&^atReturn != 0, path == 0, offsets == 0, count == 0, int32(p.pid) < 0:
		return nil, abi.EINVAL
	case count > mostMulti:
		return nil, abi.E2BIG
	}
	name, errno := l.fileName(path)
	if errno == abi.ENAMETOOLONG {
		errno = abi.EINVAL
	}
	if errno == abi.OK {
		p.path, errno = l.proc.host().Executable(name)
	}
	if errno == abi.OK && p.pid != 0 {
		if _, exists, _ := l.proc.host().TaskFD(p.pid, 0); !exists {
			errno = abi.ESRCH
		}
	}
	if errno != abi.OK {
		return nil, errno
	}
	return p, l.uprobes(p, count)
}

func (l *linking) uprobes(p *multiPlace, count uint32) (errno abi.Errno) {
	for _, list := range []struct {
		to  *[]uint64
		off int
	}{{&p.cookies, abi.LinkUprobeCookies}, {&p.refs, abi.LinkUprobeRefCtrs}, {&p.offsets, abi.LinkUprobeOffsets}} {
		if *list.to, errno = l.numbers(l.attr.u64(list.off), count); errno != abi.OK {
			return errno
		}
	}
	return abi.OK
}

// returns tells whether the program runs when a function ends.
func (p *multiPlace) returns() bool { return p.flags&atReturn != 0 }

// point is one for all functions, of which there may be a million.
func (p *multiPlace) point(l *Link) Point { return Point{At: l.at, Name: p.path} }

func (p *multiPlace) attach(h *hooks, l *Link) abi.Errno {
	h.make(p.point(l)).add(&seat{link: l})
	return abi.OK
}

func (p *multiPlace) detach(h *hooks, l *Link) { h.remove(p.point(l), l) }

func (p *multiPlace) info(i *linkInfo, _ *Link, _ bool) abi.Errno {
	if p.path == "" {
		return p.kprobeInfo(i)
	}
	return p.uprobeInfo(i)
}

// kprobeInfo follows bpf_kprobe_multi_link_fill_link_info; addresses are what only those see who may see them.
func (p *multiPlace) kprobeInfo(i *linkInfo) abi.Errno {
	const addrs, count, flags, missed, cookies = abi.LinkInfoKind, abi.LinkInfoKind + 8, abi.LinkInfoKind + 12,
		abi.LinkInfoKind + 16, abi.LinkInfoKind + 24
	at, room, cookieAt := i.u64(addrs), i.u32(count), i.u64(cookies)
	if (at == 0) != (room == 0) || cookieAt != 0 && room == 0 {
		return abi.EINVAL
	}
	i.put32(count, uint32(len(p.offsets)))
	i.put32(flags, p.flags)
	i.put64(missed, 0)
	if at == 0 {
		return abi.OK
	}
	return i.lists(room, len(p.offsets), list{at, p.offsets}, list{cookieAt, p.cookies})
}

// list is numbers and where they go, nowhere if 0.
type list struct {
	addr uint64
	all  []uint64
}

// lists copies as many of each list as there is room for: ENOSPC where that is not all. What is not there is zero.
func (i *linkInfo) lists(room uint32, count int, lists ...list) abi.Errno {
	for _, l := range lists {
		if l.addr == 0 {
			continue
		}
		if l.all == nil {
			l.all = make([]uint64, count)
		}
		if errno := i.copyList(l.addr, room, l.all); errno != abi.OK {
			return errno
		}
	}
	if int(room) < count {
		return abi.ENOSPC
	}
	return abi.OK
}

// uprobeInfo follows bpf_uprobe_multi_link_fill_link_info.
func (p *multiPlace) uprobeInfo(i *linkInfo) abi.Errno {
	const path, offsets, refs, cookies, pathSize, count, flags, pid = abi.LinkInfoKind, abi.LinkInfoKind + 8,
		abi.LinkInfoKind + 16, abi.LinkInfoKind + 24, abi.LinkInfoKind + 32, abi.LinkInfoKind + 36, abi.LinkInfoKind + 40,
		abi.LinkInfoKind + 44
	room, offsetAt, refAt, cookieAt := i.u32(count), i.u64(offsets), i.u64(refs), i.u64(cookies)
	if (i.u64(path) == 0) != (i.u32(pathSize) == 0) || (offsetAt != 0 || refAt != 0 || cookieAt != 0) && room == 0 {
		return abi.EINVAL
	}
	i.put32(count, uint32(len(p.offsets)))
	i.put32(flags, p.flags)
	i.put32(pid, p.pid)
	if i.u64(path) != 0 && int(i.u32(pathSize)) <= len(p.path) { // d_path, which cuts nothing
		return abi.ENAMETOOLONG
	}
	if errno := i.name(path, pathSize, p.path); errno != abi.OK {
		return errno
	}
	if offsetAt == 0 && refAt == 0 && cookieAt == 0 {
		return abi.OK
	}
	return i.lists(room, len(p.offsets), list{offsetAt, p.offsets}, list{refAt, p.refs}, list{cookieAt, p.cookies})
}

func (p *multiPlace) fdinfo(b *strings.Builder, _ *Link, _ bool) {
	if p.path == "" {
		fmt.Fprintf(b, "kprobe_cnt:\t%d\nmissed:\t0\ncookie\t func\n", len(p.offsets))
		for i := range p.offsets {
			fmt.Fprintf(b, "%d\t %s\n", number(p.cookies, i), p.function(i))
		}
		return
	}
	fmt.Fprintf(b, "uprobe_cnt:\t%d\npid:\t%d\npath:\t%s\ncookie\t offset\t ref_ctr_offset\n", len(p.offsets), p.pid, p.path)
	for i, offset := range p.offsets {
		fmt.Fprintf(b, "%d\t %#x\t 0x%x\n", number(p.cookies, i), offset, number(p.refs, i))
	}
}

// function is a function as %pS prints it, without its size.
func (p *multiPlace) function(i int) string {
	if p.symbols == nil {
		return fmt.Sprintf("0x%x", p.offsets[i])
	}
	return p.symbols[i]
}

func number(list []uint64, i int) uint64 {
	if i >= len(list) {
		return 0
	}
	return list[i]
}
