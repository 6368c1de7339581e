package generator

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// aboutIterators links a program that iterates, opens what it iterates over, and does something with either.
func (g *generator) aboutIterators(*mapShape) {
	if !g.machine.Has(program.Programs) {
		return
	}
	p := g.newIterator()
	g.single(g.linkIter(p))
	for range g.Intn(4) {
		if chance(g, 20) {
			p = g.newIterator()
		}
		g.single(pick(g, g.onLink, g.tellName, g.updateLink, g.iterate, g.iterate, g.linkIter)(p))
	}
	if fd := g.someLink().fd; chance(g, 40) { // what is open goes on
		g.add(program.Close{FD: fd})
		g.forgetFD(fd)
		g.single(g.programID(pick(g, abi.ProgGetNextID, abi.ProgGetFDByID)))
	}
}

// newIterator loads a program that iterates over something, as a rule.
func (g *generator) newIterator() programShape {
	over := program.FirstIterator + g.Intn(len(program.Iterators))
	p := g.newProgram(programShape{kind: abi.ProgTracing, attach: abi.AttachTraceIter})
	a := program.Attr{Bytes: g.steps[len(g.steps)-1].Action.(*program.Call).Contents}
	if chance(g, 4) {
		over = pick(g, 0, 1, program.FirstIterator+len(program.Iterators), 0xfffff, 0x100000)
	}
	a.Set(abi.ProgLoadAttachBTFID, 4, uint64(over))
	p.over, _ = program.Iterator(uint64(over))
	g.programs[len(g.programs)-1] = p
	if chance(g, 6) {
		a.Set(abi.ProgLoadFlags, 4, 1<<4) // BPF_F_SLEEPABLE
	}
	return p
}

// iterate makes an iterator of a link, or of something else.
func (g *generator) iterate(programShape) *program.Call {
	c := g.call(abi.IterCreate)
	a := program.Attr{Bytes: c.Contents}
	fd := g.someLink().fd
	if chance(g, 25) {
		fd = pick(g, g.doubtfulFD(), pick(g, g.fds...))
	}
	a.Set(0, 4, uint64(uint32(fd)))
	if chance(g, 10) {
		a.Set(4, 4, 1)
	}
	c.As = g.newFD()
	return c
}

// iterated is the fd of a map, mostly of one that an iterator can go over.
func (g *generator) iterated(target string) int32 {
	var fit []int32
	for _, m := range g.maps {
		if slices.Contains(iterable[target], m.typ) {
			fit = append(fit, m.fd)
		}
	}
	if len(fit) == 0 || chance(g, 15) {
		return g.mapFD()
	}
	return pick(g, fit...)
}

// iterable are types of maps that iterators go over.
var iterable = map[string][]abi.MapType{
	"bpf_map_elem":       {abi.Hash, abi.LRUHash, abi.Array, abi.PerCPUHash, abi.LRUPerCPUHash, abi.PerCPUArray},
	"bpf_sk_storage_map": {abi.SKStorage}, "sockmap": {abi.SockMap, abi.SockHash},
}

// linkIter links a program as an iterator, mostly over a map.
func (g *generator) linkIter(p programShape) *program.Call {
	c := g.call(abi.LinkCreate)
	c.Attr, c.Contents, c.Size = program.Base, g.bytes(abi.LinkCreateEnd), abi.LinkCreateEnd
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.LinkCreateProgFD, 4, uint64(uint32(p.fd)))
	a.Set(abi.LinkCreateAttachType, 4, uint64(abi.AttachTraceIter))
	a.Set(abi.LinkIterInfo, 8, infoAt)
	a.Set(abi.LinkIterInfoLen, 4, uint64(pick(g, 16, 4, 0, 32)))
	info := g.bytes(16)
	program.PutWord(info[:4], uint64(uint32(g.iterated(p.over))))
	g.write(c, infoAt, info)
	c.As = g.newFD()
	g.links = append(g.links, linkShape{fd: c.As, at: abi.AttachTraceIter})
	return c
}
