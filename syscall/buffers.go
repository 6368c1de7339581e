package bpfsys

import (
	"sync"

	"github.com/bpfsim/bpfsim/abi"
)

// buffers are the kernel's memory for a call that needs some. They are pooled, so that calls on elements allocate
// nothing once they have grown.
type buffers struct {
	attr   Attr
	page   [abi.MaxAttrSize]byte
	single [singleBuffers][]byte
	keys   []byte // a bucket's keys
	values []byte // a bucket's values
	// swollen means that one is larger than may be kept.
	swollen bool

	// What maps and functions get a pointer to is kept here, so that it is not allocated for every call.
	batch    batch
	consumer consumer
}

// buffer names a buffer for one thing.
type buffer uint8

const (
	attrBuffer buffer = iota
	keyBuffer
	nextBuffer
	valueBuffer
	wordBuffer
	singleBuffers
)

var pool = sync.Pool{New: func() any { return new(buffers) }}

// kept is the call's buffers.
func (c *call) kept() *buffers {
	if c.buffers == nil {
		c.buffers = pool.Get().(*buffers)
	}
	return c.buffers
}

// maxKept bounds the buffers that stay in the pool, in bytes: one huge value must not stay for ever.
const maxKept = 1 << 20

// end puts the call's buffers back.
func (c *call) end() {
	if c.buffers != nil {
		c.buffers.release()
	}
}

// release puts b back. It clears what points to others' memory.
func (b *buffers) release() {
	if b.consumer.m != nil {
		b.consumer = consumer{}
	}
	if b.batch.m != nil {
		b.batch = batch{}
	}
	if b.swollen {
		b.swollen, b.single, b.keys, b.values = false, [singleBuffers][]byte{}, nil, nil
	}
	pool.Put(b)
}

// sized gives *p, one of the buffers, n bytes, reusing its memory.
func (b *buffers) sized(p *[]byte, n int) []byte {
	if cap(*p) < n {
		*p = make([]byte, n)
		b.swollen = b.swollen || n > maxKept
	}
	*p = (*p)[:n]
	return *p
}

// one is sized of a buffer for one thing.
func (b *buffers) one(name buffer, n int) []byte { return b.sized(&b.single[name], n) }
