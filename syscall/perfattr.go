package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// perfAttr is struct perf_event_attr, as far as it matters here.
type perfAttr struct {
	kind                     abi.PerfType
	config, config1, config2 uint64
	period                   uint64 // or the frequency
	samples, reads           uint64
	bits                     uint64
	wakeup                   uint32
	clock                    int32
	reserved2                uint16
	auxAction                uint32
}

func (a *perfAttr) has(bit uint64) bool { return a.bits&bit != 0 }

// sampling tells an event that samples from one that only counts.
func (a *perfAttr) sampling() bool { return a.period != 0 }

// showsUser tells samples with something of the user's stack.
func (a *perfAttr) showsUser() bool {
	return !a.has(abi.PerfBitNoUserChain) || a.samples&abi.PerfSampleStackUser != 0
}

// decode reads raw, which is padded with zeros.
func (a *perfAttr) decode(raw *[abi.PerfAttrSize]byte) {
	le := binary.LittleEndian
	a.kind = abi.PerfType(le.Uint32(raw[abi.PerfAttrType:]))
	a.config, a.config1 = le.Uint64(raw[abi.PerfAttrConfig:]), le.Uint64(raw[abi.PerfAttrConfig1:])
	a.config2, a.period = le.Uint64(raw[abi.PerfAttrConfig2:]), le.Uint64(raw[abi.PerfAttrPeriod:])
	a.samples, a.reads = le.Uint64(raw[abi.PerfAttrSampleType:]), le.Uint64(raw[abi.PerfAttrReadFormat:])
	a.bits, a.wakeup = le.Uint64(raw[abi.PerfAttrBits:]), le.Uint32(raw[abi.PerfAttrWakeup:])
	a.clock, a.reserved2 = int32(le.Uint32(raw[abi.PerfAttrClockID:])), le.Uint16(raw[abi.PerfAttrReserved2:])
	a.auxAction = le.Uint32(raw[abi.PerfAttrAuxAction:])
}

// readPerfAttr copies the attr in and checks it alone, as perf_copy_attr in kernel/events/core.c: a size that does not
// suit is answered with the one that does.
func (c *call) readPerfAttr(addr uint64) (a perfAttr, errno abi.Errno) {
	size, errno := c.perfAttrSize(addr)
	if errno != abi.OK {
		return a, errno
	}
	if errno := c.zeroBehind(addr, abi.PerfAttrSize, size); errno == abi.E2BIG {
		return a, c.perfAttrTooBig(addr)
	} else if errno != abi.OK {
		return a, errno
	}
	raw := make([]byte, abi.PerfAttrSize)
	if errno := c.copyIn(raw[:min(size, abi.PerfAttrSize)], addr); errno != abi.OK {
		return a, errno
	}
	a.decode((*[abi.PerfAttrSize]byte)(raw))
	return a, a.check()
}

func (c *call) perfAttrSize(addr uint64) (uint32, abi.Errno) {
	var word [4]byte
	if errno := c.copyIn(word[:], addr+abi.PerfAttrSizeField); errno != abi.OK {
		return 0, errno
	}
	size := binary.LittleEndian.Uint32(word[:])
	switch {
	case size == 0:
		return abi.PerfAttrVer0, abi.OK
	case size < abi.PerfAttrVer0, size > abi.MaxAttrSize:
		return 0, c.perfAttrTooBig(addr)
	}
	return size, abi.OK
}

func (c *call) perfAttrTooBig(addr uint64) abi.Errno {
	_ = c.putWord(addr+abi.PerfAttrSizeField, abi.PerfAttrSize)
	return abi.E2BIG
}

// check is what is wrong with the attr whoever asks.
func (a *perfAttr) check() abi.Errno {
	switch {
	case a.bits >= abi.PerfBitsEnd, a.reserved2 != 0,
		a.samples >= abi.PerfSampleTypesEnd, a.reads >= abi.PerfReadFormatsEnd,
		!a.has(abi.PerfBitInherit) && a.has(abi.PerfBitInheritThread),
		a.has(abi.PerfBitRemoveOnExec) && a.has(abi.PerfBitEnableOnExec),
		a.has(abi.PerfBitSigtrap) && !a.has(abi.PerfBitRemoveOnExec):
		return abi.EINVAL
	}
	return abi.OK
}

// checkPeriod comes behind the permission.
func (a *perfAttr) checkPeriod() abi.Errno {
	if a.has(abi.PerfBitFreq) && a.period > abi.PerfLargestFrequency || !a.has(abi.PerfBitFreq) && int64(a.period) < 0 {
		return abi.EINVAL
	}
	return abi.OK
}

// checkAux: no driver here has more to write than samples.
func (a *perfAttr) checkAux() abi.Errno {
	if a.has(abi.PerfBitAuxOutput) || a.auxAction != 0 {
		return abi.EOPNOTSUPP
	}
	return abi.OK
}

// checkClock: what happens anywhere in the kernel has a clock that can be read anywhere (perf_event_set_clock).
func (a *perfAttr) checkClock() abi.Errno {
	const clockRealtime, clockMonotonic, clockMonotonicRaw, clockBoottime, clockTAI = 0, 1, 4, 7, 11
	if !a.has(abi.PerfBitUseClockID) {
		return abi.OK
	}
	switch a.clock {
	case clockMonotonic, clockMonotonicRaw:
		return abi.OK
	case clockRealtime, clockBoottime, clockTAI:
		return invalidUnless(a.kind == abi.PerfSoftware)
	}
	return abi.EINVAL
}
