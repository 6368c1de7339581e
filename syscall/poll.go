package bpfsys

import (
	"slices"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
)

// Pollable is an object whose fds processes wait on with poll(2) and epoll(7). Whoever fronts a kernel asks Ready, has
// itself woken up by Watch, and asks again.
type Pollable interface {
	Object
	// Polls is the one event that fds of the object ever have: abi.PollIn, abi.PollOut or abi.PollErr. It never changes.
	Polls() abi.PollEvents
	// Ready tells whether the event is there now.
	Ready() bool
	// Once tells that a wake-up is reported once, and not for as long as Ready says so: the way of perf events.
	Once() bool
	// Watch has wake called each time when the kernel wakes those up who wait, from any goroutine, until stop is called.
	// wake must not block.
	Watch(wake func()) (stop func())
}

// waiters are who shall be told of wake-ups.
type waiters struct {
	mu  sync.Mutex
	all []*func()
}

func (w *waiters) watch(wake func()) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, &wake)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.all = slices.DeleteFunc(slices.Clone(w.all), func(other *func()) bool { return other == &wake })
	}
}

// wake tells everybody, without the lock: they may have locks of their own.
func (w *waiters) wake() {
	w.mu.Lock()
	all := w.all
	w.mu.Unlock()
	for _, wake := range all {
		(*wake)()
	}
}

// Polls is an error for maps that nobody can wait for (bpf_map_poll in kernel/bpf/syscall.c).
func (m *Map) Polls() abi.PollEvents {
	if m.waited == nil {
		return abi.PollErr
	}
	return m.waited.Polls()
}

// Ready tells whether the event that Polls names is there.
func (m *Map) Ready() bool { return m.waited == nil || m.waited.Ready() }

// Once is false: maps are ready as long as there is something to read, or room.
func (m *Map) Once() bool { return false }

// Watch has wake called when those are woken up who wait for the map.
func (m *Map) Watch(wake func()) (stop func()) { return m.waiters.watch(wake) }
