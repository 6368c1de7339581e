//go:build linux && (amd64 || arm64)

package intercept

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/syscall"
)

// recorders find who writes the calls to a kernel down.
type recorders struct {
	of     func(*bpfsys.Kernel) *recording.Recorder // nil for nobody
	probed atomic.Bool                              // the shim's probe is over; what follows is the command's
}

// record has calls recorded, and what becomes of the objects that they make.
func (s *supervisor) record(of func(*bpfsys.Kernel) *recording.Recorder) {
	if of == nil {
		return
	}
	s.recorders.of = of
	s.objects.gone, s.bpffs.pins.gone = s.recorders.gone, s.recorders.unpinned
}

// on is who writes the calls to a kernel down, nil for nobody.
func (r *recorders) on(k *bpfsys.Kernel) *recording.Recorder {
	if r.of == nil || k == nil {
		return nil
	}
	return r.of(k)
}

func (r *recorders) gone(f *bpfsys.File) {
	if by := r.on(f.Kernel()); by != nil {
		by.Gone(f)
	}
}

func (r *recorders) unpinned(f *bpfsys.File) {
	if by := r.on(f.Kernel()); by != nil {
		by.Unpinned(f.Object())
	}
}

// turn waits for the turn of a call; nil when it is not to be recorded.
func (r *recorders) turn(k *bpfsys.Kernel) *recording.Entry {
	if r.of == nil || !r.probed.Swap(true) {
		return nil
	}
	by := r.on(k)
	if by == nil {
		return nil
	}
	entry := by.Turn()
	entry.On(k)
	return entry
}

// beside notes a call that recordings do not have, but may have changed what later ones answer.
func (r *recorders) beside(k *bpfsys.Kernel, what string) {
	if by := r.on(k); by != nil {
		by.Beside(what)
	}
}

// recorded is the caller as recordings have him.
func (c *call) recorded(cpu int) recording.Caller {
	if c.listener == noListener {
		return recording.Caller{Process: int(c.PID), Thread: int(c.PID), CPU: cpu}
	}
	return recording.Caller{Process: c.caller().leader(), Thread: int(c.PID), CPU: cpu}
}

// endRecorded ends a call that may be the host's.
func endRecorded(entry *recording.Entry, ret int32, errno abi.Errno, ours bool) {
	switch {
	case entry == nil:
	case ours:
		entry.End(ret, errno)
	default:
		entry.Drop()
	}
}
