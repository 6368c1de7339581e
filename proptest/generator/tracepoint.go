package generator

import (
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// aboutTracepoints links a program to a raw tracepoint, and does something with that link.
func (g *generator) aboutTracepoints(*mapShape) {
	if !g.machine.Has(program.Programs) {
		return
	}
	g.single(g.openTracepoint())
	for range g.Intn(3) {
		p := programShape{kind: abi.ProgRawTracepoint}
		if len(g.programs) > 0 {
			p = pick(g, g.programs...)
		}
		g.single(pick(g, g.onLink, g.tellName, g.updateLink, g.tellName, g.iterate, g.linkIter)(p))
	}
	if fd := g.someLink().fd; chance(g, 30) { // which gives its program back
		g.add(program.Close{FD: fd})
		g.forgetFD(fd)
		g.single(g.programID(pick(g, abi.ProgGetNextID, abi.ProgGetFDByID)))
	}
}

// openTracepoint is mostly of a program of the right type, which is closed now and then.
func (g *generator) openTracepoint() *program.Call {
	p := programShape{kind: abi.ProgRawTracepoint}
	if chance(g, 8) {
		p.kind = abi.ProgKprobe
	}
	p = g.newProgram(p)
	if chance(g, 6) {
		p.fd = pick(g, g.fds...)
	}
	c := g.call(abi.RawTracepointOpen)
	a := program.Attr{Bytes: c.Contents}
	name := append([]byte(pick(g, program.Tracepoints...)), 0)
	if chance(g, 15) {
		name = append([]byte(program.NoTracepoint+pick(g, "", strings.Repeat("x", 119), strings.Repeat("x", 120), strings.Repeat("x", 200))), 0)
	}
	at := g.input(pathAt, len(name))
	if chance(g, 6) {
		at = g.doubtfulAddress()
	}
	a.Set(0, 8, at)
	a.Set(8, 4, uint64(uint32(p.fd)))
	a.Set(16, 8, uint64(g.Intn(3)))
	g.write(c, at, name)
	c.As = g.newFD()
	g.links = append(g.links, linkShape{fd: c.As, at: abi.AttachTraceRawTP})
	return c
}

// tellName asks for the name of a link's tracepoint, or of what it iterates over, with room for all of it or not.
func (g *generator) tellName(programShape) *program.Call {
	c := g.call(abi.ObjGetInfoByFD)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.InfoBPFFD, 4, uint64(uint32(g.links[len(g.links)-1].fd)))
	a.Set(abi.InfoPtr, 8, infoAt)
	a.Set(abi.InfoLen, 4, uint64(pick(g, abi.LinkInfoSize, abi.LinkInfoSize, 40, 28)))
	info := program.Attr{Bytes: g.bytes(abi.LinkInfoSize)}
	info.Set(abi.LinkInfoKind, 8, pick(g, g.output(valuesAt, 12), g.output(valuesAt, 12), 0, g.doubtfulAddress()))
	info.Set(abi.LinkInfoKind+8, 4, uint64(pick(g, 128, 12, 17, 11, 1, 0)))
	g.write(c, infoAt, info.Bytes)
	return c
}
