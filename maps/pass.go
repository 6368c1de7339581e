package maps

// Filler is a Scheduler that may know which buckets of hash tables ever hold an element. Linux looks at buckets one by one, and
// others may come before each look. Where nobody puts anything they change nothing, so a walk passes such a bucket without a
// step. Filled is nil where it is not known: then a walk passes all that are empty at once.
type Filler interface {
	Filled() func(bucket uint32) bool
}

// filled tells which buckets may hold an element, nil where nobody knows.
func (t *Task) filled() func(bucket uint32) bool {
	if f, ok := t.Scheduler.(Filler); ok {
		return f.Filled()
	}
	return nil
}

// pass is the first bucket at or behind from that a walk has to look at.
func (x *table) pass(t *Task, from uint32) uint32 {
	if t.Scheduler == nil {
		return x.nextBucket(from)
	}
	if filled := t.filled(); filled != nil {
		for from <= x.mask && !filled(from) {
			from++
		}
		return from
	}
	t.Touch(read(Emptiness, uint64(from)))
	b := x.nextBucket(from)
	t.Touch(Access{Of: Emptiness, From: uint64(from), To: uint64(b) + 1})
	return b
}

// peek tells whether bucket b holds an element, without its lock.
func (x *table) peek(t *Task, b uint32) bool {
	t.Step(PointFind)
	t.Touch(read(Emptiness, uint64(b)))
	return x.nextBucket(b) == b
}
