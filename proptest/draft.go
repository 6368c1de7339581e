package proptest

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// drafter invents a program step by step. It remembers the maps that should exist, so that most calls are valid and
// meet on few keys; it does not know what the calls will answer.
type drafter struct {
	dice
	machine Machine
	cpus    []int // that steps run on
	cpu     int
	opened  int32 // fds
	*paper
}

// draftMap is a map as its creation asked for it.
type draftMap struct {
	typ    abi.MapType
	key    int // bytes
	value  int // bytes
	max    int
	fd     int32 // the newest that should be open
	spread int   // number of different keys that calls use
	recent []int // numbers of the keys that were updated last, up to max: a ring
	oldest int   // where in recent
}

func newDrafter(d dice, m Machine, cpus []int, p *paper) *drafter {
	return &drafter{dice: d, machine: m, cpus: cpus, cpu: cpus[0], paper: p}
}

// draft is program number i of a seed, with at least n steps, on fresh paper.
func draft(seed, i uint64, m Machine, cpus []int, n int, p *paper) Program {
	d := newDrafter(newSeeded(seed, i), m, cpus, p)
	for len(d.steps) < n {
		d.burst()
	}
	return Program{Machine: m, Steps: d.steps}
}

// newFD is an fd for something new; old ones come again after NumFDs.
func (d *drafter) newFD() int32 {
	fd := FirstFD + d.opened%NumFDs
	d.opened++
	d.fds = append(d.fds, fd)
	return fd
}

// someMap is mostly one of the newest maps.
func (d *drafter) someMap() *draftMap {
	if n := len(d.maps); n > 3 && !chance(d, 10) {
		return d.maps[n-1-d.roll(3)]
	}
	return pick(d, d.maps...)
}

// on is a step on a CPU that threads stay on for a while.
func (d *drafter) on(a Action) Step {
	if chance(d, 25) {
		d.cpu = pick(d, d.cpus...)
	}
	return Step{CPU: d.cpu, Action: a}
}

// add adds a step.
func (d *drafter) add(a Action) { d.steps = append(d.steps, d.on(a)) }

// kinds are what a burst can be, with their weights.
var kinds = []struct {
	weight int
	draw   func(*drafter, *draftMap)
}{
	{620, func(d *drafter, m *draftMap) { d.single(d.element(m)) }},
	{110, func(d *drafter, m *draftMap) { d.single(d.batch(m)) }},
	{35, (*drafter).walk},
	{50, (*drafter).batchWalk},
	{60, func(d *drafter, m *draftMap) { d.single(d.dump(m)) }},
	{30, func(d *drafter, _ *draftMap) { d.single(d.create()) }},
	{40, func(d *drafter, m *draftMap) { d.single(d.identify(m)) }},
	{30, func(d *drafter, m *draftMap) { d.single(d.pinned(m)) }},
	{30, func(d *drafter, _ *draftMap) { d.add(d.event()) }},
	{8, (*drafter).flood},
	{4, func(d *drafter, m *draftMap) { d.single(d.elemCall(abi.MapFreeze, m, 0, 0, 0)) }},
}

var weights = func() (w []int) {
	for _, k := range kinds {
		w = append(w, k.weight)
	}
	return w
}()

// burst adds a few steps that belong together.
func (d *drafter) burst() {
	if len(d.maps) == 0 {
		d.add(d.create())
		return
	}
	m := d.someMap()
	for m.key == 0 && chance(d, 60) { // queues and stacks have few commands
		m = d.someMap()
	}
	kinds[weighted(d, weights...)].draw(d, m)
}

// single adds a call as one step, spoiled now and then.
func (d *drafter) single(c *Call) {
	if chance(d, 16) {
		d.spoil(c)
		if n := len(d.maps); c.Cmd == abi.MapCreate && chance(d, 80) {
			d.maps = d.maps[:n-1] // it will hardly exist
		}
	}
	d.add(c)
}

// event is a step that is no bpf(2) call.
func (d *drafter) event() Event {
	switch weighted(d, 4, 3, 2, 3, 3, 3, 1) {
	case 0:
		return d.close()
	case 1:
		return Dup{FD: pick(d, d.fds...), To: d.newFD()}
	case 2:
		return Foreign{FD: d.newFD()}
	case 3:
		return Mkdir{Path: bpffs + pick(d, "/d", "/d/", "/e", "/d/f", "/a")}
	case 4:
		return Unlink{Path: d.path()}
	case 5:
		return Rename{From: d.path(), To: d.path()}
	default:
		return Rmdir{Path: d.path()}
	}
}

// close closes an fd; a map whose fd it was is mostly forgotten.
func (d *drafter) close() Event {
	fd := pick(d, d.fds...)
	if chance(d, 90) {
		d.maps = slices.DeleteFunc(d.maps, func(m *draftMap) bool { return m.fd == fd })
	}
	return Close{FD: fd}
}

// name is a name on bpffs that is mostly a pin's.
func (d *drafter) name() string { return bpffs + pick(d, "/a", "/b") }

// path is a name on bpffs, one of few, or something odd.
func (d *drafter) path() string {
	if chance(d, 70) {
		return d.name()
	}
	return bpffs + pick(d, "/a", "/b", "/d", "/d/a", "/d/b", "/a/b", "/d/", "/x.y", "/", "", "/d/../a",
		"/e", "/e/a", "/d/f", "/d/.", "/d/..", "/e/b/")
}
