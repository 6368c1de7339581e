//go:build linux && (amd64 || arm64)

package intercept

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/recording"
)

// recorder writes calls down.
type recorder struct {
	*recording.Recorder
	probed atomic.Bool // the shim's probe is over; what follows is the command's
}

// record has calls recorded, and what becomes of the objects that they make.
func (s *supervisor) record(r *recording.Recorder) {
	if r == nil {
		return
	}
	s.recorder = &recorder{Recorder: r}
	s.objects.gone, s.bpffs.pins.gone = r.Gone, r.Unpinned
}

// turn waits for the turn of a call; nil when it is not to be recorded.
func (r *recorder) turn() *recording.Entry {
	if r == nil || !r.probed.Swap(true) {
		return nil
	}
	return r.Turn()
}

// recorded is the caller as recordings have him.
func (c *call) recorded(cpu int) recording.Caller {
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

// beside notes a call that recordings do not have, but may have changed what later ones answer.
func (r *recorder) beside(what string) {
	if r != nil {
		r.Beside(what)
	}
}
