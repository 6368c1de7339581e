package maps

import "github.com/bpfsim/bpfsim/internal/prefetch"

// prefetcher runs ahead of a sweep and has the elements fetched that will be copied soon. Those in slots lie anywhere in
// memory: a processor that comes to them unprepared waits for a few at a time, since it does not look ahead farther than
// some hundred instructions.
type prefetcher struct {
	page   *page
	number uint32 // of the page
	at     uint32 // the element to be fetched next
	left   int    // elements still to be fetched
}

const (
	// prefetchAhead is how far a prefetcher is in front, in elements. More than the processor can fetch at once would be
	// in its way, and asking for many and then for none for a while takes as long as not asking.
	prefetchAhead = 12
	// prefetchMost is the most that is fetched in one place, in bytes: behind that, the processor guesses what comes.
	prefetchMost = 512
)

// startPrefetch begins to fetch from element at.
func (s *Sweep) startPrefetch(p *page, at uint32) {
	s.step.prefetcher = prefetcher{page: p, number: s.step.table.pageNumber(s.Bucket), at: at, left: s.step.room}
	for range prefetchAhead {
		s.prefetchNext()
	}
}

// prefetchNext has one more element fetched, if there is one that the sweep will come to.
func (s *Sweep) prefetchNext() {
	x, c := s.step.table, &s.step.prefetcher
	for c.left > 0 && c.at >= c.page.count {
		n := x.occupied.next(c.number + 1)
		if !s.step.all || n > x.pageNumber(x.mask) {
			c.left = 0
			break
		}
		c.page, c.number, c.at = x.get(n), n, 0
		x.fetchPage(n + 1)
	}
	if c.left == 0 {
		return
	}
	if !x.layout.has(keys) {
		fetch(x.key(c.page, c.at))
	}
	fetch(x.value(c.page, c.at))
	c.at++
	c.left--
}

// fetchPage has what there is of elements in page n, or the first one behind it, fetched.
func (x *table) fetchPage(n uint32) {
	if n = x.occupied.next(n); n <= x.pageNumber(x.mask) {
		fetch(x.get(n).block)
	}
}

// fetch has the beginning of memory fetched.
func fetch(memory []byte) { prefetch.Lines(memory[:min(len(memory), prefetchMost)]) }
