package kernel

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// constant is the program of each type in the comparison: it returns its own name's last letter as a digit.
func (n *native) constant(t abi.ProgType, at abi.AttachType, value uint64) int32 {
	args := n.socketFilter([]uint64{value<<32 | 0xb7, exitR0})
	args.Type, args.AttachType = t, at
	if t == abi.ProgSyscall {
		const sleepable = 1 << 4
		args.Flags = sleepable
	}
	args.Name = bpfsys.NameOf("returns" + string(rune('0'+value)))
	return n.object(args)
}

// ranAs is what the program of a comparison, whose code is constant, does with a run.
func ranAs(r bpfsys.Run) (bpfsys.Ran, bool) {
	value := uint32(0)
	if name := r.Program.Name(); name != "" {
		value = uint32(name[len(name)-1] - '0')
	}
	return bpfsys.Ran{Value: value, Context: r.Context, Data: r.Data}, true
}

// Places in the memory of a comparison.
const (
	testedDataOut = 1024
	testedContext = 2048
	testedOut     = 3072
)

// testRunArgs draws arguments that are right but for a few things.
func (n *native) testRunArgs(fd int32, draw *rand.Rand) bpfsys.ProgTestRun {
	at := func(place uint64) uint64 {
		return pick(draw, n.memory.addr+place, n.memory.addr+place, n.memory.addr+place, 0, 8)
	}
	one := func(odds int, values ...uint32) uint32 {
		if draw.IntN(odds) > 0 {
			return 0
		}
		return pick(draw, values...)
	}
	args := bpfsys.ProgTestRun{ProgFD: fd}
	if draw.IntN(8) > 0 {
		args.DataSizeIn, args.DataIn = pick[uint32](draw, 64, 64, 64, 0, 13, 14, 19, 20, 33, 40, 300), at(0)
	}
	if draw.IntN(2) > 0 {
		args.DataSizeOut, args.DataOut = pick[uint32](draw, 64, 500, 0, 20, 56), at(testedDataOut)
	}
	if draw.IntN(2) > 0 {
		args.CtxSizeIn, args.CtxIn = pick[uint32](draw, 1, 8, 16, 24, 48, 56, 72, 96, 97, 192, 200, 400), at(testedContext)
	}
	if draw.IntN(2) > 0 {
		args.CtxSizeOut, args.CtxOut = pick[uint32](draw, 10, 24, 48, 56, 72, 192, 400), at(testedOut)
	}
	args.Repeat, args.CPU = one(6, 1, 3), one(12, 1, 77)
	args.Flags, args.BatchSize, args.Duration = one(10, 1, 4, 8, 5), one(20, 1, 300), one(20, 1)
	return args
}

// drawContext sets a few words of the context.
func (n *native) drawContext(draw *rand.Rand) {
	context := n.memory.bytes[testedContext:][:512]
	clear(context)
	for range draw.IntN(4) * draw.IntN(2) {
		off := 4 * draw.IntN(50)
		binary.LittleEndian.PutUint32(context[off:], pick[uint32](draw, 1, 2, 4, 64, 0x102, 0xa04, 70000, 9999))
	}
	switch draw.IntN(6) {
	case 0: // struct xdp_md of 64 bytes
		binary.LittleEndian.PutUint32(context[4:], pick[uint32](draw, 64, 20))
		binary.LittleEndian.PutUint32(context, pick[uint32](draw, 0, 0, 4, 8, 252, 3))
	case 1: // a hook of netfilter
		context[0], context[1] = pick[byte](draw, 0, 1, 2, 3, 4, 5), pick[byte](draw, 2, 10, 3)
	case 2: // a packet that comes through a device
		binary.LittleEndian.PutUint32(context[8:], draw.Uint32())
		binary.LittleEndian.PutUint32(context[40:], pick[uint32](draw, 0, 1, 9999))
	case 3: // a family of a lookup
		binary.LittleEndian.PutUint32(context[8:], pick[uint32](draw, 2, 10))
	}
}

const durationField = 36

// compareTestRun makes a call on both: errno, attr and memory agree, but for the time that it took.
func (n *native) compareTestRun(args bpfsys.ProgTestRun) abi.Errno {
	attr := args.Encode()
	before := slices.Clone(n.memory.bytes)
	copy(n.attr.bytes, attr[:])
	_, sim := n.sim.Bpf(&maps.Task{}, n.process, uint32(abi.ProgTestRun), n.attr.addr, abi.AttrSize)
	after, memory := bpfsys.Attr(n.attr.bytes), slices.Clone(n.memory.bytes)
	linux := abi.EINTR
	for linux == abi.EINTR { // by a signal of Go's
		copy(n.attr.bytes, attr[:])
		copy(n.memory.bytes, before)
		_, linux = bpf(abi.ProgTestRun, n.attr.addr, abi.AttrSize)
	}
	require.Equal(n, linux, sim, "%+v context %x", args, before[testedContext:][:200])
	native := bpfsys.Attr(n.attr.bytes)
	clear(native[durationField:][:4])
	clear(after[durationField:][:4])
	require.Equal(n, words(native), words(after), "%+v", args)
	require.Equal(n, n.memory.bytes, memory, "%+v", args)
	return linux
}

// testRunRounds: Linux waits for grace periods around each run of XDP, which take a tenth of a second and more where other programs are busy.
func testRunRounds(t abi.ProgType) int {
	if t == abi.ProgXDP {
		return 100
	}
	return 4_000
}

// PROG_TEST_RUN answers as Linux does for programs that return a constant: errno, result, data and context of each type.
func TestTestRunAsLinux(t *testing.T) {
	for _, tt := range []struct {
		kind abi.ProgType
		at   abi.AttachType
		want []abi.Errno // that have to come
	}{
		{abi.ProgSocketFilter, 0, []abi.Errno{abi.OK, abi.EINVAL, abi.EFAULT, abi.ENOSPC, abi.E2BIG, abi.ENODEV}},
		{abi.ProgSchedCLS, 0, []abi.Errno{abi.OK, abi.EINVAL, abi.EFAULT, abi.ENOSPC, abi.E2BIG, abi.ENODEV}},
		{abi.ProgCgroupSKB, 0, []abi.Errno{abi.OK, abi.EINVAL, abi.EFAULT, abi.ENOSPC}},
		{abi.ProgLWTXmit, 0, []abi.Errno{abi.OK, abi.EINVAL, abi.EFAULT, abi.ENOSPC}},
		{abi.ProgXDP, 0, []abi.Errno{abi.OK, abi.EINVAL, abi.EFAULT, abi.ENOSPC}},
		{abi.ProgFlowDissector, 0, []abi.Errno{abi.OK, abi.EINVAL, abi.EFAULT, abi.ENOSPC}},
		{abi.ProgSKLookup, abi.AttachSKLookup, []abi.Errno{abi.OK, abi.EINVAL, abi.EFAULT, abi.EAFNOSUPPORT}},
		{abi.ProgNetfilter, abi.AttachNetfilter, []abi.Errno{abi.OK, abi.EINVAL, abi.EFAULT}},
		{abi.ProgRawTracepoint, 0, []abi.Errno{abi.OK, abi.EINVAL, abi.EFAULT, abi.ENXIO}},
		{abi.ProgSyscall, 0, []abi.Errno{abi.OK, abi.EINVAL, abi.EFAULT}},
		{abi.ProgKprobe, 0, []abi.Errno{abi.ENOTSUPP}},
		{abi.ProgLWTSeg6Local, 0, []abi.Errno{abi.ENOTSUPP}},
	} {
		t.Run(tt.kind.String(), func(t *testing.T) {
			n, draw := newNative(t, bpfsys.Root), rand.New(rand.NewPCG(1, uint64(tt.kind)))
			value := uint64(1)
			if tt.kind == abi.ProgSyscall || tt.kind == abi.ProgRawTracepoint {
				value = 0
			}
			fd, seen := n.constant(tt.kind, tt.at, value), map[abi.Errno]int{}
			for range testRunRounds(tt.kind) {
				n.drawContext(draw)
				for i := range n.memory.bytes[:testedContext] {
					n.memory.bytes[i] = byte(i)
				}
				copy(n.memory.bytes[12:], pick(draw, "\x0c\x0d", "\x08\x00", "\x86\xdd"))
				args := n.testRunArgs(fd, draw)
				if bare := tt.kind == abi.ProgSyscall || tt.kind == abi.ProgRawTracepoint || tt.kind == abi.ProgSKLookup; bare && draw.IntN(4) > 0 {
					args = bpfsys.ProgTestRun{ProgFD: fd, CtxIn: args.CtxIn, CtxSizeIn: args.CtxSizeIn, Flags: args.Flags, CPU: args.CPU}
				}
				if tt.kind == abi.ProgXDP && draw.IntN(3) == 0 {
					args = bpfsys.ProgTestRun{ProgFD: fd, DataIn: n.memory.addr, DataSizeIn: pick[uint32](draw, 20, 20, 64, 300),
						DataOut: args.DataOut, DataSizeOut: args.DataSizeOut, CtxIn: n.memory.addr + testedContext, CtxSizeIn: 24}
					binary.LittleEndian.PutUint32(n.memory.bytes[testedContext:], pick[uint32](draw, 0, 4, 8))
					binary.LittleEndian.PutUint32(n.memory.bytes[testedContext+4:], pick[uint32](draw, 20, 20, 64))
				}
				seen[n.compareTestRun(args)]++
			}
			for _, want := range tt.want {
				require.NotZero(t, seen[want], "%v never came of %v", want, seen)
			}
		})
	}
}

// tested loads a program of each type on packets, which returns 1.
func (n *native) tested(kind abi.ProgType) int32 {
	at := abi.AttachType(0)
	if kind == abi.ProgNetfilter {
		at = abi.AttachNetfilter
	}
	return n.constant(kind, at, 1)
}

// The sizes of packets end where Linux's do.
func TestTestRunSizesAsLinux(t *testing.T) {
	n := newNative(t, bpfsys.Root)
	for _, kind := range []abi.ProgType{abi.ProgSocketFilter, abi.ProgSchedCLS, abi.ProgXDP, abi.ProgFlowDissector, abi.ProgNetfilter} {
		args := bpfsys.ProgTestRun{ProgFD: n.tested(kind), DataIn: n.memory.addr}
		for _, around := range []uint32{14, 20, 3520, 3712, 4096, 73152, 1 << 31} {
			for args.DataSizeIn = around - 1; args.DataSizeIn <= around+1; args.DataSizeIn++ {
				n.compareTestRun(args)
			}
		}
	}
}

// Where in its data a packet of XDP may begin and end.
func TestTestRunXDPContextAsLinux(t *testing.T) {
	n := newNative(t, bpfsys.Root)
	args := bpfsys.ProgTestRun{ProgFD: n.tested(abi.ProgXDP), DataIn: n.memory.addr, DataSizeIn: 300, CtxIn: n.memory.addr + testedContext, CtxSizeIn: 24,
		CtxOut: n.memory.addr + testedOut, CtxSizeOut: 24, DataOut: n.memory.addr + testedDataOut, DataSizeOut: 300}
	for _, context := range [][6]uint32{
		{0, 300}, {0, 301}, {0, 299}, {0, 14}, {0, 0}, {3, 300}, {4, 300}, {4, 3}, {4, 4}, {216, 300}, {220, 300}, {252, 300}, {255, 300}, {256, 300}, {284, 300}, {288, 300},
		{0, 300, 4}, {0, 300, 0, 1}, {0, 300, 0, 0, 1}, {0, 300, 0, 9999}, {0, 300, 0, 0, 0, 1}, {0, 300, 0, 1, 1},
	} {
		for i, word := range context {
			binary.LittleEndian.PutUint32(n.memory.bytes[testedContext+4*i:], word)
		}
		n.compareTestRun(args)
	}
}

// A hook of netfilter, and a packet that tells of another family of protocols.
func TestTestRunHooksAsLinux(t *testing.T) {
	n := newNative(t, bpfsys.Root)
	args := bpfsys.ProgTestRun{ProgFD: n.tested(abi.ProgNetfilter), DataIn: n.memory.addr, CtxIn: n.memory.addr + testedContext, CtxSizeIn: 48}
	for _, protocol := range []string{"\x08\x00", "\x86\xdd", "\x08\x06"} {
		copy(n.memory.bytes[12:], protocol)
		for _, args.DataSizeIn = range []uint32{20, 33, 34, 53, 54} {
			for hook := range byte(8) {
				for _, family := range []byte{0, 2, 3, 7, 10} {
					n.memory.bytes[testedContext], n.memory.bytes[testedContext+1] = hook, family
					n.compareTestRun(args)
				}
			}
		}
	}
}

// The ports and families of a lookup.
func TestTestRunLookupsAsLinux(t *testing.T) {
	n := newNative(t, bpfsys.Root)
	args := bpfsys.ProgTestRun{ProgFD: n.constant(abi.ProgSKLookup, abi.AttachSKLookup, 1), CtxIn: n.memory.addr + testedContext, CtxSizeIn: 72,
		CtxOut: n.memory.addr + testedOut, CtxSizeOut: 72}
	for _, family := range []uint32{0, 1, 2, 9, 10, 11} {
		for _, port := range []uint32{0, 65535, 65536, 1 << 31} {
			binary.LittleEndian.PutUint32(n.memory.bytes[testedContext+8:], family)
			binary.LittleEndian.PutUint32(n.memory.bytes[testedContext+60:], port)
			n.compareTestRun(args)
		}
	}
}

// A packet of XDP of two pages, with too little room for it.
func TestTestRunPagesAsLinux(t *testing.T) {
	n := newNative(t, bpfsys.Root)
	for i := range n.log.bytes {
		n.log.bytes[i] = byte(i * 7)
	}
	args := bpfsys.ProgTestRun{ProgFD: n.tested(abi.ProgXDP), DataIn: n.log.addr, DataOut: n.memory.addr}
	for _, args.DataSizeIn = range []uint32{3520, 3521, 3600} {
		rest := args.DataSizeIn - 3520
		for _, args.DataSizeOut = range []uint32{1, rest - 1, rest, rest + 1, 3519, 3520, args.DataSizeIn - 1, args.DataSizeIn, args.DataSizeIn + 1} {
			n.compareTestRun(args)
		}
	}
}
