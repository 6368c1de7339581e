package bpfsys

import (
	"bytes"
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// Attr is union bpf_attr as the kernel sees it after copying: what the caller did not pass is zero.
type Attr [abi.AttrSize]byte

func (a *Attr) u32(off int) uint32 { return binary.LittleEndian.Uint32(a[off:]) }
func (a *Attr) u64(off int) uint64 { return binary.LittleEndian.Uint64(a[off:]) }
func (a *Attr) fd(off int) int32   { return int32(a.u32(off)) }

func (a *Attr) put32(off int, v uint32) { binary.LittleEndian.PutUint32(a[off:], v) }
func (a *Attr) put64(off int, v uint64) { binary.LittleEndian.PutUint64(a[off:], v) }
func (a *Attr) putFD(off int, fd int32) { a.put32(off, uint32(fd)) }

// clearBehind reports whether nothing is set past a command's last declared field, which ends at end.
func (c *call) clearBehind(end int) bool { return c.given <= end || allZero(c.attr[end:c.given]) }

// zeros is what may lie behind an attr.
var zeros [abi.MaxAttrSize]byte

func allZero(p []byte) bool { return bytes.Equal(p, zeros[:len(p)]) }

// readAttr copies size bytes of attr into c. A caller built for a later kernel may pass more than this one knows, as
// long as the rest is zero (bpf_check_uarg_tail_zero in kernel/bpf/syscall.c).
func (c *call) readAttr(size uint32) abi.Errno {
	if errno := c.zeroBehind(c.addr, abi.AttrSize, size); errno != abi.OK {
		return errno
	}
	c.given = int(min(size, abi.AttrSize))
	clear(c.attr[c.given:])
	return c.copyIn(c.attr[:c.given], c.addr)
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
	tail := c.page[:size-known]
	n := c.proc.Mem.Read(tail, addr+uint64(known))
	if !allZero(tail[:n]) {
		return abi.E2BIG
	}
	if n < len(tail) {
		return abi.EFAULT
	}
	return abi.OK
}
