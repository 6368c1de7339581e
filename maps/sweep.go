package maps

import "encoding/binary"

// Sweeper is a hash table of which many elements can be copied, or moved out, in one atomic step. That is for tasks
// that no Scheduler watches: of all the orders in which a machine could run the steps of each element, it is one.
type Sweeper interface {
	Drainer
	// Sweep copies elements in the order of the walk and says in s where it stopped: when the table ends, the room
	// does, or sweepMost elements are copied.
	Sweep(t *Task, s *Sweep)
}

// Sweep is a part of a walk.
type Sweep struct {
	// Bucket is where to begin, and afterwards where to go on, Buckets() at the end of the table.
	Bucket uint32
	// After, unless nil, is a key to begin behind, or at bucket 0 when it is not in the map.
	After []byte
	// Whole takes a bucket as a whole or not at all. Remove takes the elements out of the map.
	Whole, Remove bool
	// Keys and Values receive the elements, each packed. Values nil means that Keys receives records, a key and its
	// value each.
	Keys, Values []byte
	// Count is the number of elements copied.
	Count int
}

// sweepAll is the number of elements from which on locking all buckets at once is cheaper than locking each, and
// sweepMost the number from which on a step copies no further bucket, since others wait for it.
const (
	sweepAll  = 64
	sweepMost = 1024
)

// sweep is a Sweep in progress.
type sweep struct {
	*Sweep
	*table
	task *Task
	room int  // elements
	all  bool // every bucket is locked

	touched    byte // what fetch read, or the compiler would leave it out
	gone, last slot // chain of removed elements, to be given back from its end
}

// Sweep copies elements.
func (x *table) Sweep(t *Task, s *Sweep) {
	s.Count = 0
	w := sweep{Sweep: s, table: x, task: t, room: x.roomFor(s)}
	if w.all = w.room >= sweepAll; w.all {
		x.lockAll(t, s.Remove)
	}
	w.walk()
	if w.all {
		x.unlockAll(t, s.Remove)
	}
	if w.gone != none {
		x.free.giveAll(t, w.gone, w.last, s.Count)
	}
}

// roomFor is the number of elements that fit.
func (x *table) roomFor(s *Sweep) int {
	if s.Values == nil {
		return len(s.Keys) / int(x.spec.KeySize+x.spec.ValueSize)
	}
	return min(len(s.Keys)/int(x.spec.KeySize), len(s.Values)/int(x.spec.ValueSize))
}

// walk copies from where the sweep begins.
func (w *sweep) walk() {
	if w.After != nil && !w.follow() {
		return
	}
	w.Bucket = w.occupied.next(w.Bucket)
	if w.all {
		w.walkAhead()
		return
	}
	for w.Bucket <= w.mask && w.Count < sweepMost && w.bucket() {
		w.Bucket = w.occupied.next(w.Bucket + 1)
	}
}

// ahead is the number of buckets that a sweep of locked ones looks ahead.
const ahead = 32

// walkAhead fetches the elements of some buckets into the cache, all at once, before it copies them: they lie anywhere
// in memory, and a processor that waits for one, to learn whether its chain goes on, fetches no other.
func (w *sweep) walkAhead() {
	var buckets [ahead]uint32
	var heads [ahead]slot
	for w.Bucket <= w.mask {
		n := 0
		for b := w.Bucket; b <= w.mask && n < ahead; b = w.occupied.next(b + 1) {
			buckets[n], heads[n] = b, w.head(&w.stripes[w.number(b)], b)
			n++
		}
		w.fetch(heads[:n])
		for i := range n {
			w.Bucket = buckets[i]
			if w.Count >= sweepMost || !w.move(&w.stripes[w.number(w.Bucket)], heads[i]) {
				return
			}
		}
		w.Bucket = w.occupied.next(w.Bucket + 1)
	}
}

// fetch reads a little of the first two elements of buckets.
func (w *sweep) fetch(heads []slot) {
	var seconds [ahead]slot
	n := 0
	for _, s := range heads {
		if seconds[n] = w.touch(s); seconds[n] != none {
			n++
		}
	}
	for _, s := range seconds[:n] {
		w.touch(s)
	}
}

// touch reads the start and the end of an element, and returns the one behind it.
func (w *sweep) touch(s slot) slot {
	record := w.arena.record(s)
	w.touched ^= record[len(record)-1]
	return slot(binary.LittleEndian.Uint32(record))
}

// follow copies what stands behind After in its bucket, and says whether there was room for it.
func (w *sweep) follow() bool {
	b := w.hash(w.After) & w.mask
	in := w.open(b)
	_, s := w.find(in.stripe, b, w.After)
	fits := true
	w.Bucket = 0
	if s != none {
		w.Bucket = b
		rest, _ := w.copyChain(w.next(s))
		if fits = rest == none; fits {
			w.Bucket = b + 1
		}
	}
	w.close(in)
	return fits
}

// bucket copies the bucket that the sweep is at, and says whether there was room for it.
func (w *sweep) bucket() bool {
	in := w.open(w.Bucket)
	fits := w.move(in.stripe, w.head(in.stripe, w.Bucket))
	w.close(in)
	return fits
}

// move is bucket between open and close.
func (w *sweep) move(st *stripe, head slot) bool {
	if w.Whole && w.Count+w.length(head) > w.room {
		return head == none
	}
	rest, last := w.copyChain(head)
	if w.Remove && rest != head {
		w.remove(st, w.Bucket, head, last, rest)
	}
	return rest == none
}

// open makes bucket b safe to read, and to change where the sweep removes.
func (w *sweep) open(b uint32) pass {
	switch {
	case w.all:
		return pass{stripe: &w.stripes[w.number(b)]}
	case w.Remove:
		return pass{stripe: w.lock(w.task, b)}
	}
	return w.enter(w.task, b)
}

// close ends what open began.
func (w *sweep) close(in pass) {
	switch {
	case w.all:
	case w.Remove:
		w.unlock(w.task, in.stripe)
	default:
		w.leave(w.task, in)
	}
}

// copyChain copies elements from s on while there is room. It returns the first one that was not copied and the last
// one that was.
func (w *sweep) copyChain(s slot) (rest, last slot) {
	key := int(w.spec.KeySize)
	for s != none && w.Count < w.room {
		record := w.arena.record(s)
		data := record[linkBytes:]
		if w.Values == nil {
			copy(w.Keys[w.Count*len(data):], data)
		} else {
			copy(w.Keys[w.Count*key:], data[:key])
			copy(w.Values[w.Count*(len(data)-key):], data[key:])
		}
		w.Count++
		s, last = slot(binary.LittleEndian.Uint32(record)), s
	}
	return s, last
}

// remove takes the elements from head to last, which rest follows, out of bucket b. What is given back last is used
// first: where single elements leave, that is the one that left last, and where buckets do, their newest.
func (w *sweep) remove(st *stripe, b uint32, head, last, rest slot) {
	w.setHead(st, b, rest)
	if rest == none {
		w.occupied.remove(b)
	}
	w.link(last, none)
	if !w.Whole {
		head, last = w.reverse(head), head
	}
	if w.gone == none {
		w.last = last
	}
	w.link(last, w.gone)
	w.gone = head
}
