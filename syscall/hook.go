package bpfsys

import (
	"slices"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
)

// Point is where programs can be attached. It is what Linux finds the place by; what does not belong to the place is zero.
type Point struct {
	At     abi.AttachType // where at the place
	Cgroup uint64         // id of a cgroup
	NetNS  uint64         // inode number of a network namespace
	Device uint32         // index of a network device in NetNS
	Map    uint32         // id of a SOCKMAP or SOCKHASH
	Event  uint64         // id of a perf event
	Object uint32         // id of the BTF or the program that Type is of
	Type   uint32         // id of the function in BTF
	Socket uint64         // cookie of a socket; its filter has no attach type: At is NumAttachTypes
	Name   string         // of a tracepoint, a function, a reuseport group, a side of a discipline of tc or, for probes of many functions, a file; "" is then the kernel
}

// hook is a point where something is attached. The first program of seats runs first.
type hook struct {
	point    Point
	seats    []*seat
	flags    uint32 // how a cgroup takes programs, in which mode a device runs them, or the parent that the last filter was given
	revision uint64 // counts changes, from 1
}

// seat is a place in a hook: a link's, or that of a program without one.
type seat struct {
	link   *Link
	prog   *Program // with a reference; nil for a link's
	flags  uint32
	filter *tcFilter // at the point of a discipline
}

// program is what runs.
func (s *seat) program() *Program {
	if s.link != nil {
		return s.link.prog
	}
	return s.prog
}

// hooks are all points of a kernel. Neither memory of a process nor its host is touched while they are locked.
type hooks struct {
	mu      sync.Mutex
	at      map[Point]*hook
	parents map[uint64]uint64     // of cgroups that calls were about
	gone    map[Point]func() bool // of places with programs that no link attached: whether they do not exist any more
	ops     map[opsName]*Map      // registered structs of functions
	clsact  map[Point]string      // disciplines of devices, by kind; "" where one was
	left    []Object              // programs and maps that nobody here has any more
}

// unlock ends what changed the hooks. Objects that left them are given back only now: they may have been the last that
// held something which is attached elsewhere.
func (h *hooks) unlock() {
	left := h.left
	h.left = nil
	h.mu.Unlock()
	for _, o := range left {
		o.Release()
	}
}

// find is the hook at a point, nil where nothing ever was.
func (h *hooks) find(p Point) *hook { return h.at[p] }

// make finds or makes the hook at a point.
func (h *hooks) make(p Point) *hook {
	if k, ok := h.at[p]; ok {
		return k
	}
	if h.at == nil {
		h.at = map[Point]*hook{}
	}
	k := &hook{point: p, revision: 1}
	h.at[p] = k
	return k
}

// tidy forgets a hook where nothing is left. Only cgroups go on counting revisions then.
func (h *hooks) tidy(k *hook) {
	if len(k.seats) == 0 && k.point.Cgroup == 0 {
		delete(h.at, k.point)
		delete(h.gone, k.point)
	}
}

// of is the place of a link in a hook, -1 when it has none.
func (k *hook) of(l *Link) int {
	return slices.IndexFunc(k.seats, func(s *seat) bool { return s.link == l })
}

// add puts a seat behind the others.
func (k *hook) add(s *seat) {
	k.seats = append(k.seats, s)
	k.revision++
}

// remove takes away the seat of a link.
func (h *hooks) remove(p Point, l *Link) {
	k := h.find(p)
	if k == nil {
		return
	}
	if i := k.of(l); i >= 0 {
		k.seats = slices.Delete(k.seats, i, i+1)
		k.revision++
	}
	h.tidy(k)
}
