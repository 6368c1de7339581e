package generator

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// linkEvent links a program to a perf event, mostly of the right type.
func (g *generator) linkEvent(e eventShape) *program.Call {
	p := g.eventProgram(e)
	c := g.call(abi.LinkCreate)
	c.Attr, c.Contents, c.Size = program.Base, g.bytes(abi.LinkCreateEnd), abi.LinkCreateEnd
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.LinkCreateProgFD, 4, uint64(uint32(p)))
	a.Set(abi.LinkCreateTarget, 4, uint64(uint32(e.fd)))
	a.Set(abi.LinkCreateAttachType, 4, uint64(abi.AttachPerfEvent))
	a.Set(abi.LinkPerfCookie, 8, uint64(g.Intn(3)))
	switch {
	case chance(g, 5):
		a.Set(abi.LinkCreateTarget, 4, uint64(uint32(pick(g, pick(g, g.fds...), g.doubtfulFD()))))
	case chance(g, 4):
		a.Set(abi.LinkCreateFlags, 4, 1)
	}
	c.As = g.newFD()
	g.links = append(g.links, linkShape{fd: c.As, at: abi.AttachPerfEvent})
	return c
}

// aboutEventLink does something with the newest link and its event, and asks who is at a tracepoint then.
func (g *generator) aboutEventLink(e eventShape) {
	l := g.links[len(g.links)-1]
	for range 1 + g.Intn(3) {
		switch weighted(g, 3, 2, 2, 2, 3) {
		case 0:
			g.single(g.tellEvent(l))
		case 1:
			g.single(g.onLink(programShape{}))
		case 2:
			g.add(program.FDInfo{FD: l.fd, To: valuesAt})
		case 3: // the link has it still
			g.add(program.Close{FD: e.fd})
		default: // which leaves the event to others
			g.add(program.Close{FD: l.fd})
			g.forgetFD(l.fd)
			g.single(g.request(e, abi.PerfSetBPF))
			g.single(g.request(pick(g, append(g.events, e)...), abi.PerfQueryBPF))
			return
		}
	}
}

// tellEvent asks what the link's event is, with room for a name or not.
func (g *generator) tellEvent(l linkShape) *program.Call {
	c := g.call(abi.ObjGetInfoByFD)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.InfoBPFFD, 4, uint64(uint32(l.fd)))
	a.Set(abi.InfoPtr, 8, infoAt)
	a.Set(abi.InfoLen, 4, uint64(pick(g, abi.LinkInfoSize, abi.LinkInfoSize, 48, 40)))
	info := program.Attr{Bytes: g.bytes(abi.LinkInfoSize)}
	info.Set(abi.LinkInfoPerf, 8, pick(g, g.output(valuesAt, 12), g.output(valuesAt, 12), 0, g.doubtfulAddress()))
	info.Set(abi.LinkInfoPerf+8, 4, uint64(pick(g, 128, 12, 17, 11, 1, 0)))
	g.write(c, infoAt, info.Bytes)
	return c
}
