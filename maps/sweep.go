package maps

// Sweeper is a hash table of which many elements can be copied, or moved out, in one atomic step. That is for tasks
// that no Scheduler watches: of all the orders in which a machine could run the steps of each element, it is one.
type Sweeper interface {
	Drainer
	// Sweep copies elements in the order of the walk and says in s where it stopped: when the table ends or the room
	// does, or somewhere before, but not before the first element.
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

// sweepAll is the number of elements from which on locking all pages at once is cheaper than locking each: with fewer, a
// step copies from one page. sweepMost is the number from which on a step copies no further page, since others wait for
// it.
const (
	sweepAll  = 64
	sweepMost = 4096
)

// sweep is a Sweep in progress.
type sweep struct {
	*Sweep
	*table
	task *Task
	room int  // elements
	all  bool // every page is locked
	last cursor
	// touched is what was read ahead, or the compiler would leave that out.
	touched byte
	gone    removed
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
		x.unlockAll()
	}
	if s.Remove && s.Count > 0 {
		x.free.giveAll(t, w.gone.first, w.gone.last, s.Count)
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
	most := 1
	if w.all {
		most = sweepMost
	}
	for w.Count < most {
		n := w.occupied.next(w.Bucket >> w.shift)
		if n > w.mask>>w.shift {
			w.Bucket = w.mask + 1
			return
		}
		w.Bucket = max(w.Bucket, n<<w.shift)
		if !w.page() {
			return
		}
	}
}

// page copies the rest of the page that the sweep is in, and says whether there was room for it.
func (w *sweep) page() bool {
	in := w.open(w.Bucket)
	p, i := w.pageOf(w.Bucket)
	fits := w.take(p, p.start(i))
	w.close(in)
	return fits
}

// follow copies what stands behind After in its page, and says whether there was room for it.
func (w *sweep) follow() bool {
	in, number, p, at, record := w.seek()
	fits := true
	w.Bucket = 0
	if record != nil {
		w.Bucket = number << w.shift
		fits = w.take(p, at+1)
	}
	w.close(in)
	return fits
}

// seek opens the page of After and finds it there.
func (w *sweep) seek() (in pass, number uint32, p *page, at uint32, record []byte) {
	if !w.all && !w.Remove {
		return w.table.seek(w.task, w.After)
	}
	hash := w.hash(w.After)
	in = w.open(hash & w.mask)
	p, at, record = w.find(hash, w.After)
	return in, hash & w.mask >> w.shift, p, at, record
}

// take copies a page from cell from on, as much of it as there is room for, and moves the sweep to where it goes on.
func (w *sweep) take(p *page, from uint32) (fits bool) {
	first := w.Bucket >> w.shift << w.shift
	to, on := p.count, first+1<<w.shift
	if rest := w.room - w.Count; int(to-from) > rest {
		to = from + uint32(rest)
		i := p.bucketAt(w.Bucket-first, to)
		if on = first + i; w.Whole {
			to = p.start(i)
		}
	}
	w.copy(p, from, to)
	if w.Remove && from < to {
		w.remove(p, from, to)
	}
	if to > from {
		w.last = cursorAt(first>>w.shift, to-1)
	}
	w.Count += int(to - from)
	fits, w.Bucket = on > first|(1<<w.shift-1), on
	return fits
}

// open makes the page of bucket b safe to read, and to change where the sweep removes.
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
		w.unlock(in.stripe)
	default:
		in.cursor = w.last
		w.leave(w.task, in)
	}
}

// copy copies the cells from one to another.
func (w *sweep) copy(p *page, from, to uint32) {
	key, value := int(w.spec.KeySize), int(w.spec.ValueSize)
	switch {
	case w.Values != nil:
		w.copyApart(p, from, to, w.Keys[w.Count*key:], w.Values[w.Count*value:])
	case w.packed:
		copy(w.Keys[w.Count*(key+value):], p.cells(from, to-from, w.layout))
	default:
		w.copyRecords(p, from, to, w.Keys[w.Count*(key+value):])
	}
}

// copyApart copies keys and values to places of their own.
func (w *sweep) copyApart(p *page, from, to uint32, keys, values []byte) {
	var next [ahead][]byte
	key := int(w.spec.KeySize)
	for ; from < to; from += ahead {
		for _, r := range w.look(p, from, to, &next) {
			put(keys, r[:key])
			put(values, r[key:])
			keys, values = keys[key:], values[len(r)-key:]
		}
	}
}

// copyRecords copies records.
func (w *sweep) copyRecords(p *page, from, to uint32, records []byte) {
	var next [ahead][]byte
	for ; from < to; from += ahead {
		for _, r := range w.look(p, from, to, &next) {
			records = records[copy(records, r):]
		}
	}
}

// ahead is the number of records that are looked at before they are copied.
const ahead = 16

// look fills next with the records from one on, and returns those before to. It reads a byte of each, so that the
// processor waits for all of them at once: those in slots lie anywhere in memory.
func (w *sweep) look(p *page, from, to uint32, next *[ahead][]byte) [][]byte {
	records := next[:min(to-from, ahead)]
	for i := range records {
		records[i] = w.record(p, from+uint32(i))
	}
	for _, r := range records {
		w.touched ^= r[0]
	}
	return records
}

// remove takes the cells from one to another out of the map. What is given back last is used first: where single
// elements leave, that is the one that left last, and where buckets do, their newest.
func (w *sweep) remove(p *page, from, to uint32) {
	if w.Whole {
		for i := w.Bucket & (1<<w.shift - 1); i < pageBuckets && p.start(i) < to; i++ {
			at, end := p.bounds(i)
			w.gone.addNewestLast(w.table, p, at, end)
		}
	} else {
		w.gone.addNewestFirst(w.table, p, from, to)
	}
	p.cut(from, to-from, w.layout)
	w.vacate(p, w.Bucket)
}
