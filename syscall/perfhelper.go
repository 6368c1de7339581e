package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// The place in a map that the helpers on perf events name by their flags (bpf-helpers(7)).
const indexMask = 1<<32 - 1 // BPF_F_INDEX_MASK

// PerfEventOutput writes a sample to the perf buffer that a PERF_EVENT_ARRAY has at the index in flags, or at that of the
// task's CPU (bpf_perf_event_output in kernel/trace/bpf_trace.c). ENOSPC is a record lost.
func (h Helpers) PerfEventOutput(m maps.Map, flags uint64, data []byte) abi.Errno {
	h.begin()
	e, errno := h.perfEvent(m, flags)
	switch {
	case errno != abi.OK:
		return errno
	case e.attr.kind != abi.PerfSoftware || e.attr.config != abi.PerfBPFOutput:
		return abi.EINVAL
	case !e.runsOn(h.Task.CPU):
		return abi.EOPNOTSUPP
	}
	return e.output(h.Task.CPU, data)
}

// LosePerfEvent has a sample lost as if there were no room for it: its reader hears of it with the next one that is not.
func (h Helpers) LosePerfEvent(m maps.Map, flags uint64) abi.Errno {
	e, errno := h.perfEvent(m, flags)
	if errno != abi.OK {
		return errno
	}
	owner := e.bufferOwner()
	owner.mu.Lock()
	defer owner.mu.Unlock()
	if owner.ring != nil {
		owner.ring.lost++
	}
	return abi.ENOSPC
}

// PerfEventReadValue reads the event at the index in flags (bpf_perf_event_read_value): events count nothing here. Linux
// reads those of another CPU no more than it writes to them.
func (h Helpers) PerfEventReadValue(m maps.Map, flags uint64) (counter, enabled, running uint64, errno abi.Errno) {
	h.begin()
	e, errno := h.perfEvent(m, flags)
	if errno == abi.OK && int(e.cpu) != h.Task.CPU && e.cpu != noCPU {
		errno = abi.EINVAL
	}
	return 0, 0, 0, errno
}

// perfEvent finds the event that flags name.
func (h Helpers) perfEvent(m maps.Map, flags uint64) (*PerfEvent, abi.Errno) {
	holder, ok := m.(maps.FDHolder)
	if !ok || flags&^indexMask != 0 {
		return nil, abi.EINVAL
	}
	index := uint32(flags & indexMask)
	if flags == abi.PerfCurrentCPU {
		index = uint32(h.Task.CPU)
	}
	if index >= m.Spec().MaxEntries {
		return nil, abi.E2BIG
	}
	e, ok := holder.Held(index).(*PerfEvent)
	if !ok {
		return nil, abi.ENOENT
	}
	return e, abi.OK
}

// runsOn tells whether the event is active on a CPU; one that follows a process is wherever that is.
func (e *PerfEvent) runsOn(cpu int) bool { return e.Enabled() && (e.cpu == noCPU || int(e.cpu) == cpu) }
