package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// perfGroup is what group_fd says.
type perfGroup struct {
	of    *PerfEvent // with a reference, nil for none
	flags uint64
}

// perfGroup finds the event that group_fd names. What a cgroup's events must be comes before.
func (c *call) perfGroup(args PerfEventOpen) (g perfGroup, errno abi.Errno) {
	switch {
	case args.Flags&abi.PerfFlagPIDCgroup != 0 && (args.PID == everybody || args.CPU == noCPU):
		return g, abi.EINVAL
	case args.Group == -1:
		return g, abi.OK
	}
	g.flags = args.Flags
	g.of, errno = c.perfEvent(args.Group)
	return g, errno
}

func (g perfGroup) release() {
	if g.of != nil {
		g.of.Release()
	}
}

// leader is the event whose group a new one is to join, nil for none.
func (g perfGroup) leader() *PerfEvent {
	if g.flags&abi.PerfFlagNoGroup != 0 {
		return nil
	}
	return g.of
}

// join puts the event into a group, which has one level, one clock, one CPU and one process, and of which only who leads it is pinned or exclusive.
func (e *PerfEvent) join(g perfGroup) abi.Errno {
	if to := g.leader(); to != nil {
		if to.led() || !to.sameClock(e) || to.cpu != e.cpu || to.pid != e.pid || e.attr.has(abi.PerfBitPinned|abi.PerfBitExclusive) {
			return abi.EINVAL
		}
		e.leader = to
	}
	if g.of != nil && g.flags&abi.PerfFlagOutput != 0 {
		return e.setOutput(g.of)
	}
	return abi.OK
}

// led reports whether another event leads the group: when that is closed, each event is its own leader.
func (e *PerfEvent) led() bool { return e.leader != nil && e.leader.refs.Load() > 0 }

// sameClock reports whether two events read the same clock.
func (e *PerfEvent) sameClock(other *PerfEvent) bool {
	own, others := e.attr.has(abi.PerfBitUseClockID), other.attr.has(abi.PerfBitUseClockID)
	return own == others && (!own || e.attr.clock == other.attr.clock)
}
