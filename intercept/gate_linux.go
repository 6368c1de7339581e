package intercept

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// gate stands for an object in the epoll instances of programs: an end of a pipe, which the kernel can poll. It is open,
// the pipe readable or writable, while the object's event is there. The kernel's side of the object opens it; that a program
// has consumed what there was, in memory that it shares, nobody tells, and so open gates are looked at whenever a program
// is about to wait.
type gate struct {
	object bpfsys.Pollable
	gates  *gates
	stop   func() // ends wake

	mu     sync.Mutex
	read   int // -1 for objects whose event is an error: then it is always there
	write  int
	open   bool
	closed bool
	twins  map[int32]int // what stands for further fds, by their numbers
	first  int32         // the number that the end itself stands for
}

// gates are the open ones of those that close again. Waits that are not intercepted, as poll(2) of an epoll instance, do not
// have them looked at; a clock does, first soon after one was opened and then ever later.
type gates struct {
	mu    sync.Mutex
	some  atomic.Bool
	open  map[*gate]struct{}
	clock *time.Timer // nil while none is open
	pause time.Duration
	// untimed gates have no clock.
	untimed bool
}

const (
	firstPause   = time.Millisecond
	longestPause = 128 * time.Millisecond
)

func newGates() *gates { return &gates{open: map[*gate]struct{}{}} }

// newGate makes the gate of an object, which has to live at least as long.
func newGate(all *gates, object bpfsys.Pollable) (*gate, error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, err
	}
	g := &gate{object: object, gates: all, read: ends[0], write: ends[1], stop: func() {}, first: -1}
	switch object.Polls() {
	case abi.PollErr:
		unix.Close(g.read)
		g.read = -1
		return g, nil
	case abi.PollOut:
		if _, err := unix.FcntlInt(uintptr(g.write), unix.F_SETPIPE_SZ, 1); err != nil { // one page: full with one byte
			unix.Close(g.read)
			unix.Close(g.write)
			return nil, err
		}
		g.fill()
	}
	g.stop = object.Watch(g.wake)
	return g, nil
}

// fd is the end that goes into epoll instances.
func (g *gate) fd() int {
	if g.object.Polls() == abi.PollIn {
		return g.read
	}
	return g.write
}

// fdFor is what stands for a fd of the object with that number: epoll tells the fds of one file apart by their numbers.
func (g *gate) fdFor(number int32) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.first < 0 {
		g.first = number
	}
	if g.first == number {
		return g.fd(), nil
	}
	if twin, exists := g.twins[number]; exists {
		return twin, nil
	}
	if len(g.twins) == mostTwins {
		return -1, unix.ENOMEM
	}
	twin, err := unix.FcntlInt(uintptr(g.fd()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, unix.ENOMEM
	}
	if g.twins == nil {
		g.twins = map[int32]int{}
	}
	g.twins[number] = twin
	return twin, nil
}

// mostTwins bounds the fds that a gate takes.
const mostTwins = 16

// interest is what is asked of fd when a program asks for events: a wake-up that is reported once is an edge, and
// that nobody reads the pipe of an error makes it writable, too.
func (g *gate) interest(events uint32) uint32 {
	if g.object.Once() {
		events |= unix.EPOLLET
	}
	if g.object.Polls() == abi.PollErr {
		events &^= uint32(abi.PollOut)
	}
	return events
}

// wake opens the gate, with an edge even when it is open. What a program has consumed already wakes nobody up, as the
// kernel's epoll looks again, too.
func (g *gate) wake() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	if g.open {
		g.set(false)
	}
	if g.object.Once() || g.object.Ready() {
		g.set(true)
	}
}

// look opens or shuts the gate as the object is ready or not.
func (g *gate) look() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.read < 0 {
		return
	}
	if ready := g.object.Ready(); ready != g.open {
		g.set(ready)
	}
}

// set opens or shuts the gate, which is among the open ones all the time that it is open. The caller holds g.mu.
func (g *gate) set(open bool) {
	if g.open = open; open {
		g.gates.note(g, !g.object.Once())
	}
	if open == (g.object.Polls() == abi.PollIn) {
		g.fill()
	} else {
		g.drain()
	}
	if !open {
		g.gates.note(g, false)
	}
}

func (g *gate) fill() { _, _ = unix.Write(g.write, []byte{1}) }

func (g *gate) drain() {
	var one [1]byte
	_, _ = unix.Read(g.read, one[:])
}

func (g *gate) close() {
	g.stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	g.gates.note(g, false)
	unix.Close(g.write)
	if g.read >= 0 {
		unix.Close(g.read)
	}
	for _, twin := range g.twins {
		unix.Close(twin)
	}
}

func (all *gates) note(g *gate, open bool) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if open {
		all.open[g] = struct{}{}
		all.pause = firstPause
	} else {
		delete(all.open, g)
	}
	all.some.Store(len(all.open) > 0)
	if open && all.clock == nil && !all.untimed {
		all.clock = time.AfterFunc(all.pause, all.tick)
	}
}

// tick looks at open gates while there are some.
func (all *gates) tick() {
	all.look()
	all.mu.Lock()
	defer all.mu.Unlock()
	if len(all.open) == 0 {
		all.clock = nil
		return
	}
	all.pause = min(2*all.pause, longestPause)
	all.clock.Reset(all.pause)
}

// look shuts the gates of all objects whose event has gone.
func (all *gates) look() {
	if !all.some.Load() {
		return
	}
	all.mu.Lock()
	open := make([]*gate, 0, len(all.open))
	for g := range all.open {
		open = append(open, g)
	}
	all.mu.Unlock()
	for _, g := range open {
		g.look()
	}
}
