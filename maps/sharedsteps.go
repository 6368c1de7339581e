//go:build steps

package maps

import (
	"sync"
	"sync/atomic"
)

// Watch, unless nil, is called in front of each access to what goroutines share, for tests that run them one at a time. It
// returns when the caller may go on, and not while blocked, unless that is nil, is true.
var Watch func(blocked func() bool)

// changes counts changes of what is shared.
var changes int

func reach(blocked func() bool) {
	if Watch != nil {
		Watch(blocked)
	}
}

// giveWay comes back when something has changed: to look again before would be to see the same.
func giveWay() {
	seen := changes
	reach(func() bool { return changes == seen })
}

// As shared.go has them, but small: a schedule of few steps comes to each.
const (
	patience    = 0
	reopenAfter = 2
)

func inside() { reach(nil) }

type sharedFlag struct{ is atomic.Bool }

func (f *sharedFlag) Load() bool {
	reach(nil)
	return f.is.Load()
}

func (f *sharedFlag) Store(v bool) {
	reach(nil)
	changes++
	f.is.Store(v)
}

type sharedWord struct{ is atomic.Uint64 }

func (w *sharedWord) Load() uint64 {
	reach(nil)
	return w.is.Load()
}

func (w *sharedWord) Store(v uint64) {
	reach(nil)
	changes++
	w.is.Store(v)
}

func (w *sharedWord) CompareAndSwap(old, v uint64) bool {
	reach(nil)
	changes++
	return w.is.CompareAndSwap(old, v)
}

type sharedCount struct{ is atomic.Uint32 }

func (c *sharedCount) Load() uint32 {
	reach(nil)
	return c.is.Load()
}

func (c *sharedCount) Store(v uint32) {
	reach(nil)
	changes++
	c.is.Store(v)
}

func (c *sharedCount) Add(n uint32) uint32 {
	reach(nil)
	changes++
	return c.is.Add(n)
}

func (c *sharedCount) CompareAndSwap(old, v uint32) bool {
	reach(nil)
	changes++
	return c.is.CompareAndSwap(old, v)
}

type mutex struct{ is sync.Mutex }

func (m *mutex) Lock() {
	reach(m.held)
	m.is.Lock()
}

func (m *mutex) TryLock() bool { return m.is.TryLock() }

func (m *mutex) Unlock() {
	changes++
	m.is.Unlock()
}

func (m *mutex) held() bool {
	if !m.is.TryLock() {
		return true
	}
	m.is.Unlock()
	return false
}
