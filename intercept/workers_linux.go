//go:build linux && (amd64 || arm64)

package intercept

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// workers are the threads that answer calls, as leader and followers: the leader receives and answers alone, which is
// the fastest on few CPUs. When an answer takes long, because it is large or waits for some program, the deputy takes
// the lead and goes on receiving, so that nobody else waits.
type workers struct {
	*supervisor
	leader  atomic.Pointer[worker]
	vacant  chan struct{} // holds the post of the deputy while nobody has it
	asleep  atomic.Bool   // the deputy waits for wake
	wake    int           // eventfd
	stop    int           // eventfd: readable from the time when all shall end
	stopped chan struct{} // closed then
	once    sync.Once
	running sync.WaitGroup

	mu     sync.Mutex
	rooms  []*notification // of workers that there could be
	spares int             // followers that wait for the post
}

// worker is one thread of them.
type worker struct {
	*workers
	turn atomic.Uint64 // goes up when it begins and when it ends a call as the leader: odd meanwhile
	call call
}

// Bounds of workers. Beyond maxWorkers long calls at a time, others wait.
const (
	maxWorkers = 256
	maxSpares  = 2
)

// newWorkers prepares workers, each of which receives its calls into an element of calls.
func newWorkers(s *supervisor, calls []notification) (*workers, error) {
	all := &workers{supervisor: s, vacant: make(chan struct{}, 1), stopped: make(chan struct{})}
	for _, fd := range []*int{&all.wake, &all.stop} {
		var err error
		if *fd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
			return nil, fmt.Errorf("make eventfd: %w", err)
		}
	}
	for i := range calls {
		all.rooms = append(all.rooms, &calls[i])
	}
	return all, nil
}

// start begins with a leader and a deputy.
func (all *workers) start() {
	all.vacant <- struct{}{}
	all.hire(true)
	all.hire(false)
}

// hire starts another worker, as the leader or as a follower, unless there are too many.
func (all *workers) hire(leads bool) {
	all.mu.Lock()
	defer all.mu.Unlock()
	last := len(all.rooms) - 1
	if last < 0 {
		return
	}
	w := &worker{workers: all}
	w.call.supervisor, w.call.notification = all.supervisor, all.rooms[last]
	all.rooms = all.rooms[:last]
	all.running.Add(1)
	if leads {
		all.leader.Store(w)
	}
	go w.run(leads)
}

// run works until the service ends or nobody needs w. The thread ends with its goroutine.
func (w *worker) run(leads bool) {
	runtime.LockOSThread()
	defer w.running.Done()
	for leads || w.follow() {
		leads = false
		w.lead()
	}
	w.mu.Lock()
	w.rooms = append(w.rooms, w.call.notification)
	w.mu.Unlock()
}

// lead receives and answers until the deputy has taken over or the service ends.
func (w *worker) lead() {
	for waitForCall(w.listener, w.stop) {
		if errno := receive(w.listener, w.call.notification); errno != 0 {
			continue
		}
		turn := w.turn.Add(1)
		if w.asleep.Load() {
			w.rouse()
		}
		w.call.handle()
		if !w.turn.CompareAndSwap(turn, turn+1) {
			return
		}
	}
	w.end()
}

// waitForCall returns true when a call waits; false when nobody is left to make any, or stop is readable. It polls rather
// than sleep in receive, which only kernels from 6.11 on end when the last caller is gone.
func waitForCall(listener, stop int) bool {
	fds := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}, {Fd: int32(stop), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case err == unix.EINTR:
		case err != nil || fds[1].Revents != 0:
			return false
		case fds[0].Revents&unix.POLLIN != 0:
			return true
		case fds[0].Revents != 0:
			return false
		}
	}
}

// follow waits until w is to lead; false when it never will be.
func (w *worker) follow() bool {
	if !w.spare() {
		return false
	}
	select {
	case <-w.vacant:
	case <-w.stopped:
		return false
	}
	w.mu.Lock()
	w.spares--
	w.mu.Unlock()
	return w.watch()
}

// spare enlists w as a spare worker unless there are enough.
func (all *workers) spare() bool {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.spares == maxSpares {
		return false
	}
	all.spares++
	return true
}

// takeLead makes the deputy the leader and sees to it that somebody succeeds it.
func (w *worker) takeLead() {
	w.leader.Store(w)
	w.vacant <- struct{}{}
	w.mu.Lock()
	alone := w.spares == 0
	w.mu.Unlock()
	if alone {
		w.hire(false)
	}
}

// end tells all workers to end. Those in the midst of a call end after it.
func (all *workers) end() {
	all.once.Do(func() {
		close(all.stopped)
		one := [8]byte{1}
		_, _ = unix.Write(all.stop, one[:])
	})
}

func (all *workers) close() {
	unix.Close(all.stop)
	unix.Close(all.wake)
}
