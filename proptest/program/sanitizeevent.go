package program

import (
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// What a real kernel may be asked for without doing more than counting: rare samples, of little, and no signals.
const (
	noProcess   = 1 << 30 // is the id of no process and no fd
	rarely      = 1 << 30 // is a period
	noSuchEvent = 1 << 20 // in a number of a software event
	slowly      = 99      // is a frequency in Hz

	eventBits = abi.PerfBitDisabled | abi.PerfBitInherit | abi.PerfBitPinned | abi.PerfBitExclusive | abi.PerfBitExcludeKernel | abi.PerfBitFreq | abi.PerfBitEnableOnExec |
		abi.PerfBitWatermark | abi.PerfBitSampleIDAll | abi.PerfBitNoUserChain | abi.PerfBitUseClockID | abi.PerfBitWriteBackward |
		abi.PerfBitAuxOutput | abi.PerfBitInheritThread | abi.PerfBitRemoveOnExec | abi.PerfBitSigtrap
	eventSamples = abi.PerfSampleIP | abi.PerfSampleTID | abi.PerfSampleTime | abi.PerfSampleRaw
)

// tracepointIDs are those of tracepoints that programs may ask for; one that no program is attached to but those of programs here, and where
// hardly anything happens.
var tracepointIDs = []uint64{1, 5, 25, 26}

// eventCall leaves only calls about perf events that both kernels make alike; one whose arguments are not all there asks for nothing.
func (t *sanitizer) eventCall() {
	switch {
	case len(t.attr) < LayoutOf(t.cmd).End:
		clear(t.attr)
	case t.cmd == abi.PerfEventOpen:
		t.event()
	default:
		t.ioctl()
	}
}

// event leaves only perf events that both kernels make: software events and a few tracepoints, of this process or all.
func (t *sanitizer) event() {
	attr := t.get(abi.PerfOpenAttr, 8)
	if args := (span{t.addr, uint64(len(t.attr))}); args.overlaps(span{attr, abi.PerfAttrSize}) {
		t.set(abi.PerfOpenAttr, 8, 0)
		return
	}
	field := func(offset uint64, size int) []byte {
		b := t.arena.Span(attr+offset, size, ToPoke)
		return b[:len(b)/size*size] // whole or none
	}
	if bits := field(abi.PerfAttrBits, 8); len(bits) > 0 {
		v := Word(bits)
		if v &= eventBits | ^uint64(abi.PerfBitsEnd-1); v&abi.PerfBitRemoveOnExec != 0 {
			v &^= abi.PerfBitSigtrap
		}
		PutWord(bits, v)
		t.period(field(abi.PerfAttrPeriod, 8), v&abi.PerfBitFreq != 0)
	}
	if samples := field(abi.PerfAttrSampleType, 8); len(samples) > 0 {
		PutWord(samples, Word(samples)&(eventSamples|^uint64(abi.PerfSampleTypesEnd-1)))
	}
	clear(field(abi.PerfAttrAuxAction-4, 4)) // aux_sample_size
	shared := true
	if kind, config := field(abi.PerfAttrType, 4), field(abi.PerfAttrConfig, 8); len(kind) > 0 && len(config) > 0 {
		shared = knownEvent(kind, config)
	}
	t.followed(shared)
}

// period makes samples rare, unless the kernel refuses that period or frequency.
func (t *sanitizer) period(b []byte, frequency bool) {
	if len(b) < 8 {
		return
	}
	switch v := Word(b); {
	case v == 0:
	case frequency && v <= abi.PerfLargestFrequency:
		PutWord(b, slowly)
	case !frequency && v < rarely:
		PutWord(b, v|rarely)
	}
}

// knownEvent makes a type and number those of an event that both kernels know, or none. shared is whether it may be of a process: others are the
// host's to count.
func knownEvent(kind, config []byte) (shared bool) {
	switch n := Word(config); abi.PerfType(Word(kind)) {
	case abi.PerfTracepoint:
		if n < noSuchEvent && !slices.Contains(tracepointIDs, n) {
			PutWord(config, n|noSuchEvent)
		}
		return true
	case abi.PerfSoftware:
		return n == abi.PerfBPFOutput
	default:
		PutWord(kind, uint64(abi.PerfSoftware))
		PutWord(config, n|noSuchEvent)
	}
	return false
}

// followed leaves no process or cgroup for an event to follow but the caller.
func (t *sanitizer) followed(shared bool) {
	pid, flags := int32(t.get(abi.PerfOpenPID, 4)), t.get(abi.PerfOpenFlags, 8)
	switch {
	case !shared:
		t.set(abi.PerfOpenPID, 4, 1<<32-1)
		t.set(abi.PerfOpenFlags, 8, flags&^abi.PerfFlagPIDCgroup)
	case pid > 0 || pid == 0 && flags&abi.PerfFlagPIDCgroup != 0:
		t.set(abi.PerfOpenPID, 4, uint64(pid|noProcess))
	}
}

// eventRequests are the requests that both kernels answer.
var eventRequests = []abi.PerfRequest{
	abi.PerfEnable, abi.PerfDisable, abi.PerfRefresh, abi.PerfReset, abi.PerfSetOutput, abi.PerfPeriod, abi.PerfSetBPF, abi.PerfPauseOutput,
	abi.PerfQueryBPF,
}

// noRequest is the number of none.
const noRequest = 0x24ff

// ioctl leaves no other requests than those of perf events, and none to files of the process.
func (t *sanitizer) ioctl() {
	if n := int32(t.get(abi.PerfIoctlFD, 4)); n >= 0 && n < FirstFD {
		t.set(abi.PerfIoctlFD, 4, uint64(FirstFD))
	}
	request, arg := abi.PerfRequest(t.get(abi.PerfIoctlRequest, 4)), t.get(abi.PerfIoctlArg, 8)
	switch {
	case !slices.Contains(eventRequests, request):
		t.set(abi.PerfIoctlRequest, 4, noRequest)
	case request == abi.PerfSetOutput || request == abi.PerfSetBPF:
		if !programFD(int32(arg)) {
			t.set(abi.PerfIoctlArg, 8, uint64(FirstFD)+arg%uint64(NumFDs))
		}
	case request == abi.PerfPeriod || request == abi.PerfQueryBPF:
		if !harmless(arg) {
			arg = Base + arg%ArenaSize
			t.set(abi.PerfIoctlArg, 8, arg)
		}
		if request == abi.PerfPeriod {
			t.period(t.arena.Span(arg, 8, ToPoke), false)
		}
	}
}
