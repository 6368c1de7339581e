package bpfsys

import (
	"bytes"
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Attr is union bpf_attr as the kernel sees it after copying: what the caller did not pass is zero.
type Attr [abi.AttrSize]byte

// Fields is the start of an attr, up to the end of the last field that a command declares (abi.AttrEnd) or further.
type Fields []byte

func (f Fields) u32(off int) uint32 { return binary.LittleEndian.Uint32(f[off : off+4 : off+4]) }
func (f Fields) u64(off int) uint64 { return binary.LittleEndian.Uint64(f[off : off+8 : off+8]) }
func (f Fields) fd(off int) int32   { return int32(f.u32(off)) }

func (a *Attr) fields() Fields { return a[:] }

func (a *Attr) put32(off int, v uint32) { binary.LittleEndian.PutUint32(a[off:], v) }
func (a *Attr) put64(off int, v uint64) { binary.LittleEndian.PutUint64(a[off:], v) }
func (a *Attr) putFD(off int, fd int32) { a.put32(off, uint32(fd)) }

// declared makes sure that attr reaches to the end of the command's last field, and reports whether nothing is set behind the last one that the
// kernel knows.
func (c *call) declared(command *Command) bool {
	if len(c.attr) < command.end {
		c.fillUp(command.end)
	}
	return len(c.attr) == command.last || allZero(c.attr[command.last:])
}

// fillUp makes attr end bytes long, zero behind what the caller passed.
func (c *call) fillUp(end int) {
	given := c.attr
	c.attr = c.kept().attr[:end]
	clear(c.attr[copy(c.attr, given):])
}

// zeros is what may lie behind an attr.
var zeros [abi.MaxAttrSize]byte

func allZero(p []byte) bool { return bytes.Equal(p, zeros[:len(p)]) }

// readAttr reads size bytes of attr. A caller built for a later kernel may pass more than this one knows, as long as
// the rest is zero (bpf_check_uarg_tail_zero in kernel/bpf/syscall.c).
func (c *call) readAttr(size uint32) (errno abi.Errno) {
	if known := c.kernel.profile.AttrSize; size > known {
		if errno = c.zeroBehind(c.addr, known, size); errno != abi.OK {
			return errno
		}
		size = known
	}
	c.attr, errno = c.view(attrBuffer, c.addr, int(size))
	return errno
}

// zeroBehind checks that a structure of size bytes at addr holds zeros behind the known ones: E2BIG where it does not
// or is larger than a page, EFAULT where a byte before the first nonzero one cannot be read.
func (c *call) zeroBehind(addr uint64, known, size uint32) abi.Errno {
	if size > abi.MaxAttrSize {
		return abi.E2BIG
	}
	if size <= known {
		return abi.OK
	}
	c.task.Step(maps.PointUser)
	tail := c.kept().page[:size-known]
	n := c.proc.Mem.Read(tail, addr+uint64(known))
	if !allZero(tail[:n]) {
		return abi.E2BIG
	}
	if n < len(tail) {
		return abi.EFAULT
	}
	return abi.OK
}
