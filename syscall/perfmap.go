package bpfsys

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// MayMap is perf_mmap in kernel/events/core.c: the first mapping makes the buffer, later ones must have its size. That a
// buffer is not mapped any more is not noticed here, and so it keeps its size.
func (e *PerfEvent) MayMap(want Mapping) abi.Errno {
	pages := (want.Length+perfPage-1)/perfPage - 1
	switch {
	case !want.Shared, want.Offset != 0, pages&(pages-1) != 0 && pages != 0, e.attr.has(abi.PerfBitInherit) && e.cpu == noCPU:
		return abi.EINVAL
	case pages > mostPerfPages:
		return abi.ENOMEM
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.redirect != nil && e.redirect.hasPages(pages):
		return abi.EBUSY
	case e.redirect != nil, e.ring != nil && e.ring.size() != pages*perfPage:
		return abi.EINVAL
	case e.ring != nil:
		return abi.OK
	case !e.account.Take((1 + pages) * perfPage):
		return abi.ENOMEM
	}
	e.ring = newPerfRing(e, e.memory(pages), pages, want.Write)
	return abi.OK
}

// isMapped tells whether e has a buffer.
func (e *PerfEvent) isMapped() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ring != nil
}

// hasPages tells whether e has a buffer of that size.
func (e *PerfEvent) hasPages(pages uint64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ring != nil && e.ring.size() == pages*perfPage
}

// memory is where the buffer lies: in what processes can map, if there is such memory.
func (e *PerfEvent) memory(pages uint64) []atomic.Uint64 {
	if e.backing != nil {
		return e.backing.Words()
	}
	return make([]atomic.Uint64, (1+pages)*perfPage/8)
}

// Backing is the memory that Process.Backing gave for the buffer, nil when it gave none.
func (e *PerfEvent) Backing() Backing { return e.backing }

// Buffer is the memory of the buffer as a reader has it mapped, the page of positions first; nil before it is mapped.
func (e *PerfEvent) Buffer() []atomic.Uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ring == nil {
		return nil
	}
	return e.ring.positions[: len(e.ring.positions)+len(e.ring.data) : len(e.ring.positions)+len(e.ring.data)]
}

// Polls is the event that fds have: there is something to read.
func (e *PerfEvent) Polls() abi.PollEvents { return abi.PollIn }

// Ready tells whether those who wait were woken up for what is still there.
func (e *PerfEvent) Ready() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pending && e.ring != nil && e.ring.head != e.ring.positions[perfMetaTail/8].Load()
}

// Once is true: a wake-up is reported once (perf_poll).
func (e *PerfEvent) Once() bool { return true }

// Watch has wake called when those are woken up who wait for the event.
func (e *PerfEvent) Watch(wake func()) (stop func()) { return e.waiters.watch(wake) }

// pause stops and resumes writing (PERF_EVENT_IOC_PAUSE_OUTPUT).
func (e *PerfEvent) pause(on bool) abi.Errno {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ring == nil || e.ring.size() == 0 {
		return abi.EINVAL
	}
	e.ring.paused = on
	return abi.OK
}

// setOutput has what e writes go to another event's buffer (perf_event_set_output), or to its own again for nil.
func (e *PerfEvent) setOutput(to *PerfEvent) abi.Errno {
	if to == e || to != nil && (to.cpu != e.cpu || to.cpu == noCPU && to.pid != e.pid ||
		!to.sameClock(e) || to.attr.has(abi.PerfBitWriteBackward) != e.attr.has(abi.PerfBitWriteBackward)) {
		return abi.EINVAL
	}
	if to != nil {
		if to = to.bufferOwner(); !to.isMapped() {
			return abi.EINVAL
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ring != nil {
		return abi.EINVAL
	}
	old := e.redirect
	e.redirect = to
	if to != nil {
		to.Hold()
	}
	if old != nil {
		defer old.Release()
	}
	return abi.OK
}
