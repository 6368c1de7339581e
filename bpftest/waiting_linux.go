//go:build linux && (amd64 || arm64)

package bpftest

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// waiting is an epoll_wait(2) of a goroutine that is explored.
type waiting struct {
	own    *intercept.Own
	queue  int
	events []unix.EpollEvent
}

// waitStep is epoll_wait(2). In a body that is explored it is a step that can be taken when there are records, when the reader is closed, or at
// its deadline; ours is false elsewhere.
func waitStep(own *intercept.Own, queue int, events []unix.EpollEvent, msec int) (n int, err error, ours bool) {
	s := stepping.Load()
	if s == nil || !s.run.Has() {
		return 0, nil, false
	}
	w := waiting{own, queue, events}
	left := func() time.Duration { return -1 }
	if msec >= 0 {
		end := time.Now().Add(time.Duration(msec) * time.Millisecond)
		left = func() time.Duration { return max(0, time.Until(end)) }
	}
	for n == 0 && err == nil {
		switch taken, ended := s.run.AwaitOrEnd(waits, w.ready, left()); {
		case ended: // perf.Reader has given back a mutex for the wait
			return 0, os.ErrClosed, true
		case !taken:
			s.run.Linger(w.ready)
		}
		if n, err = w.look(); left() == 0 {
			break
		}
	}
	if s.run.Telling() {
		s.run.Told(w.told(n))
	}
	s.run.Returned()
	return n, err, true
}

// ready tells whether there are events, without taking them: an instance is readable then.
func (w waiting) ready() bool {
	w.own.LookAtGates()
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(w.queue), Events: unix.POLLIN}}, 0)
	return n != 0 || err != nil
}

// look takes the events that are there.
func (w waiting) look() (int, error) {
	w.own.LookAtGates()
	return unix.EpollWait(w.queue, w.events, 0)
}

// told is what the wait ended with. Clients have the number of the fd in each event.
func (w waiting) told(n int) string {
	if n <= 0 {
		return waits + ": the deadline has passed"
	}
	var names []string
	for _, e := range w.events[:n] {
		switch o := w.own.Object(int(e.Fd)).(type) {
		case *bpfsys.Map:
			names = append(names, o.Name())
		case *bpfsys.PerfEvent:
			names = append(names, fmt.Sprintf("perf event of CPU %d", o.CPU()))
		}
	}
	if names == nil {
		return waits + ": the reader is closed or flushed"
	}
	return waits + ": records in " + strings.Join(names, ", ")
}
