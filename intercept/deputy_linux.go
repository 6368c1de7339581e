//go:build linux && (amd64 || arm64)

package intercept

import "golang.org/x/sys/unix"

// The deputy looks at the leader once a tick, and so a call is long when it lasts for one or two.
const (
	tick       = 1  // ms
	quietTicks = 20 // without any call, until the deputy sleeps
)

// glance is what the deputy sees: the leader is at the same call when it is the same twice, and odd.
type glance struct {
	leader *worker
	turn   uint64
}

func (all *workers) glance() glance {
	leader := all.leader.Load()
	return glance{leader, leader.turn.Load()}
}

func (g glance) answering() bool { return g.turn%2 == 1 }

// watch is the deputy's work: it takes the lead, and returns true, when the leader's call lasts too long. It returns
// false when the service ends.
func (w *worker) watch() bool {
	last, quiet := w.glance(), 0
	for w.pause(last, quiet > quietTicks) {
		now := w.glance()
		switch {
		case now != last:
			quiet = 0
		case !now.answering():
			quiet++
		case now.leader.turn.CompareAndSwap(now.turn, now.turn+1):
			w.takeLead()
			return true
		}
		last = now
	}
	return false
}

// pause waits for the next tick or, when the leader has nothing to do, for the next call. It returns false when the
// service ends.
func (w *worker) pause(last glance, sleep bool) bool {
	timeout := tick
	if sleep {
		w.asleep.Store(true)
		if w.glance() == last {
			timeout = -1
		}
	}
	fds := []unix.PollFd{{Fd: int32(w.wake), Events: unix.POLLIN}, {Fd: int32(w.stop), Events: unix.POLLIN}}
	_, _ = unix.Poll(fds, timeout)
	w.asleep.Store(false)
	if fds[0].Revents != 0 {
		var count [8]byte
		_, _ = unix.Read(w.wake, count[:])
	}
	return fds[1].Revents == 0
}

// rouse wakes the deputy for the call that begins. The deputy looks for such a call once more after it said that it
// sleeps, so that none is missed.
func (all *workers) rouse() {
	if all.asleep.CompareAndSwap(true, false) {
		one := [8]byte{1}
		_, _ = unix.Write(all.wake, one[:])
	}
}
