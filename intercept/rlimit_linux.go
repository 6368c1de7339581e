//go:build linux && (amd64 || arm64)

package intercept

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"golang.org/x/sys/unix"
)

// memlockLimits answers setrlimit(2) and prlimit(2) of RLIMIT_MEMLOCK, which clients of bpf(2) raise before they make
// maps, because kernels before 5.11 counted maps against it. Without root that is EPERM for more than the hard limit,
// and the clients give up. Maps here need no locked memory: so what exceeds the hard limit is cut to it, and succeeds.
func (c *call) memlockLimits() bool {
	switch c.Number {
	case unix.SYS_SETRLIMIT:
		return c.setMemlock(c.Args[1], 0)
	case unix.SYS_PRLIMIT64:
		return c.Args[0] == 0 && c.setMemlock(c.Args[2], c.Args[3])
	}
	return false
}

// setMemlock sets the limit of the caller's process as far as its own hard limit goes.
func (c *call) setMemlock(from, to uint64) bool {
	limit, ok := c.readLimit(from)
	if !ok || limit.Cur > limit.Max {
		return false
	}
	old, err := raiseMemlock(int(c.PID), limit)
	if err != nil {
		return false
	}
	c.answer(0, c.writeLimit(to, old))
	return true
}

// raiseMemlock sets the limit of a process as far as its hard one goes, and returns the old one.
func raiseMemlock(pid int, limit unix.Rlimit) (old unix.Rlimit, err error) {
	if err := unix.Prlimit(pid, unix.RLIMIT_MEMLOCK, nil, &old); err != nil {
		return old, err
	}
	if err := unix.Prlimit(pid, unix.RLIMIT_MEMLOCK, &limit, nil); err != nil {
		cut := unix.Rlimit{Cur: min(limit.Cur, old.Max), Max: min(limit.Max, old.Max)}
		_ = unix.Prlimit(pid, unix.RLIMIT_MEMLOCK, &cut, nil)
	}
	return old, nil
}

// limitSize is the size of struct rlimit64.
const limitSize = 16

func (c *call) readLimit(addr uint64) (unix.Rlimit, bool) {
	var raw [limitSize]byte
	if c.memory.Read(raw[:], addr) < limitSize {
		return unix.Rlimit{}, false
	}
	return unix.Rlimit{Cur: binary.LittleEndian.Uint64(raw[:]), Max: binary.LittleEndian.Uint64(raw[8:])}, true
}

func (c *call) writeLimit(addr uint64, limit unix.Rlimit) abi.Errno {
	if addr == 0 {
		return abi.OK
	}
	var raw [limitSize]byte
	binary.LittleEndian.PutUint64(raw[:], limit.Cur)
	binary.LittleEndian.PutUint64(raw[8:], limit.Max)
	if c.memory.Write(addr, raw[:]) < limitSize {
		return abi.EFAULT
	}
	return abi.OK
}
