package maps

// cursor says where a walk is: the page and the cell of the key that it gave last. It is only a hint, to be compared
// with the key that the walk goes on from: a walk that goes on where it is needs neither a hash nor a search.
type cursor uint32

// cellBits is the share of a cursor that is the cell.
const cellBits = 10

// cursorAt is the cursor for a cell, or another one where the numbers are too large.
func cursorAt(page, at uint32) cursor { return cursor(page<<cellBits | at&(1<<cellBits-1)) }

func (c cursor) page() uint32 { return uint32(c) >> cellBits }
func (c cursor) cell() uint32 { return uint32(c) & (1<<cellBits - 1) }

// seek enters the page that holds key and finds it there, or not.
func (x *table) seek(t *Task, key []byte) (in pass, number uint32, p *page, at uint32, found bool) {
	if t.Scheduler == nil {
		c := x.walker(t)
		number, at = c.page(), c.cell()
		in, p = x.enter(t, x.firstOf(number)), x.get(number)
		if at < p.count && equal(x.key(p, at), key) {
			return in, number, p, at, true
		}
		x.leave(t, in)
	}
	hash := x.hash(key)
	in = x.enter(t, hash&x.mask)
	p, at, found = x.find(hash, key)
	return in, x.pageNumber(hash & x.mask), p, at, found
}
