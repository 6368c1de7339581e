package explore

import (
	"bytes"
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// System makes the system calls of one process: those of bpfsim, or a real kernel's.
type System interface {
	// Do makes the call that args describe; Attr is the attr as the kernel left it.
	Do(args bpfsys.Args) (int32, abi.Errno)
	Attr() *bpfsys.Attr
	// Memory is the process's memory, of which Alloc reserves n bytes.
	Memory() bpfsys.Memory
	Alloc(n int) uint64
}

// simulated is a process of bpfsim as a System.
type simulated struct{ *bpfsys.Caller }

func (s simulated) Memory() bpfsys.Memory { return s.Arena }
func (s simulated) Alloc(n int) uint64    { return s.Arena.Alloc(n) }

// client does element operations on the scenario's map through a System.
type client struct {
	system System
	fd     int32
	shape  Shape
	key    uint64 // addresses of the operands
	next   uint64
	value  uint64
}

func newClient(system System, fd int32, shape Shape) *client {
	return &client{
		system: system, fd: fd, shape: shape,
		key: system.Alloc(shape.keyBytes()), next: system.Alloc(shape.keyBytes()), value: system.Alloc(shape.Value),
	}
}

func (c *client) write(addr uint64, p []byte) { c.system.Memory().Write(addr, p) }

func (c *client) read(addr uint64, n int) []byte {
	p := make([]byte, n)
	c.system.Memory().Read(p, addr)
	return p
}

// valueOf is write number n's value: n in all words, so that a torn value shows.
func (m Shape) valueOf(n uint64) []byte { return numbered(n, m.Value) }

// numbered is n in all words of so many bytes, and its low byte in each byte behind them.
func numbered(n uint64, size int) []byte {
	var p []byte
	for range size / 8 {
		p = binary.LittleEndian.AppendUint64(p, n)
	}
	return append(p, bytes.Repeat([]byte{byte(n)}, size%8)...)
}

// lookup is the value that a key has.
func (c *client) lookup(key uint32) (value []byte, there bool) {
	c.write(c.key, c.shape.keyOf(key))
	_, errno := c.system.Do(bpfsys.MapLookupElem{FD: c.fd, Key: c.key, Value: c.value})
	return c.read(c.value, c.shape.Value), errno == abi.OK
}

// do makes one of the operations that a process can ask for; value is what was written or taken.
func (c *client) do(op Op, number uint64) (value []byte, errno abi.Errno) {
	c.write(c.key, c.shape.keyOf(op.Key))
	switch op.Verb {
	case "update", "insert":
		value = c.shape.valueOf(number)
		c.write(c.value, value)
		flags := abi.Any
		if op.Verb == "insert" {
			flags = abi.NoExist
		}
		_, errno = c.system.Do(bpfsys.MapUpdateElem{FD: c.fd, Key: c.key, Value: c.value, Flags: flags})
		return value, errno
	case "delete":
		_, errno = c.system.Do(bpfsys.MapDeleteElem{FD: c.fd, Key: c.key})
		return nil, errno
	case "take":
		_, errno = c.system.Do(bpfsys.MapLookupAndDeleteElem{FD: c.fd, Key: c.key, Value: c.value})
		return c.read(c.value, c.shape.Value), errno
	}
	_, errno = c.system.Do(bpfsys.MapLookupElem{FD: c.fd, Key: c.key, Value: c.value})
	return nil, errno
}
