package model

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// eventAttr is struct perf_event_attr, as far as anything here depends on it.
type eventAttr struct {
	kind                                 abi.PerfType
	config, period, samples, reads, bits uint64
	clock                                int32
	reserved                             uint16
	auxAction                            uint32
}

func (a *eventAttr) has(bit uint64) bool { return a.bits&bit != 0 }

// sampling tells an event that samples from one that only counts.
func (a *eventAttr) sampling() bool { return a.period != 0 }

// sameClock reports whether two events read the same clock.
func (a *eventAttr) sameClock(other *eventAttr) bool {
	if !a.has(abi.PerfBitUseClockID) || !other.has(abi.PerfBitUseClockID) {
		return a.has(abi.PerfBitUseClockID) == other.has(abi.PerfBitUseClockID)
	}
	return a.clock == other.clock
}

// readEventAttr is perf_copy_attr: what is wrong with the attr whoever asks. A size that does not suit is answered with the one that
// does.
func (x *run) readEventAttr(o *opening) abi.Errno {
	addr := x.u64(abi.PerfOpenAttr)
	word, ok := x.user.read(addr+abi.PerfAttrSizeField, 4)
	if !ok {
		return abi.EFAULT
	}
	size := u32(word)
	if size == 0 {
		size = abi.PerfAttrVer0
	}
	if size < abi.PerfAttrVer0 || size > abi.MaxAttrSize {
		return x.wrongEventSize(addr)
	}
	known := min(size, abi.PerfAttrSize)
	if errno := x.tailZero(addr+uint64(known), size-known); errno == abi.E2BIG {
		return x.wrongEventSize(addr)
	} else if errno != abi.OK {
		return errno
	}
	given, ok := x.user.read(addr, int(known))
	if !ok {
		return abi.EFAULT
	}
	var attr [abi.PerfAttrSize]byte
	copy(attr[:], given)
	o.decode(attr[:])
	return o.check()
}

func (x *run) wrongEventSize(addr uint64) abi.Errno {
	x.user.put(addr+abi.PerfAttrSizeField, abi.PerfAttrSize)
	return abi.E2BIG
}

func (a *eventAttr) decode(b []byte) {
	le := binary.LittleEndian
	*a = eventAttr{
		kind: abi.PerfType(u32(b[abi.PerfAttrType:])), config: le.Uint64(b[abi.PerfAttrConfig:]), period: le.Uint64(b[abi.PerfAttrPeriod:]),
		samples: le.Uint64(b[abi.PerfAttrSampleType:]), reads: le.Uint64(b[abi.PerfAttrReadFormat:]), bits: le.Uint64(b[abi.PerfAttrBits:]),
		clock: int32(u32(b[abi.PerfAttrClockID:])), reserved: le.Uint16(b[abi.PerfAttrReserved2:]), auxAction: u32(b[abi.PerfAttrAuxAction:]),
	}
}

// check is which bits are not known, and which exclude each other.
func (a *eventAttr) check() abi.Errno {
	switch {
	case a.bits >= abi.PerfBitsEnd, a.reserved != 0, a.samples >= abi.PerfSampleTypesEnd, a.reads >= abi.PerfReadFormatsEnd,
		a.has(abi.PerfBitInheritThread) && !a.has(abi.PerfBitInherit), a.has(abi.PerfBitRemoveOnExec) && a.has(abi.PerfBitEnableOnExec),
		a.has(abi.PerfBitSigtrap) && !a.has(abi.PerfBitRemoveOnExec):
		return abi.EINVAL
	}
	return abi.OK
}
