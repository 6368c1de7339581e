package bpfsys

import "golang.org/x/sys/unix"

// window is a part of what a call reads or writes in order and in small pieces, copied with one system call. Nothing is
// touched that the call has not announced: what lies beside it may be a page that somebody is asked for.
type window struct {
	start, left uint64 // what is still to be read or written by the call
	text        []byte // the bytes from start on that were copied ahead, or those before it that are to be copied
	buf         []byte
}

// windowSize is as much as one system call copies.
const windowSize = 64 << 10

// ReadInOrder announces that this call reads size bytes at addr in small parts, in order.
func (m *ProcessMemory) ReadInOrder(addr, size uint64) { announce(&m.ahead, addr, size) }

// WriteInOrder announces that this call writes size bytes, or fewer, at addr in small parts, in order. A fault is then
// found later: by another part, or by the next write to elsewhere.
func (m *ProcessMemory) WriteInOrder(addr, size uint64) { announce(&m.behind, addr, size) }

func announce(windows *[2]window, addr, size uint64) {
	for i := range windows {
		if w := &windows[i]; w.left == 0 {
			w.start, w.left, w.text = addr, size, w.buf[:0]
			return
		}
	}
}

// find returns the window that size bytes at addr are next of, nil when there is none.
func find(windows *[2]window, addr uint64, size int) *window {
	for i := range windows {
		if w := &windows[i]; w.left > 0 && addr == w.start && uint64(size) <= w.left {
			return w
		}
	}
	return nil
}

// drop ends what was announced.
func (w *window) drop() { w.left, w.text = 0, nil }

func (w *window) advance(n int) { w.start, w.left = w.start+uint64(n), w.left-uint64(n) }

// readAhead fills p from w. Behind a fault there is nothing, as for a copy of each part.
func (m *ProcessMemory) readAhead(w *window, p []byte) int {
	if len(w.text) < len(p) {
		size := max(len(p), int(min(w.left, windowSize)))
		if cap(w.buf) < size {
			w.buf = make([]byte, size)
		}
		w.text = w.buf[:m.read(w.buf[:size], w.start)]
	}
	n := copy(p, w.text)
	w.text = w.text[n:]
	w.advance(n)
	return n
}

// writeBehind puts p into w.
func (m *ProcessMemory) writeBehind(w *window, p []byte) int {
	if len(w.text)+len(p) > windowSize && !m.flush() {
		return 0
	}
	w.text = append(w.text, p...)
	w.buf = w.text[:0]
	w.advance(len(p))
	return len(p)
}

// flush writes what the windows hold; it fails for good where one cannot be written.
func (m *ProcessMemory) flush() bool {
	for i := range m.behind {
		w := &m.behind[i]
		if !m.lost && len(w.text) > 0 {
			m.lost = m.transfer(w.text, w.start-uint64(len(w.text)), unix.ProcessVMWritev) < len(w.text)
			w.text = w.text[:0]
		}
	}
	return !m.lost
}
