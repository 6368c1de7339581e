package maps

import "sync"

// Task is what an operation runs on: a CPU, and a Scheduler when a machine interleaves tasks step by step. A nil
// Scheduler means real goroutines (or just one): steps cost nothing and locks are real.
type Task struct {
	// CPU is the possible CPU, counted from 0, that the task occupies. LRU lists and per-CPU values depend on it.
	CPU int
	// Scheduler stops the task before each step that another CPU could see.
	Scheduler Scheduler
}

// Scheduler is a machine's side of a task's step boundary. Exactly one task of a machine runs at a time.
type Scheduler interface {
	// Step is called before an action that another CPU could see; another task may run before it returns.
	Step(t *Task, at Point)
	// Lock is the step before t takes l; it returns when l is free. The machine learns of l beforehand so that it
	// never picks a task that could only wait.
	Lock(t *Task, l *Lock)
}

// Point names the kind of action that a step stands before.
type Point uint8

// The kinds of steps: taking a lock, finding an element without one, copying one 8-byte word of a value without one,
// copying between a map and user memory.
const (
	PointLock Point = iota
	PointFind
	PointWord
	PointUser
)

// String is the point's name in traces.
func (p Point) String() string {
	return [...]string{"lock", "find", "word", "user"}[p]
}

// Step marks a step boundary.
func (t *Task) Step(at Point) {
	if t.Scheduler != nil {
		t.Scheduler.Step(t, at)
	}
}

// copyWords copies src to dst as a reader or writer without a lock does: another task may run before each 8-byte word.
func (t *Task) copyWords(dst, src []byte) {
	if t.Scheduler == nil {
		put(dst, src)
		return
	}
	for len(dst) > 0 {
		t.Step(PointWord)
		n := copy(dst[:min(8, len(dst))], src)
		dst, src = dst[n:], src[n:]
	}
}

// Lock is a kernel lock (a bucket's, an LRU list's, a queue's). Its zero value is unlocked.
type Lock struct{ mu sync.Mutex }

// Lock acquires l for t. Under a Scheduler it is one step, and a held lock hands the CPU to other tasks.
func (l *Lock) Lock(t *Task) {
	if t.Scheduler != nil {
		t.Scheduler.Lock(t, l)
	}
	l.mu.Lock()
}

// Unlock releases l.
func (l *Lock) Unlock() { l.mu.Unlock() }

// Held reports whether some task holds l. Only a Scheduler, whose tasks run one at a time, can rely on the answer.
func (l *Lock) Held() bool {
	if !l.mu.TryLock() {
		return true
	}
	l.mu.Unlock()
	return false
}
