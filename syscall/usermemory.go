package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// directly is p's memory if t's calls may work in it instead of on copies: it is an arena, and no machine watches, whose
// tasks could change it in the middle of a call.
func directly(t *maps.Task, p *Process) *Arena {
	if arena, ok := p.Mem.(*Arena); ok && t.Scheduler == nil {
		return arena
	}
	return &nothing
}

// nothing is memory in which no call works directly.
var nothing Arena

// view is n bytes of user memory at addr, to be read before the call writes to any: the memory itself, or a copy in the
// buffer.
func (c *call) view(name buffer, addr uint64, n int) ([]byte, abi.Errno) {
	if p := c.arena.near(addr).part(addr, n); p != nil {
		return p, abi.OK
	}
	return c.copied(name, addr, n)
}

// copied is view in a buffer.
func (c *call) copied(name buffer, addr uint64, n int) ([]byte, abi.Errno) {
	p := c.kept().one(name, n)
	return p, c.copyIn(p, addr)
}

// place is where n bytes for user memory at addr are to be made: in that memory itself, then inPlace is true and
// nothing is left to do, or in the buffer, from where copyOut takes them. What makes them must write all or nothing.
func (c *call) place(name buffer, addr uint64, n int) (p []byte, inPlace bool) {
	if p = c.arena.near(addr).writablePart(addr, n); p != nil {
		return p, true
	}
	return c.kept().one(name, n), false
}

// copyIn fills p from user memory.
func (c *call) copyIn(p []byte, addr uint64) abi.Errno {
	if from := c.arena.near(addr).part(addr, len(p)); from != nil {
		copy(p, from)
		return abi.OK
	}
	c.task.Step(maps.PointUser)
	if c.proc.Mem.Read(p, addr) < len(p) {
		return abi.EFAULT
	}
	return abi.OK
}

// copyOut writes p to user memory; the bytes before a fault stay written.
func (c *call) copyOut(addr uint64, p []byte) abi.Errno {
	if to := c.arena.near(addr).writablePart(addr, len(p)); to != nil {
		copy(to, p)
		return abi.OK
	}
	c.task.Step(maps.PointUser)
	if c.proc.Mem.Write(addr, p) < len(p) {
		return abi.EFAULT
	}
	return abi.OK
}

// copyWordOut is copyOut of a 32-bit number.
func (c *call) copyWordOut(addr uint64, v uint32) abi.Errno {
	word, inPlace := c.place(wordBuffer, addr, 4)
	binary.LittleEndian.PutUint32(word, v)
	if inPlace {
		return abi.OK
	}
	return c.copyOut(addr, word)
}

// getWord reads a 32-bit number from user memory.
func (c *call) getWord(addr uint64) (uint32, abi.Errno) {
	word, errno := c.view(wordBuffer, addr, 4)
	return binary.LittleEndian.Uint32(word), errno
}

// putWord writes a 32-bit number with one store (put_user): all of it or nothing.
func (c *call) putWord(addr uint64, v uint32) abi.Errno {
	word, inPlace := c.place(wordBuffer, addr, 4)
	binary.LittleEndian.PutUint32(word, v)
	if inPlace {
		return abi.OK
	}
	c.task.Step(maps.PointUser)
	old := c.kept().page[:4]
	c.proc.Mem.Read(old, addr)
	n := c.proc.Mem.Write(addr, word)
	if n == len(word) {
		return abi.OK
	}
	c.proc.Mem.Write(addr, old[:n])
	return abi.EFAULT
}
