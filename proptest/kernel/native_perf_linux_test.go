package kernel

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// perfField is a field of struct perf_event_attr and what it is set to. Values that Linux answers by its configuration or
// by the machine's hardware are left out.
type perfField struct {
	at, size int
	values   []uint64
}

var perfFields = []perfField{
	{abi.PerfAttrType, 4, []uint64{1, 2, 1000}},
	{abi.PerfAttrSizeField, 4, []uint64{0, 1, 63, 64, 72, 112, 128, 136, 137, 144, 4096, 4097, 1 << 31}},
	{abi.PerfAttrConfig, 8, []uint64{0, 1, 2, 9, 10, 11, 12, 99999, 1 << 32}},
	{abi.PerfAttrPeriod, 8, []uint64{0, 1, 99, 1 << 40, 1 << 63}},
	{abi.PerfAttrSampleType, 8, []uint64{0, 1, abi.PerfSampleRaw | abi.PerfSampleTime, 1 << 25, 1 << 63}},
	{abi.PerfAttrReadFormat, 8, []uint64{0, 1, 31, 32, 1 << 60}},
	{abi.PerfAttrBits, 8, []uint64{0, abi.PerfBitDisabled, abi.PerfBitFreq, abi.PerfBitWatermark, abi.PerfBitSampleIDAll,
		abi.PerfBitWriteBackward, abi.PerfBitAuxOutput, abi.PerfBitInheritThread, abi.PerfBitUseClockID, abi.PerfBitsEnd,
		abi.PerfBitRemoveOnExec | abi.PerfBitEnableOnExec, abi.PerfBitSigtrap, 1 << 40, 1 << 63}},
	{abi.PerfAttrWakeup, 4, []uint64{0, 1, 1 << 31}},
	{abi.PerfAttrConfig1, 8, []uint64{0, 1}},
	{abi.PerfAttrConfig2, 8, []uint64{0, 1}},
	{abi.PerfAttrClockID, 4, []uint64{0, 1, 2, 4, 7, 11, 99}},
	{abi.PerfAttrReserved2, 2, []uint64{0, 1}},
	{abi.PerfAttrAuxAction, 4, []uint64{0, 1}},
	{abi.PerfAttrSize - 8, 8, []uint64{0, 1}},
	{abi.PerfAttrSize, 8, []uint64{0, 1}},
}

func (f perfField) put(attr []byte, v uint64) {
	var raw [8]byte
	binary.LittleEndian.PutUint64(raw[:], v)
	copy(attr[f.at:f.at+f.size], raw[:])
}

// perfOutput is the attr of a perf buffer.
func perfOutput() []byte {
	attr := make([]byte, abi.MaxAttrSize)
	le := binary.LittleEndian
	le.PutUint32(attr[abi.PerfAttrType:], uint32(abi.PerfSoftware))
	le.PutUint32(attr[abi.PerfAttrSizeField:], abi.PerfAttrSize)
	le.PutUint64(attr[abi.PerfAttrConfig:], abi.PerfBPFOutput)
	le.PutUint64(attr[abi.PerfAttrSampleType:], abi.PerfSampleRaw)
	return attr
}

// openPerf is perf_event_open(2) on Linux.
func openPerf(args bpfsys.PerfEventOpen) abi.Errno {
	fd, _, errno := unix.Syscall6(unix.SYS_PERF_EVENT_OPEN, uintptr(args.Attr), uintptr(args.PID), uintptr(args.CPU),
		uintptr(args.Group), uintptr(args.Flags), 0)
	if errno == 0 {
		unix.Close(int(fd))
	}
	return abi.Errno(errno)
}

// comparePerf opens an event on both kernels. agree is true if errno and the attr afterwards are the same; what is the host's agrees.
// bpfsim sees what mutate made of attr and arguments.
func (n *native) comparePerf(attr []byte, args bpfsys.PerfEventOpen, mutate perfMutant) (linux abi.Errno, ours, agree bool) {
	args.Attr = n.memory.addr
	changed, seen := slices.Clone(attr), args
	mutate(changed, &seen)
	copy(n.memory.bytes, changed)
	_, sim, ours := n.sim.PerfEventOpen(&maps.Task{}, n.process, seen)
	after := slices.Clone(n.memory.bytes[:len(attr)])
	copy(n.memory.bytes, attr)
	linux = openPerf(args)
	written := slices.Equal(after, changed) == slices.Equal(n.memory.bytes[:len(attr)], attr)
	return linux, ours, !ours || linux == sim && written
}

// perfMutant changes what bpfsim sees of a call.
type perfMutant func(attr []byte, args *bpfsys.PerfEventOpen)

func unchanged([]byte, *bpfsys.PerfEventOpen) {}

// drawPerf draws an attr and arguments around those of a perf buffer.
func (n *native) drawPerf(rng *rand.Rand) ([]byte, bpfsys.PerfEventOpen) {
	attr := perfOutput()
	for range rng.IntN(3) {
		field := perfFields[rng.IntN(len(perfFields))]
		field.put(attr, field.values[rng.IntN(len(field.values))])
	}
	args := bpfsys.PerfEventOpen{PID: -1, Group: -1, Flags: uint64(pick(rng, 0, 8, 8, 1, 2, 16, 8|32))}
	if rng.IntN(4) == 0 {
		args.PID, args.CPU = pick(rng, -1, 0, int32(os.Getpid()), -2, 1<<30), pick[int32](rng, -1, 0, 0, -2, 1<<20)
		args.Group = pick(rng, -1, -1, n.fds.file, n.fds.hash, n.fds.closed, -2)
	}
	return attr, args
}

// TestPerfEventOpen draws attrs around that of a perf buffer.
func TestPerfEventOpen(t *testing.T) {
	n := newNative(t, bpfsys.Root)
	rng := rand.New(rand.NewPCG(4, 5))
	seen := map[abi.Errno]int{}
	for range 20_000 {
		attr, args := n.drawPerf(rng)
		linux, ours, agree := n.comparePerf(attr, args, unchanged)
		require.True(t, agree, "Linux: %v, %+v, attr % x", linux, args, attr[:abi.PerfAttrSize])
		if ours {
			seen[linux]++
		}
	}
	for _, errno := range []abi.Errno{abi.OK, abi.EINVAL, abi.E2BIG, abi.EBADF, abi.ESRCH, abi.ENOENT, abi.EOPNOTSUPP} {
		require.Contains(t, seen, errno)
	}
}

// perfMutants each make bpfsim blind to something that Linux looks at.
var perfMutants = map[string]perfMutant{
	"flags that do not exist": func(_ []byte, a *bpfsys.PerfEventOpen) { a.Flags &= 15 },
	"the group":               func(_ []byte, a *bpfsys.PerfEventOpen) { a.Group = -1 },
	"the process":             func(_ []byte, a *bpfsys.PerfEventOpen) { a.PID = max(a.PID, -1) },
	"the CPU":                 func(_ []byte, a *bpfsys.PerfEventOpen) { a.CPU = min(max(a.CPU, -1), 0) },
	"bits that do not exist":  func(attr []byte, _ *bpfsys.PerfEventOpen) { attr[abi.PerfAttrBits+7] &= 0x7f },
	"the reserved field":      func(attr []byte, _ *bpfsys.PerfEventOpen) { clear(attr[abi.PerfAttrReserved2:][:2]) },
	"what is behind the attr": func(attr []byte, _ *bpfsys.PerfEventOpen) { clear(attr[abi.PerfAttrSize:]) },
	"the kind of sample":      func(attr []byte, _ *bpfsys.PerfEventOpen) { attr[abi.PerfAttrSampleType+7] = 0 },
	"the size": func(attr []byte, _ *bpfsys.PerfEventOpen) {
		copy(attr[abi.PerfAttrSizeField:], []byte{abi.PerfAttrSize, 0, 0, 0})
	},
}

// The comparison finds each of them.
func TestPerfEventOpenMutants(t *testing.T) {
	n := newNative(t, bpfsys.Root)
	for name, mutate := range perfMutants {
		rng := rand.New(rand.NewPCG(4, 5))
		found := false
		for range 20_000 {
			attr, args := n.drawPerf(rng)
			if _, _, agree := n.comparePerf(attr, args, mutate); !agree {
				found = true
				break
			}
		}
		require.True(t, found, name)
	}
}
