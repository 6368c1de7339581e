package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// consumer takes the elements that a table has copied to the kernel's buffers: it writes them to the caller's.
type consumer struct {
	*buffers
	m     *Map
	mem   Memory
	addr  uint64
	fault abi.Errno
}

var _ maps.Consumer = (*consumer)(nil)

// consumer takes over the next elements of a dump.
func (d *dump) consumer() *consumer {
	kept := d.kept()
	kept.consumer = consumer{buffers: kept, m: d.m, mem: d.proc.Mem, addr: d.buf + d.filled}
	return &kept.consumer
}

// Consume writes the elements while their bucket is locked: they leave the map if that succeeds.
func (t *consumer) Consume(n int) bool {
	packed := t.pack(n, t.m)
	if t.mem.Write(t.addr, packed) < len(packed) {
		t.fault = abi.EFAULT
	}
	return t.fault == abi.OK
}

// pack lays the n elements of m in keys and values out as records.
func (b *buffers) pack(n int, m *Map) []byte {
	size := m.keySize + m.valueSize
	packed := b.one(nextBuffer, n*size)
	for i := range n {
		record := packed[i*size:]
		copy(record, b.keys[i*m.keySize:][:m.keySize])
		copy(record[m.keySize:], b.values[i*m.valueSize:][:m.valueSize])
		m.initFields(record[m.keySize:size])
	}
	return packed
}
