package maps

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
	// Touch says what the step in progress is about to read or write. A step behind which nothing is said may touch anything.
	Touch(t *Task, a Access)
}

// Point names the kind of action that a step stands before.
type Point uint8

// The kinds of steps: taking a lock, finding an element without one, copying one word of a value without one, copying between
// a map and user memory, changing a map's number of elements after it was looked at.
const (
	PointLock Point = iota
	PointFind
	PointWord
	PointUser
	PointCount
)

// String is the point's name in traces.
func (p Point) String() string {
	return [...]string{"lock", "find", "word", "user", "count"}[p]
}

// Step marks a step boundary.
func (t *Task) Step(at Point) {
	if t.Scheduler != nil {
		t.Scheduler.Step(t, at)
	}
}

// copyWords copies src to dst as a reader or writer without a lock does: another task may run before each word. a is the map's side
// of it.
func (t *Task) copyWords(dst, src []byte, a Access) {
	if t.Scheduler == nil {
		inside()
		put(dst, src)
		return
	}
	for at := 0; at < len(dst); {
		n := wordAt(len(dst) - at)
		t.Step(PointWord)
		t.Touch(a.part(at, n))
		at += copy(dst[at:at+n], src[at:])
	}
}

// wordAt is the size of the next word of a copy that has so many bytes to go: 8 while there are as many, and then 4, 2 and 1.
// Behind these ends, and there alone, Linux 6.18 on x86-64 was seen to tear values of 1 to 64 bytes: those of 1, 2, 4 and
// 8 never, of 3 behind byte 2, of 7 behind 4, of 15 behind 8 and 12, of 31 behind 8, 16 and 28.
func wordAt(left int) int {
	for n := 8; ; n /= 2 {
		if n <= left {
			return n
		}
	}
}

// Lock is a kernel lock (a bucket's, an LRU list's, a queue's). Its zero value is unlocked.
type Lock struct {
	mu   mutex
	name uint32 // in Accesses; locks of one name are taken for one
}

// listLock is the name of the first LRU list's lock, behind those of the buckets.
const listLock = 1 << 8

// Access is what taking, holding or giving back the lock touches.
func (l *Lock) Access() Access { return write(Locks, uint64(l.name)) }

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
