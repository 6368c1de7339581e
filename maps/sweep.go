package maps

// Swept is a map of which many elements can be copied, or moved out, in one atomic step.
type Swept interface {
	Sweeper() *Sweeper
}

// Sweeper makes these steps. They are for tasks that no Scheduler watches: of all the orders in which a machine could run
// the steps of each element, they are one. It is no interface, so that a Sweep can stay on its caller's stack.
type Sweeper struct {
	table  *table // nil: others
	others copier
}

// Sweeper is that of the table.
func (x *table) Sweeper() *Sweeper { return &Sweeper{table: x} }

// Sweep is a part of a walk.
type Sweep struct {
	// Bucket is where to begin in a hash table, and afterwards Buckets() at its end, else where to go on: with the first
	// element of a bucket from there on that has not left the map or, where neither Whole nor Remove is set, behind
	// the last element copied.
	Bucket uint32
	// After, unless nil, is a key to begin behind, or at the first element when it is not in the map. It is done with before
	// anything is written.
	After []byte
	// Whole takes a bucket as a whole or not at all. Remove takes the elements out of the map, of other types than hash
	// tables the first ones.
	Whole, Remove bool
	// Keys and Values receive the elements, each packed. Values nil means that Keys receives records, a key and its
	// value each.
	Keys, Values []byte
	// Count is the number of elements copied, and End tells that there are no more.
	Count int
	End   bool

	step sweepStep
}

// sweepAll is the number of elements from which on locking all pages at once is cheaper than locking each: with fewer, a
// step copies from one page. sweepMost is the number from which on a step copies no further page, since others wait for
// it.
const (
	sweepAll  = 64
	sweepMost = 4096
)

// sweepStep is a step in progress. It is a part of the Sweep so that nothing has to be copied from one to the other.
type sweepStep struct {
	table      *table
	task       *Task
	room       int  // elements
	all        bool // every page is locked
	last       cursor
	gone       removed
	prefetcher prefetcher
}

// Sweep copies elements in the order of the walk and says in s where it stopped: when the map ends or the room does, or
// somewhere before, but not before the first element that may be taken in such a step at all.
func (m *Sweeper) Sweep(t *Task, s *Sweep) {
	s.Count = 0
	if m.table == nil {
		s.Count, s.End = m.others.copyMany(t, s.After, s.Remove, roomIn(s.Keys, s.Values, m.others))
		return
	}
	m.table.sweep(t, s)
	s.End = s.Bucket > m.table.mask
}

func (x *table) sweep(t *Task, s *Sweep) {
	s.step.table, s.step.task, s.step.room, s.step.gone = x, t, x.roomFor(s), removed{}
	s.step.prefetcher.page = nil
	if s.step.all = s.step.room >= sweepAll; s.step.all {
		x.lockAll(t, s.Remove)
	}
	s.walk()
	if s.step.all {
		x.unlockAll()
	}
	if s.Remove && s.Count > 0 {
		x.free.giveAll(t, s.step.gone.first, s.step.gone.last, s.Count)
	}
}

// roomFor is the number of elements that fit.
func (x *table) roomFor(s *Sweep) int {
	if s.Values == nil {
		return len(s.Keys) / (int(x.spec.KeySize) + x.valueBytes)
	}
	return min(len(s.Keys)/int(x.spec.KeySize), len(s.Values)/x.valueBytes)
}

// walk copies from where the sweep begins.
func (s *Sweep) walk() {
	x := s.step.table
	if s.After != nil && !s.follow() {
		return
	}
	most := 1
	if s.step.all {
		most = sweepMost
	}
	for s.Count < most {
		n := x.occupied.next(x.pageNumber(s.Bucket))
		if n > x.pageNumber(x.mask) {
			s.Bucket = x.mask + 1
			return
		}
		s.Bucket = max(s.Bucket, x.firstOf(n))
		if !s.page() {
			return
		}
	}
}

// page copies the rest of the page that the sweep is in, and says whether there was room for it.
func (s *Sweep) page() bool {
	x := s.step.table
	in := s.open(s.Bucket)
	p, i := x.pageOf(s.Bucket)
	fits := s.take(p, p.start(i))
	s.close(in)
	return fits
}

// follow copies what stands behind After in its page, and says whether there was room for it.
func (s *Sweep) follow() bool {
	x := s.step.table
	in, number, p, at, found := s.seek()
	fits := true
	s.Bucket = 0
	if found {
		s.Bucket = x.firstOf(number)
		fits = s.take(p, at+1)
	}
	s.close(in)
	return fits
}

// seek opens the page of After and finds it there.
func (s *Sweep) seek() (in pass, number uint32, p *page, at uint32, found bool) {
	x := s.step.table
	if !s.step.all && !s.Remove {
		return x.seek(s.step.task, s.After)
	}
	hash := x.hash(s.After)
	in = s.open(hash & x.mask)
	p, at, found = x.find(hash, s.After)
	return in, x.pageNumber(hash & x.mask), p, at, found
}

// take copies a page from cell from on, as much of it as there is room for, and moves the sweep to where it goes on.
func (s *Sweep) take(p *page, from uint32) (fits bool) {
	x := s.step.table
	number := x.pageNumber(s.Bucket)
	first, next := x.firstOf(number), x.firstOf(number+1)
	to, on := p.count, next
	if rest := s.step.room - s.Count; int(to-from) > rest {
		to, on = from+uint32(rest), s.Bucket
		if s.Whole {
			i := p.bucketAt(s.Bucket-first, to)
			to, on = p.start(i), first+i
		}
	}
	if s.step.all && !x.layout.has(slots) {
		x.fetchPage(number + 1)
	}
	if from < to {
		s.copy(p, from, to)
		s.step.last = cursorAt(number, to-1)
	}
	if s.Remove && from < to {
		s.remove(p, from, to)
	}
	s.Count += int(to - from)
	fits, s.Bucket = on == next, on
	return fits
}

// open makes the page of bucket b safe to read, and to change where the sweep removes.
func (s *Sweep) open(b uint32) pass {
	x := s.step.table
	switch {
	case s.step.all:
		return pass{stripe: &x.stripes[x.number(b)]}
	case s.Remove:
		return pass{stripe: x.lock(s.step.task, b)}
	}
	return x.enter(s.step.task, b)
}

// close ends what open began.
func (s *Sweep) close(in pass) {
	x := s.step.table
	switch {
	case s.step.all:
	case s.Remove:
		x.unlock(in.stripe)
	default:
		in.cursor = s.step.last
		x.leave(s.step.task, in)
	}
}

// copy copies the elements from one to another.
func (s *Sweep) copy(p *page, from, to uint32) {
	x := s.step.table
	key, value := int(x.spec.KeySize), x.valueBytes
	record := key + value
	cells := p.cells(from, to-from, x.layout)
	inside()
	switch {
	case s.Values == nil && x.layout.has(slots):
		records := s.Keys[s.Count*record:]
		s.copyEach(p, from, to, records, records[key:], record, record)
	case s.Values == nil:
		put(s.Keys[s.Count*record:], cells)
	case x.layout.has(slots):
		s.copyEach(p, from, to, s.Keys[s.Count*key:], s.Values[s.Count*value:], key, value)
	default:
		split(s.Keys[s.Count*key:], s.Values[s.Count*value:], cells, key, record)
	}
}

// split copies the keys and the values of records.
func split(keys, values, records []byte, key, record int) {
	for ; len(records) >= record; records = records[record:] {
		put(keys, records[:key])
		put(values, records[key:record])
		keys, values = keys[key:], values[record-key:]
	}
}

// copyEach copies keys and values, which are in slots, to places of their own, so many bytes apart.
func (s *Sweep) copyEach(p *page, from, to uint32, keys, values []byte, keyStep, valueStep int) {
	x := s.step.table
	if s.step.prefetcher.page == nil {
		s.startPrefetch(p, from)
	}
	for at := from; at < to; at++ {
		s.prefetchNext()
		put(keys, x.key(p, at))
		put(values, x.value(p, at))
		if at+1 < to {
			keys, values = keys[keyStep:], values[valueStep:]
		}
	}
}

// remove takes the elements from one to another out of the map. What is given back last is used first: where single
// elements leave, that is the one that left last, and where buckets do, their newest.
func (s *Sweep) remove(p *page, from, to uint32) {
	x := s.step.table
	for at := from; x.leaves != nil && at < to; at++ {
		x.leaves(x.value(p, at))
	}
	if s.Whole {
		for i := x.inPage(s.Bucket); i < pageBuckets && p.start(i) < to; i++ {
			at, end := p.bounds(i)
			s.step.gone.addNewestLast(x, p, at, end)
		}
	} else {
		s.step.gone.addNewestFirst(x, p, from, to)
	}
	p.cut(from, to-from, x.layout)
	x.vacate(p, s.Bucket)
}
