package generator

import (
	"math"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// netPrograms are programs that are attached to the network, by weight, and where.
var netPrograms = []struct {
	weight int
	programShape
	at []abi.AttachType
}{
	{10, programShape{kind: abi.ProgSchedCLS}, []abi.AttachType{abi.AttachTCXIngress, abi.AttachTCXIngress, abi.AttachTCXEgress}},
	{6, programShape{kind: abi.ProgXDP}, []abi.AttachType{abi.AttachXDP}},
	{1, programShape{kind: abi.ProgXDP, attach: abi.AttachXDPCPUMap}, []abi.AttachType{abi.AttachXDP}},
	{4, programShape{kind: abi.ProgNetfilter, attach: abi.AttachNetfilter}, []abi.AttachType{abi.AttachNetfilter}},
	{4, programShape{kind: abi.ProgFlowDissector}, []abi.AttachType{abi.AttachFlowDissector}},
	{3, programShape{kind: abi.ProgSKLookup, attach: abi.AttachSKLookup}, []abi.AttachType{abi.AttachSKLookup}},
}

// netProgram is one that was loaded not long ago, or a new one, and where to attach it.
func (g *generator) netProgram() (programShape, abi.AttachType) {
	var weights []int
	for _, n := range netPrograms {
		weights = append(weights, n.weight)
	}
	of := netPrograms[weighted(g, weights...)]
	at := pick(g, of.at...)
	if chance(g, 3) {
		at = pick(g, abi.AttachXDP, abi.AttachNetfilter, abi.AttachTCXEgress, abi.AttachFlowDissector, abi.AttachCgroupInetIngress)
	}
	var fit []programShape
	for _, p := range g.programs {
		if p.kind == of.kind && p.attach == of.attach {
			fit = append(fit, p)
		}
	}
	if n := len(fit); n > 0 && chance(g, 65) {
		return pick(g, fit[max(0, n-4):]...), at
	}
	return g.newProgram(of.programShape), at
}

// aboutNet attaches programs to the network, by links or without, or does something with what is attached.
func (g *generator) aboutNet() {
	if !g.machine.Has(program.Programs) {
		return
	}
	for range 1 + g.Intn(5) {
		p, at := g.netProgram()
		switch weighted(g, 8, 4, 3, 5, 2, 3) {
		case 0:
			g.single(g.netLink(p, at))
		case 1:
			g.single(g.netAttach(abi.ProgAttach, p, at))
		case 2:
			g.single(g.netAttach(abi.ProgDetach, p, at))
		case 3:
			g.single(g.netQuery(at))
		case 4:
			if len(g.links) > 0 {
				g.single(g.updateLink(p))
			}
		default:
			if len(g.links) > 0 {
				g.single(g.onLink(p))
			}
		}
	}
}

// netTarget is what a program is attached to: a device, the network namespace, or nothing.
func (g *generator) netTarget(at abi.AttachType) uint64 {
	switch at {
	case abi.AttachFlowDissector, abi.AttachSKLookup:
		if len(g.spaces) == 0 || chance(g, 4) {
			g.add(g.openOne("netns"))
		}
		if chance(g, 94) {
			return uint64(g.spaces[len(g.spaces)-1])
		}
		return uint64(uint32(pick(g, g.fds...)))
	case abi.AttachNetfilter:
		return 0
	}
	return pick[uint64](g, 2, 2, 2, 2, 2, 2, 1, 1, 1, 0, 1<<32-1)
}

// orders are flags that say where a program comes among others.
var orders = []uint32{0, 0, 0, 0, 8, 8, 16, 16, 8 | 32, 16 | 32, 8 | 1<<13, 16 | 1<<13, 8 | 32 | 1<<13, 16 | 32 | 1<<13, 8 | 16, 32, 1 << 13, 64}

func (g *generator) netLink(p programShape, at abi.AttachType) *program.Call {
	c := g.call(abi.LinkCreate)
	c.Attr, c.Contents, c.Size = program.Base, g.bytes(abi.LinkCreateEnd), abi.LinkCreateEnd
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.LinkCreateProgFD, 4, uint64(uint32(p.fd)))
	a.Set(abi.LinkCreateTarget, 4, g.netTarget(at))
	a.Set(abi.LinkCreateAttachType, 4, uint64(at))
	switch at {
	case abi.AttachXDP:
		a.Set(abi.LinkCreateFlags, 4, pick[uint64](g, 0, 0, 0, 2, 2, 4, 4, 8, 6, 1, 16))
	case abi.AttachNetfilter:
		a.Set(abi.LinkNetfilterFamily, 4, pick[uint64](g, 2, 2, 2, 2, 2, 2, 2, 2, 10, 0, 7))
		a.Set(abi.LinkNetfilterHook, 4, pick[uint64](g, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 5))
		a.Set(abi.LinkNetfilterPriority, 4, uint64(pick[uint32](g, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1<<32-1, 1<<32-400, 1<<32-399, 1<<31, math.MaxInt32)))
		a.Set(abi.LinkNetfilterFlags, 4, pick[uint64](g, 0, 0, 0, 1, 2))
	case abi.AttachTCXIngress, abi.AttachTCXEgress:
		g.inOrder(a, abi.LinkCreateFlags, abi.LinkRelative, abi.LinkExpectedRevision)
	default:
		a.Set(abi.LinkCreateFlags, 4, pick[uint64](g, 0, 0, 0, 0, 0, 0, 0, 8))
	}
	c.As = g.newFD()
	g.links = append(g.links, linkShape{c.As, at})
	return c
}

// inOrder says where a program comes among others.
func (g *generator) inOrder(a program.Attr, flagsAt, relative, revision int) {
	flags := pick(g, orders...)
	a.Set(flagsAt, 4, uint64(flags))
	if flags&(32|1<<13) != 0 && chance(g, 85) || flags&(8|16) != 0 && chance(g, 40) {
		a.Set(relative, 4, uint64(g.relative(flags)))
	}
	if chance(g, 10) {
		a.Set(revision, 8, uint64(g.Intn(5)))
	}
}

// netAttach is PROG_ATTACH or PROG_DETACH.
func (g *generator) netAttach(cmd abi.Cmd, p programShape, at abi.AttachType) *program.Call {
	c := g.call(cmd)
	a := program.Attr{Bytes: c.Contents}
	a.Set(0, 4, 0)
	if at == abi.AttachTCXIngress || at == abi.AttachTCXEgress || chance(g, 4) {
		a.Set(0, 4, g.netTarget(at))
		g.inOrder(a, 12, 20, 24)
	}
	a.Set(4, 4, uint64(uint32(p.fd)))
	a.Set(8, 4, uint64(at))
	switch {
	case cmd == abi.ProgAttach && chance(g, 10):
		a.Set(12, 4, 4)
		a.Set(16, 4, uint64(uint32(pick(g, g.programs...).fd)))
	case cmd == abi.ProgDetach && chance(g, 25):
		a.Set(4, 4, 0)
		a.Set(12, 4, pick[uint64](g, 8, 16, 0))
	}
	return c
}

func (g *generator) netQuery(at abi.AttachType) *program.Call {
	c := g.call(abi.ProgQuery)
	a := program.Attr{Bytes: c.Contents}
	a.Set(0, 4, g.netTarget(at))
	a.Set(4, 4, uint64(at))
	a.Set(8, 4, uint64(pick(g, 0, 0, 0, 0, 0, 1)))
	if chance(g, 85) {
		a.Set(16, 8, pick(g, valuesAt, valuesAt, valuesAt, g.doubtfulAddress()))
		a.Set(24, 4, uint64(pick(g, 8, 8, 8, 1, 0, 64)))
	}
	for i, offset := range []int{32, 40, 48} {
		if chance(g, 30) {
			a.Set(offset, 8, valuesAt+1024*uint64(i+1))
		}
	}
	return c
}
