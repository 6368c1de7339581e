package maps

import "sync/atomic"

const (
	pageWords = 512 // 4096 bytes
	dirPages  = 512
)

type (
	wordPage [pageWords]atomic.Uint64
	dir      [dirPages]atomic.Pointer[wordPage]
)

// words is an array of 64-bit words that read as zero and take memory, a page at a time, when first touched: a page
// table of two levels. Any number of goroutines may use it at once.
type words struct {
	only []atomic.Uint64 // all words, where they are no more than a page
	root []atomic.Pointer[dir]
}

// newWords makes an array of n words.
func newWords(n uint64) words {
	if n <= pageWords {
		return words{only: make([]atomic.Uint64, n)}
	}
	return words{root: make([]atomic.Pointer[dir], n/(pageWords*dirPages)+1)}
}

// page is the page of word i, nil when it was never touched.
func (w *words) page(i uint64) *wordPage {
	d := w.root[i/(pageWords*dirPages)].Load()
	if d == nil {
		return nil
	}
	return d[i/pageWords%dirPages].Load()
}

// zero is a word of a page that was never touched.
var zero [1]atomic.Uint64

// readable is word i and those behind it in its page, or word i alone while the page does not exist: it may come
// into being before the next word is read.
func (w *words) readable(i uint64) []atomic.Uint64 {
	if w.only != nil {
		return w.only[i:]
	}
	if p := w.page(i); p != nil {
		return p[i%pageWords:]
	}
	return zero[:]
}

// writable is word i and those behind it in its page, to be written.
func (w *words) writable(i uint64) []atomic.Uint64 {
	if w.only != nil {
		return w.only[i:]
	}
	d := publish(&w.root[i/(pageWords*dirPages)])
	return publish(&d[i/pageWords%dirPages])[i%pageWords:]
}

// load reads word i.
func (w *words) load(i uint64) uint64 {
	return w.readable(i)[0].Load()
}

// touch is word i, to be written.
func (w *words) touch(i uint64) *atomic.Uint64 { return &w.writable(i)[0] }

// publish is what at points to, made by the first who needs it.
func publish[T any](at *atomic.Pointer[T]) *T {
	if p := at.Load(); p != nil {
		return p
	}
	at.CompareAndSwap(nil, new(T))
	return at.Load()
}
