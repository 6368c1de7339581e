package generator

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// linkShape is a link as its making asked for it.
type linkShape struct {
	fd int32
	at abi.AttachType
}

// Bits of attach_flags, as they are drawn.
var attachFlags = []uint32{2, 2, 2, 2, 1, 0, 2 | 4, 2 | 8, 2 | 16, 2 | 64, 2 | 8 | 16, 2 | 8 | 32, 2 | 16 | 32, 4, 3, 2 | 1<<13, 128}

// linkFlags are those of links, which are always attached beside others.
var linkFlags = []uint32{0, 0, 0, 8, 8, 16, 64, 8 | 16, 8 | 1<<13, 16 | 1<<13, 8 | 32 | 1<<13, 16 | 32 | 1<<13, 4, 8 | 32}

// cgroupProgram is a program that may be attached to a cgroup, and where.
func (g *generator) cgroupProgram() (p programShape, ok bool) {
	var fit []programShape
	for _, p := range g.programs {
		if attachable(p) {
			fit = append(fit, p)
		}
	}
	if len(fit) == 0 {
		return p, false
	}
	return pick(g, fit[max(0, len(fit)-4):]...), true
}

func attachable(p programShape) bool {
	switch p.kind {
	case abi.ProgCgroupSKB, abi.ProgCgroupSock, abi.ProgCgroupSockAddr, abi.ProgSockOps, abi.ProgCgroupDevice, abi.ProgCgroupSockopt:
		return true
	}
	return false
}

// place is an attach type for a program, mostly one that is fit.
func (g *generator) place(p programShape) abi.AttachType {
	switch {
	case chance(g, 5):
		return pick(g, abi.AttachCgroupInetIngress, abi.AttachCgroupSysctl, abi.NumAttachTypes, abi.AttachCgroupInetSockCreate)
	case p.kind == abi.ProgCgroupSock && p.attach == 0:
		return abi.AttachCgroupInetSockCreate
	case p.kind == abi.ProgSockOps:
		return abi.AttachCgroupSockOps
	case p.kind == abi.ProgCgroupDevice:
		return abi.AttachCgroupDevice
	}
	return p.attach
}

// cgroup is the fd of a cgroup, mostly.
func (g *generator) cgroup() int32 {
	if len(g.cgroups) == 0 || chance(g, 4) {
		g.add(g.openOne("cgroup"))
	}
	if chance(g, 4) {
		return pick(g, g.fds...)
	}
	return g.cgroups[max(0, len(g.cgroups)-1-g.Intn(3))]
}

// aboutLinks attaches a program to a cgroup, by a link or without one, or does something with what is attached.
func (g *generator) aboutLinks() {
	if !g.machine.Has(program.Programs) {
		return
	}
	if chance(g, 25) {
		g.lineUp()
		return
	}
	for range 1 + g.Intn(4) {
		p, ok := g.cgroupProgram()
		if !ok || chance(g, 20) {
			p = g.newCgroupProgram()
		}
		if len(g.links) == 0 {
			g.single(g.link(p))
			continue
		}
		draws := []func(programShape) *program.Call{
			g.link, g.attachProgram, g.detachProgram, g.query, g.updateLink, g.onLink, g.bindMap, g.attachProgram, g.onLink, g.link, g.query,
		}
		g.single(pick(g, draws...)(p))
	}
}

// lineUp links some programs in one place, and asks in which order they run.
func (g *generator) lineUp() {
	p := g.newCgroupProgram()
	for range 2 + g.Intn(2) {
		c := g.link(p)
		a := program.Attr{Bytes: c.Contents}
		a.Set(abi.LinkCreateFlags, 4, uint64(pick[uint32](g, 0, 8, 16, 64, 8|64)))
		a.Set(abi.LinkRelative, 4, 0)
		g.add(c)
		p = g.newCgroupProgram()
	}
	g.add(g.query(p))
}

// newCgroupProgram loads a program for a cgroup that loads, for few places as a rule.
func (g *generator) newCgroupProgram() programShape {
	var fit []programShape
	for _, p := range programKinds {
		if attachable(p) {
			fit = append(fit, p)
		}
	}
	p := fit[0]
	if chance(g, 45) {
		p = pick(g, fit...)
	}
	return g.newProgram(p)
}

// newProgram loads a program that loads.
func (g *generator) newProgram(p programShape) programShape {
	c := g.call(abi.ProgLoad)
	a := program.Attr{Bytes: c.Contents}
	code := []byte{0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0}
	a.Set(abi.ProgLoadType, 4, uint64(p.kind))
	a.Set(abi.ProgLoadInsnCnt, 4, uint64(len(code)/8))
	a.Set(abi.ProgLoadInsns, 8, codeAt)
	a.Set(abi.ProgLoadLicense, 8, licenseAt)
	a.Set(abi.ProgLoadAttachType, 4, uint64(p.attach))
	g.write(c, codeAt, code)
	g.write(c, licenseAt, []byte("GPL\x00"))
	c.As = g.newFD()
	p.fd = c.As
	g.programs = append(g.programs, p)
	g.add(c)
	return p
}

func (g *generator) link(p programShape) *program.Call {
	c := g.call(abi.LinkCreate)
	c.Attr, c.Contents, c.Size = program.Base, g.bytes(abi.LinkCreateEnd), abi.LinkCreateEnd
	a, flags := program.Attr{Bytes: c.Contents}, pick(g, linkFlags...)
	a.Set(abi.LinkCreateProgFD, 4, uint64(uint32(p.fd)))
	a.Set(abi.LinkCreateTarget, 4, uint64(uint32(g.cgroup())))
	a.Set(abi.LinkCreateAttachType, 4, uint64(g.place(p)))
	a.Set(abi.LinkCreateFlags, 4, uint64(flags))
	if flags&(32|1<<13) != 0 && chance(g, 80) || chance(g, 5) {
		a.Set(abi.LinkRelative, 4, uint64(g.relative(flags)))
	}
	if chance(g, 8) {
		a.Set(abi.LinkExpectedRevision, 8, uint64(g.Intn(5)))
	}
	c.As = g.newFD()
	g.links = append(g.links, linkShape{c.As, p.attach})
	return c
}

// relative is what relative_fd may be: an id, or the fd of a link or a program.
func (g *generator) relative(flags uint32) uint32 {
	switch {
	case flags&32 != 0:
		return uint32(g.Intn(4))
	case flags&(1<<13) != 0 && len(g.links) > 0:
		return uint32(g.someLink().fd)
	case len(g.programs) > 0:
		return uint32(pick(g, g.programs...).fd)
	}
	return 0
}

func (g *generator) someLink() linkShape { return pick(g, g.links[max(0, len(g.links)-2):]...) }

// attaching is PROG_ATTACH or PROG_DETACH.
func (g *generator) attaching(cmd abi.Cmd, p programShape) (*program.Call, program.Attr) {
	c := g.call(cmd)
	a := program.Attr{Bytes: c.Contents}
	a.Set(0, 4, uint64(uint32(g.cgroup())))
	a.Set(4, 4, uint64(uint32(p.fd)))
	a.Set(8, 4, uint64(g.place(p)))
	if chance(g, 8) {
		a.Set(24, 8, uint64(g.Intn(5)))
	}
	return c, a
}

func (g *generator) attachProgram(p programShape) *program.Call {
	c, a := g.attaching(abi.ProgAttach, p)
	flags := pick(g, attachFlags...)
	a.Set(12, 4, uint64(flags))
	if flags&4 != 0 {
		a.Set(16, 4, uint64(uint32(pick(g, g.programs...).fd)))
	}
	if flags&(8|16|32) != 0 && chance(g, 60) {
		a.Set(20, 4, uint64(g.relative(flags)))
	}
	return c
}

func (g *generator) detachProgram(p programShape) *program.Call {
	c, a := g.attaching(abi.ProgDetach, p)
	if chance(g, 15) {
		a.Set(4, 4, 0)
	}
	return c
}

func (g *generator) query(p programShape) *program.Call {
	c := g.call(abi.ProgQuery)
	a := program.Attr{Bytes: c.Contents}
	a.Set(0, 4, uint64(uint32(g.cgroup())))
	a.Set(4, 4, uint64(g.place(p)))
	a.Set(8, 4, uint64(pick(g, 0, 0, 0, 1)))
	if chance(g, 80) {
		a.Set(16, 8, pick(g, valuesAt, valuesAt, valuesAt, g.doubtfulAddress()))
		a.Set(24, 4, uint64(pick(g, 8, 8, 8, 1, 0, 64)))
	}
	if chance(g, 25) {
		a.Set(32, 8, valuesAt+1024)
	}
	if chance(g, 20) {
		c.Size = uint32(pick(g, 32, 40, 56, 60))
	}
	return c
}

func (g *generator) updateLink(p programShape) *program.Call {
	c := g.call(abi.LinkUpdate)
	a := program.Attr{Bytes: c.Contents}
	l := g.someLink()
	a.Set(0, 4, uint64(uint32(l.fd)))
	a.Set(4, 4, uint64(uint32(p.fd)))
	if chance(g, 40) {
		a.Set(8, 4, 4)
		a.Set(12, 4, uint64(uint32(pick(g, g.programs...).fd)))
	}
	return c
}

// onLink is a call about a link alone.
func (g *generator) onLink(programShape) *program.Call {
	l := g.someLink()
	cmd := pick(g, abi.ObjGetInfoByFD, abi.ObjGetInfoByFD, abi.LinkDetach, abi.LinkGetNextID, abi.LinkGetFDByID, abi.ObjPin)
	if cmd == abi.ObjPin {
		return g.pin(l.fd)
	}
	c := g.call(cmd)
	a := program.Attr{Bytes: c.Contents}
	switch cmd {
	case abi.LinkDetach:
		a.Set(0, 4, uint64(uint32(l.fd)))
	case abi.ObjGetInfoByFD:
		a.Set(abi.InfoBPFFD, 4, uint64(uint32(l.fd)))
		a.Set(abi.InfoPtr, 8, infoAt)
		a.Set(abi.InfoLen, 4, uint64(pick(g, abi.LinkInfoSize, abi.LinkInfoSize, abi.LinkInfoSize, 28, 12, 6, 0, 20, abi.LinkInfoSize+8)))
		if chance(g, 85) {
			g.write(c, infoAt, g.bytes(abi.LinkInfoSize+8))
		}
	default:
		a.Set(abi.IDStart, 4, uint64(g.Intn(len(g.links)/2+3)))
		if cmd == abi.LinkGetFDByID {
			c.As = g.newFD()
		}
	}
	return c
}

func (g *generator) bindMap(p programShape) *program.Call {
	c := g.call(abi.ProgBindMap)
	a := program.Attr{Bytes: c.Contents}
	a.Set(0, 4, uint64(uint32(p.fd)))
	a.Set(4, 4, uint64(uint32(g.mapFD())))
	return c
}

// forgetFD forgets what an fd was of.
func (g *generator) forgetFD(fd int32) {
	g.maps = slices.DeleteFunc(g.maps, func(m *mapShape) bool { return m.fd == fd })
	g.programs = slices.DeleteFunc(g.programs, func(p programShape) bool { return p.fd == fd })
	g.links = slices.DeleteFunc(g.links, func(l linkShape) bool { return l.fd == fd })
	g.events = slices.DeleteFunc(g.events, func(e eventShape) bool { return e.fd == fd })
}
