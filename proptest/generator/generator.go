package generator

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// generator invents a program step by step. It remembers the maps that should exist, so that most calls are valid and
// meet on few keys; it does not know what the calls will answer.
type generator struct {
	Source
	machine program.Machine
	types   []mapType
	cpus    []int // that steps run on
	cpu     int
	opened  int32 // fds
	*Pool
}

// draftMap is a map as its creation asked for it.
type mapShape struct {
	typ    abi.MapType
	flags  uint32
	inner  int32 // fd of the first inner map
	key    int   // bytes
	value  int   // bytes
	max    int
	fd     int32 // the newest that should be open
	spread int   // number of different keys that calls use
	recent []int // numbers of the keys that were updated last, up to max: a ring
	oldest int   // where in recent
	locked bool  // values have a bpf_spin_lock
	hidden bool  // not to be read
	types  mapTypeIDs
}

func newGenerator(source Source, m program.Machine, cpus []int, p *Pool) *generator {
	return &generator{Source: source, machine: m, types: mapTypes, cpus: cpus, cpu: cpus[0], Pool: p}
}

// Program is program number i of a seed, with at least n steps and maps of the types only, of all where that is empty. Its
// memory is p's, whose last program is lost.
func Program(seed, i uint64, m program.Machine, only []abi.MapType, cpus []int, n int, p *Pool) program.Program {
	g := newGenerator(NewSeeded(seed, i), m, cpus, p.reset())
	g.types = typesAmong(only)
	for len(g.steps) < n {
		g.burst()
	}
	if chance(g, 10) {
		g.countAll()
	}
	return program.Program{Machine: m, Steps: g.steps}
}

// newFD is an fd for something new; old ones come again after NumFDs.
func (g *generator) newFD() int32 {
	fd := program.FirstFD + g.opened%program.NumFDs
	g.opened++
	g.fds = append(g.fds, fd)
	return fd
}

// someMap is mostly one of the newest maps.
func (g *generator) someMap() *mapShape {
	if n := len(g.maps); n > 3 && !chance(g, 10) {
		return g.maps[n-1-g.Intn(3)]
	}
	return pick(g, g.maps...)
}

// on is a step on a CPU that threads stay on for a while.
func (g *generator) on(a program.Action) program.Step {
	if chance(g, 25) {
		g.cpu = pick(g, g.cpus...)
	}
	return program.Step{CPU: g.cpu, Action: a}
}

// add adds a step.
func (g *generator) add(a program.Action) { g.steps = append(g.steps, g.on(a)) }

// kinds are what a burst can be, with their weights.
var kinds = []struct {
	weight int
	draw   func(*generator, *mapShape)
}{
	{620, func(g *generator, m *mapShape) { g.single(g.element(m)) }},
	{110, func(g *generator, m *mapShape) { g.single(g.batch(m)) }},
	{35, (*generator).walk},
	{50, (*generator).batchWalk},
	{60, func(g *generator, m *mapShape) { g.single(g.dump(m)) }},
	{30, func(g *generator, _ *mapShape) { g.single(g.create()) }},
	{40, func(g *generator, m *mapShape) { g.single(g.identify(m)) }},
	{30, func(g *generator, m *mapShape) { g.single(g.pinned(m)) }},
	{30, func(g *generator, _ *mapShape) { g.add(g.event()) }},
	{8, (*generator).fill},
	{30, func(g *generator, m *mapShape) { g.aboutBTF() }},
	{45, func(g *generator, m *mapShape) { g.aboutPrograms() }},
	{18, func(g *generator, m *mapShape) { g.aboutLinks() }},
	{12, func(g *generator, m *mapShape) { g.aboutFDInfo() }},
	{5, func(g *generator, m *mapShape) { g.createOps() }},
	{12, (*generator).aboutEvents},
	{22, func(g *generator, m *mapShape) { g.aboutNet() }},
	{8, (*generator).aboutTracepoints},
	{8, (*generator).aboutIterators},
	{4, func(g *generator, m *mapShape) { g.single(g.elemCall(abi.MapFreeze, m, 0, 0, 0)) }},
}

var weights = func() (w []int) {
	for _, k := range kinds {
		w = append(w, k.weight)
	}
	return w
}()

// burst adds a few steps that belong together.
func (g *generator) burst() {
	if len(g.maps) == 0 {
		if chance(g, 20) {
			g.aboutBTF()
		}
		g.add(g.create())
		return
	}
	m := g.someMap()
	for m.key == 0 && chance(g, 60) { // queues and stacks have few commands
		m = g.someMap()
	}
	kinds[weighted(g, weights...)].draw(g, m)
}

// single adds a call as one step, corrupted now and then.
func (g *generator) single(c *program.Call) {
	if chance(g, 16) {
		g.corrupt(c)
		if n := len(g.maps); c.Cmd == abi.MapCreate && n > 0 && chance(g, 80) {
			g.maps = g.maps[:n-1] // it will hardly exist
		}
	}
	g.add(c)
}

// event is a step that is no bpf(2) call.
func (g *generator) event() program.Event {
	switch weighted(g, 4+g.openings()/2, 3, 2, 3, 3, 3, 1, g.openings()) {
	case 7:
		return g.open()
	case 0:
		return g.close()
	case 1:
		return program.Dup{FD: pick(g, g.fds...), To: g.newFD()}
	case 2:
		return program.Foreign{FD: g.newFD()}
	case 3:
		return program.Mkdir{Path: program.BPFFS + pick(g, "/d", "/d/", "/e", "/d/f", "/a")}
	case 4:
		return program.Unlink{Path: g.path()}
	case 5:
		return program.Rename{From: g.path(), To: g.path()}
	default:
		return program.Rmdir{Path: g.path()}
	}
}

// openings is how often things are opened: more often where maps hold them.
func (g *generator) openings() int {
	for _, m := range g.maps {
		if holds(m.typ) {
			return 12
		}
	}
	return 1
}

// holds reports whether maps of that type hold what Open opens.
func holds(typ abi.MapType) bool {
	switch typ {
	case abi.SockMap, abi.SockHash, abi.XSKMap, abi.ReusePortSockArray, abi.CgroupArray:
		return true
	}
	return storage(typ)
}

// storage reports whether values of maps of that type belong to what Open opens.
func storage(typ abi.MapType) bool {
	switch typ {
	case abi.SKStorage, abi.InodeStorage, abi.TaskStorage, abi.CgrpStorage:
		return true
	}
	return false
}

// open opens a thing.
func (g *generator) open() program.Event { return g.openOne(pick(g, program.Things...)) }

// openFor opens a thing, mostly one that maps of that type hold.
func (g *generator) openFor(typ abi.MapType) program.Event {
	switch {
	case typ == abi.CgrpStorage && chance(g, 80):
		return g.openOne("cgroup")
	case typ == abi.TaskStorage && chance(g, 80):
		return g.openOne(pick(g, "task", "task", "task-ended"))
	}
	return g.open()
}

func (g *generator) openOne(what string) program.Event {
	e := program.Open{FD: g.newFD(), What: what}
	switch e.What {
	case "cgroup":
		g.cgroups = append(g.cgroups, e.FD)
	case "netns":
		g.spaces = append(g.spaces, e.FD)
	case "task", "task-ended":
		g.tasks = append(g.tasks, e.FD)
	default:
		g.sockets = append(g.sockets, e.FD)
	}
	return e
}

// thingsFor are the fds of what maps of that type hold.
func (g *generator) thingsFor(typ abi.MapType) []int32 {
	switch typ {
	case abi.ProgArray:
		return g.programFDs()
	case abi.PerfEventArray:
		return g.eventFDs()
	case abi.CgroupArray, abi.CgrpStorage:
		return g.cgroups
	case abi.TaskStorage:
		return g.tasks
	case abi.InodeStorage:
		return g.fds
	}
	return g.sockets
}

// programFDs are the fds of the programs, now and then of those of XDP alone, which have several places.
func (g *generator) programFDs() (fds []int32) {
	alike := chance(g, 40)
	for _, p := range g.programs {
		if !alike || p.kind == abi.ProgXDP {
			fds = append(fds, p.fd)
		}
	}
	return fds
}

// close closes an fd; a map whose fd it was is mostly forgotten.
func (g *generator) close() program.Event {
	fd := pick(g, g.fds...)
	if n := len(g.sockets); n > 0 && chance(g, 40) { // which leaves its maps
		fd = g.sockets[max(0, n-1-g.Intn(6))]
	}
	if chance(g, 90) {
		g.forgetFD(fd)
	}
	return program.Close{FD: fd}
}

// name is a name on bpffs that is mostly a pin's.
func (g *generator) name() string { return program.BPFFS + pick(g, "/a", "/b") }

// path is a name on bpffs, one of few, or something odd.
func (g *generator) path() string {
	if chance(g, 70) {
		return g.name()
	}
	return program.BPFFS + pick(g, "/a", "/b", "/d", "/d/a", "/d/b", "/a/b", "/d/", "/x.y", "/", "", "/d/../a",
		"/e", "/e/a", "/d/f", "/d/.", "/d/..", "/e/b/")
}
