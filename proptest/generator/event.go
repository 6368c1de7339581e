package generator

import (
	"encoding/binary"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// eventShape is a perf event as its opening asked for it.
type eventShape struct {
	fd   int32
	kind abi.PerfType
}

// eventAt is where struct perf_event_attr lies.
const eventAt = keysAt

// eventField is a field of struct perf_event_attr and what it may be set to.
type eventField struct {
	at, size int
	values   []uint64
}

var eventFields = []eventField{
	{abi.PerfAttrType, 4, []uint64{uint64(abi.PerfTracepoint), 1000}},
	{abi.PerfAttrSizeField, 4, []uint64{0, 1, 63, 64, 72, 112, 128, 137, 144, 4096, 4097, 1 << 31}},
	{abi.PerfAttrConfig, 8, []uint64{abi.PerfCPUClock, abi.PerfDummy, abi.PerfTaskClock, abi.PerfBPFOutput, abi.PerfSoftwareMax, 99999, 1<<32 | 25, 1 << 32}},
	{abi.PerfAttrPeriod, 8, []uint64{1, 99, 1 << 40, 1 << 63}},
	{abi.PerfAttrPeriod, 8, []uint64{1, 99, 1 << 40, 1 << 63}},
	{abi.PerfAttrSampleType, 8, []uint64{0, abi.PerfSampleIP, abi.PerfSampleRaw, abi.PerfSampleRaw | abi.PerfSampleTime, 1 << 25, 1 << 63}},
	{abi.PerfAttrReadFormat, 8, []uint64{1, 31, 32, 1 << 60}},
	{abi.PerfAttrBits, 8, []uint64{abi.PerfBitDisabled, abi.PerfBitExcludeKernel, abi.PerfBitFreq, abi.PerfBitInherit, abi.PerfBitWatermark, abi.PerfBitPinned, abi.PerfBitExclusive,
		abi.PerfBitSampleIDAll, abi.PerfBitWriteBackward, abi.PerfBitAuxOutput, abi.PerfBitInheritThread, abi.PerfBitUseClockID, abi.PerfBitsEnd,
		abi.PerfBitRemoveOnExec | abi.PerfBitEnableOnExec, abi.PerfBitSigtrap, abi.PerfBitSigtrap | abi.PerfBitRemoveOnExec, 1 << 63,
		abi.PerfBitNoUserChain, abi.PerfBitInherit | abi.PerfBitInheritThread}},
	{abi.PerfAttrBits, 8, []uint64{abi.PerfBitFreq, abi.PerfBitUseClockID, abi.PerfBitExcludeKernel}},
	{abi.PerfAttrClockID, 4, []uint64{1, 2, 4, 7, 11, 99}},
	{abi.PerfAttrReserved2, 2, []uint64{1}},
	{abi.PerfAttrAuxAction, 4, []uint64{1}},
	{abi.PerfAttrSize - 8, 8, []uint64{1}},
	{abi.PerfAttrSize, 8, []uint64{1}},
}

// tracepoints are ids of tracepoints, the last one of none; programs can be attached to 25 and 26.
var tracepoints = []uint64{25, 25, 25, 26, 5, 1, 99999}

// aboutEvents opens a perf event, or does something with one.
func (g *generator) aboutEvents(*mapShape) {
	if !g.machine.Has(program.Programs) {
		return
	}
	if chance(g, 25) {
		g.attachToEvents()
		return
	}
	for range 1 + g.Intn(3) {
		if len(g.events) == 0 || chance(g, 30) {
			g.single(g.openEvent())
			continue
		}
		g.single(g.eventIoctl())
	}
}

// openEvent is mostly of a perf buffer, or a tracepoint; both are of all processes of a CPU or of the caller.
func (g *generator) openEvent() *program.Call {
	attr := g.bytes(abi.PerfAttrSize + 24)
	kind, config, samples := abi.PerfSoftware, uint64(abi.PerfBPFOutput), uint64(abi.PerfSampleRaw)
	switch weighted(g, 60, 15, 15) {
	case 1:
		config, samples = pick[uint64](g, abi.PerfCPUClock, abi.PerfDummy), 0
	case 2:
		kind, config, samples = abi.PerfTracepoint, pick(g, tracepoints...), pick[uint64](g, 0, abi.PerfSampleRaw)
	}
	a := program.Attr{Bytes: attr}
	a.Set(abi.PerfAttrType, 4, uint64(kind))
	a.Set(abi.PerfAttrSizeField, 4, abi.PerfAttrSize)
	a.Set(abi.PerfAttrConfig, 8, config)
	a.Set(abi.PerfAttrSampleType, 8, samples)
	if !g.machine.SysAdmin && chance(g, 80) {
		a.Set(abi.PerfAttrBits, 8, abi.PerfBitExcludeKernel)
	}
	if chance(g, 6) {
		a.Set(abi.PerfAttrBits, 8, a.Field(abi.PerfAttrBits, 8)|abi.PerfBitInherit)
	}
	for range pick(g, 0, 0, 0, 0, 0, 1, 1, 2) {
		g.eventField(attr)
	}
	c := g.call(abi.PerfEventOpen)
	at := g.input(eventAt, abi.PerfAttrSize)
	args := program.Attr{Bytes: c.Contents}
	args.Set(abi.PerfOpenAttr, 8, at)
	args.Set(abi.PerfOpenPID, 4, uint64(uint32(g.process())))
	args.Set(abi.PerfOpenCPU, 4, uint64(uint32(g.eventCPU())))
	args.Set(abi.PerfOpenGroup, 4, uint64(uint32(g.group())))
	args.Set(abi.PerfOpenFlags, 8, g.eventOpenFlags())
	g.write(c, at, attr)
	c.As = g.newFD()
	if pid, cpu := int32(args.Field(abi.PerfOpenPID, 4)), int32(args.Field(abi.PerfOpenCPU, 4)); pid >= -1 && cpu >= 0 && config != tracepoints[len(tracepoints)-1] {
		g.events = append(g.events, eventShape{c.As, kind})
	}
	return c
}

// process is that which an event follows: all, or the caller.
func (g *generator) process() int32 {
	switch {
	case chance(g, 4):
		return pick[int32](g, -2, 1)
	case chance(g, 25) || !g.machine.SysAdmin && chance(g, 80):
		return 0
	}
	return -1
}

func (g *generator) eventCPU() int32 {
	if chance(g, 6) {
		return pick[int32](g, -1, -1, -2, 1<<20)
	}
	return int32(g.Intn(g.machine.CPUs) * g.Intn(2))
}

func (g *generator) eventOpenFlags() uint64 {
	if chance(g, 10) {
		return pick[uint64](g, abi.PerfFlagNoGroup, abi.PerfFlagNoGroup, abi.PerfFlagOutput, abi.PerfFlagPIDCgroup, abi.PerfFlagsEnd)
	}
	return pick[uint64](g, abi.PerfFlagCloexec, 0)
}

// eventField sets a field, or a bit beside others.
func (g *generator) eventField(attr []byte) {
	f := pick(g, eventFields...)
	v := pick(g, f.values...)
	switch f.size {
	case 2:
		attr[f.at], attr[f.at+1] = byte(v), byte(v>>8)
		return
	case 8:
		if f.at == abi.PerfAttrBits {
			v |= program.Word(attr[f.at:][:8])
		}
	}
	program.PutWord(attr[f.at:][:f.size], v)
}

// group is the fd of an event whose group the new one is to join, mostly none.
func (g *generator) group() int32 {
	if len(g.events) == 0 || !chance(g, 25) {
		return -1
	}
	if chance(g, 10) {
		return g.doubtfulFD()
	}
	return g.someEvent().fd
}

func (g *generator) someEvent() eventShape { return pick(g, g.events[max(0, len(g.events)-4):]...) }

func (g *generator) eventFDs() (fds []int32) {
	for _, e := range g.events {
		fds = append(fds, e.fd)
	}
	return fds
}

// attachToEvents gives events of a kind programs, mostly those of a tracepoint, and asks which there are.
func (g *generator) attachToEvents() {
	var last eventShape
	for range 1 + g.Intn(3) {
		g.add(g.eventOf(pick(g, abi.PerfTracepoint, abi.PerfTracepoint, abi.PerfSoftware)))
		last = g.events[len(g.events)-1]
		for range 1 + g.Intn(2) {
			if chance(g, 40) {
				g.single(g.linkEvent(last))
				continue
			}
			g.single(g.request(last, abi.PerfSetBPF))
		}
	}
	g.single(g.request(last, abi.PerfQueryBPF))
	if len(g.links) > 0 && chance(g, 50) {
		g.aboutEventLink(last)
	}
	switch array := g.eventArray(); {
	case array != nil:
		g.leaveTo(array, last)
	case chance(g, 50):
		g.add(program.Close{FD: last.fd})
		g.forgetFD(last.fd)
		g.single(g.request(pick(g, append(g.events, last)...), abi.PerfQueryBPF))
	}
}

// eventArray is a map of events, nil for none.
func (g *generator) eventArray() *mapShape {
	for _, m := range slices.Backward(g.maps) {
		if m.typ == abi.PerfEventArray {
			return m
		}
	}
	return nil
}

// leaveTo leaves an event with its program to an array alone, and asks whether the program is there, then and when the array is empty.
func (g *generator) leaveTo(array *mapShape, e eventShape) {
	witness := g.eventOf(e.kind)
	g.add(witness)
	ask := func() {
		g.add(g.request(eventShape{witness.As, e.kind}, abi.PerfQueryBPF))
	}
	put := g.elemCall(abi.MapUpdateElem, array, keyAt, valueAt, 0)
	put.Memory = nil
	g.write(put, keyAt, g.bytes(4)) // the first slot
	g.write(put, valueAt, binary.LittleEndian.AppendUint32(nil, uint32(e.fd)))
	g.add(put)
	g.add(program.Close{FD: e.fd})
	g.forgetFD(e.fd)
	ask()
	empty := g.elemCall(abi.MapDeleteElem, array, keyAt, 0, 0)
	empty.Memory = nil
	g.write(empty, keyAt, g.bytes(4))
	g.add(empty)
	ask()
}

// eventOf opens an event of all processes that takes programs.
func (g *generator) eventOf(kind abi.PerfType) *program.Call {
	config := uint64(abi.PerfBPFOutput)
	if kind == abi.PerfTracepoint {
		config = tracepoints[0]
	}
	attr := program.Attr{Bytes: g.bytes(abi.PerfAttrSize)}
	attr.Set(abi.PerfAttrType, 4, uint64(kind))
	attr.Set(abi.PerfAttrSizeField, 4, abi.PerfAttrSize)
	attr.Set(abi.PerfAttrConfig, 8, config)
	c := g.call(abi.PerfEventOpen)
	args := program.Attr{Bytes: c.Contents}
	args.Set(abi.PerfOpenAttr, 8, eventAt)
	args.Set(abi.PerfOpenPID, 4, 1<<32-1)
	args.Set(abi.PerfOpenGroup, 4, 1<<32-1)
	g.write(c, eventAt, attr.Bytes)
	c.As = g.newFD()
	g.events = append(g.events, eventShape{c.As, kind})
	return c
}

// eventIoctl asks something of an event.
func (g *generator) eventIoctl() *program.Call {
	return g.request(g.someEvent(), pick(g, abi.PerfSetBPF, abi.PerfQueryBPF, abi.PerfQueryBPF, abi.PerfSetOutput, abi.PerfPeriod, abi.PerfPeriod, abi.PerfEnable,
		abi.PerfDisable, abi.PerfRefresh, abi.PerfReset, abi.PerfPauseOutput, abi.PerfID))
}

func (g *generator) request(e eventShape, request abi.PerfRequest) *program.Call {
	arg, memory := uint64(g.Intn(3)), []byte(nil)
	switch request {
	case abi.PerfSetBPF:
		arg = uint64(uint32(g.eventProgram(e)))
	case abi.PerfSetOutput:
		arg = pick(g, uint64(uint32(g.someEvent().fd)), uint64(uint32(g.someEvent().fd)), 1<<64-1, 1<<32-1, uint64(uint32(g.doubtfulFD())))
	case abi.PerfPeriod:
		arg, memory = g.input(keyAt, 8), g.bytes(8)
		program.PutWord(memory, pick[uint64](g, 0, 1, 99, 1<<40, 1<<63))
	case abi.PerfQueryBPF:
		memory = g.bytes(8 + 4*4)
		program.PutWord(memory[:4], pick[uint64](g, 4, 4, 4, 1, 0, 2, 64, 65))
		arg = g.output(valuesAt, len(memory))
	}
	c := g.call(abi.PerfIoctl)
	a := program.Attr{Bytes: c.Contents}
	a.Set(abi.PerfIoctlFD, 4, uint64(uint32(e.fd)))
	a.Set(abi.PerfIoctlRequest, 4, uint64(request))
	a.Set(abi.PerfIoctlArg, 8, arg)
	if memory != nil {
		g.write(c, arg, memory)
	}
	return c
}

// eventProgram is the fd of a program for an event, mostly of the right type, which is loaded where there is none.
func (g *generator) eventProgram(e eventShape) int32 {
	want := abi.ProgPerfEvent
	if e.kind == abi.PerfTracepoint {
		want = abi.ProgTracepoint
	}
	if chance(g, 12) {
		return pick(g, pick(g, g.fds...), g.doubtfulFD())
	}
	for _, p := range g.programs {
		if p.kind == want && chance(g, 60) {
			return p.fd
		}
	}
	return g.newProgram(programShape{kind: want}).fd
}

// throughAnother fills a slot through another open file of the map, and closes it, sometimes with an fd beside it that stays.
func (g *generator) throughAnother(m *mapShape) {
	path := program.BPFFS + "/through"
	g.add(program.Unlink{Path: path})
	g.add(g.pinAt(m.fd, path))
	c := g.getAt(path, 0)
	g.add(c)
	own := m.fd
	m.fd = c.As
	g.add(g.elemCall(abi.MapUpdateElem, m, keyAt, valueAt, 0))
	if chance(g, 30) {
		g.add(program.Dup{FD: c.As, To: g.newFD()})
	}
	m.fd = own
	g.add(program.Close{FD: c.As})
	empty := g.elemCall(abi.MapDeleteElem, m, keyAt, 0, 0)
	empty.Memory = nil // the same key
	g.add(empty)
}
