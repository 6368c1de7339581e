package kernel

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// otherFields are the fields of the commands that have nothing to do with maps, and values that matter in them.
func (n *native) otherFields() map[abi.Cmd][]sample {
	fds := n.someFDs()
	attach := with([]int{16, 20}, []int{24}, sample{0, 4, fds}, sample{4, 4, fds}, sample{8, 4, attachTypes()},
		sample{12, 4, someFlags})
	id := sample{0, 4, []uint64{0, 1 << 30, 0x7ffffffe, 0x7fffffff, 1 << 31, 0xffffffff}}
	pids := []uint64{0, 0x7fffffff, uint64(os.Getpid()), uint64(os.Getpid())}
	return map[abi.Cmd][]sample{
		abi.ProgAttach:    attach,
		abi.ProgDetach:    attach,
		abi.ProgTestRun:   with([]int{40, 44, 72, 76}, []int{48, 56}, sample{0, 4, fds}),
		abi.ProgGetFDByID: {id},
		abi.ProgQuery: with([]int{12, 24, 28, 60, 64}, []int{16, 32, 56}, sample{0, 4, fds}, sample{4, 4, attachTypes()},
			sample{8, 4, []uint64{0, 0, 0, 1, 2}}),
		abi.RawTracepointOpen:  with([]int{24}, []int{0, 16}, sample{8, 4, fds}),
		abi.BTFLoad:            n.btfFields(),
		abi.BTFGetFDByID:       with([]int{4, 16}, nil, sample{0, 4, []uint64{0, 1 << 30}}, sample{8, 4, someFlags}, sample{12, 4, fds}),
		abi.TaskFDQuery:        with([]int{8, 12, 44, 48}, nil, sample{0, 4, pids}, sample{4, 4, fds}),
		abi.LinkCreate:         with([]int{16, 56, 60}, nil, sample{0, 4, fds}, sample{8, 4, attachTypes()}, sample{12, 4, someFlags}),
		abi.LinkUpdate:         with([]int{16}, nil, sample{0, 4, fds}, sample{4, 4, fds}, sample{8, 4, someFlags}),
		abi.LinkGetFDByID:      with([]int{4}, nil, id),
		abi.LinkGetNextID:      with([]int{4, 8}, nil, id),
		abi.EnableStats:        with([]int{0, 4}, nil),
		abi.IterCreate:         with([]int{4, 8}, nil, sample{0, 4, fds}),
		abi.LinkDetach:         with([]int{4}, nil, sample{0, 4, fds}),
		abi.ProgBindMap:        with([]int{8, 12}, nil, sample{0, 4, fds}, sample{4, 4, fds}),
		abi.TokenCreate:        with([]int{0, 8}, nil, sample{4, 4, fds}),
		abi.ProgStreamReadByFD: with([]int{20}, nil, sample{12, 4, []uint64{0, 1, 2, 3}}, sample{16, 4, fds}),
	}
}

func (n *native) btfFields() []sample {
	return with([]int{40}, nil, sample{0, 8, []uint64{0, n.text(), n.text(), n.text()}},
		sample{8, 8, []uint64{0, 0, n.text() + 64}}, sample{16, 4, []uint64{0, 1, 7, 8, 24, 16 << 20, 16<<20 + 1}},
		sample{20, 4, []uint64{0, 0, 2048, 1 << 30}}, sample{24, 4, []uint64{0, 0, 1, 2, 8, 16}},
		sample{32, 4, []uint64{0, 0, 0, 1, 1 << 16}}, sample{36, 4, n.someFDs()})
}

func (n *native) someFDs() (fds []uint64) {
	f := n.fds
	for _, fd := range []int32{f.hash, f.program, f.file, f.cgroup, f.netns, f.closed, -1, 0, 1} {
		fds = append(fds, uint64(uint32(fd)))
	}
	return fds
}

func attachTypes() (types []uint64) {
	for t := range abi.NumAttachTypes + 3 {
		types = append(types, uint64(t))
	}
	return types
}

var (
	someFlags = []uint64{0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 1 << 13, 1 << 14, 1 << 16, 1 << 31}
	seldomOne = []uint64{0, 0, 0, 1}
)

// with adds fields of 4 and of 8 bytes that are seldom set.
func with(words, longs []int, fields ...sample) []sample {
	for _, off := range words {
		fields = append(fields, sample{off, 4, seldomOne})
	}
	for _, off := range longs {
		fields = append(fields, sample{off, 8, seldomOne})
	}
	return fields
}

// sample is a field of an attr and values for it.
type sample struct {
	off, width int
	values     []uint64
}

func drawAttr(fields []sample, draw *rand.Rand) (a bpfsys.Attr) {
	for _, f := range fields {
		v := pick(draw, f.values...)
		if f.width == 8 {
			binary.LittleEndian.PutUint64(a[f.off:], v)
		} else {
			binary.LittleEndian.PutUint32(a[f.off:], uint32(v))
		}
	}
	return a
}

// Commands on programs, links and BTF answer as Linux does where there are none.
func TestCommandsAsLinux(t *testing.T) {
	const rounds = 1_500
	asEach(t, func(t *testing.T, n *native, draw *rand.Rand) {
		all := n.otherFields()
		for _, cmd := range slices.Sorted(maps.Keys(all)) {
			fields := all[cmd]
			seen := map[abi.Errno]bool{}
			for range rounds {
				linux, _ := n.compare(cmd, drawAttr(fields, draw))
				seen[linux] = true
			}
			require.Greater(t, len(seen)+n.few(cmd), 1, "%v always answers the same: %v", cmd, seen)
		}
	})
}

// Clients that were built for older kernels have shorter attrs: what lies behind them is left alone.
func TestProgQuerySizesAsLinux(t *testing.T) {
	asEach(t, func(t *testing.T, n *native, _ *rand.Rand) {
		var attr bpfsys.Attr
		for i := range attr {
			attr[i] = 0xee
		}
		for _, fd := range []int32{n.fds.cgroup, n.fds.netns, n.fds.hash} {
			for _, at := range []abi.AttachType{abi.AttachCgroupInetIngress, abi.AttachFlowDissector, abi.AttachSKMsgVerdict} {
				for size := uint32(0); size <= 72; size += 4 {
					clear(attr[:size])
					binary.LittleEndian.PutUint32(attr[:], uint32(fd))
					binary.LittleEndian.PutUint32(attr[4:], uint32(at))
					n.compareSize(abi.ProgQuery, attr, size)
				}
			}
		}
	})
}

// few is 1 for commands that have only one answer for this caller.
func (n *native) few(cmd abi.Cmd) int {
	if !n.process.Caps.SysAdmin || cmd == abi.ProgGetFDByID {
		return 1
	}
	return 0
}

// What Linux refuses of a program before it verifies it, and of its log and its fds.
func TestProgLoadAsLinux(t *testing.T) {
	const rounds = 3_000
	asEach(t, func(t *testing.T, n *native, draw *rand.Rand) {
		seen := map[abi.Errno]int{}
		for range rounds {
			args := n.program(draw)
			linux, _ := n.compare(abi.ProgLoad, args.Encode())
			seen[linux]++
		}
		require.Less(t, n.passed, rounds/20)
		if n.process.Caps.SysAdmin {
			for _, want := range []abi.Errno{abi.OK, abi.EINVAL, abi.EBADF, abi.EFAULT, abi.E2BIG, abi.EOPNOTSUPP} {
				require.NotZero(t, seen[want], "%v never came of %v", want, seen)
			}
		}
	})
}

// hostsOwn are the types that distributors' kernels may keep from everybody or that this kernel may not have.
var hostsOwn = []abi.ProgType{abi.ProgTracing, abi.ProgExt, abi.ProgLSM, abi.ProgLIRCMode2}

func (n *native) program(draw *rand.Rand) bpfsys.ProgLoad {
	args := bpfsys.ProgLoad{Type: abi.ProgSocketFilter, InsnCnt: 2, Insns: n.insns(), License: n.text()}
	fd := func() int32 {
		return pick(draw, n.fds.hash, n.fds.program, n.fds.file, n.fds.closed, -1, 0)
	}
	for range draw.IntN(4) {
		switch draw.IntN(13) {
		case 0:
			args.Type = abi.ProgType(draw.IntN(int(abi.NumProgTypes) + 2))
		case 1:
			args.Type = pick(draw, abi.ProgXDP, abi.ProgSchedCLS)
			args.Ifindex, args.Flags = pick[uint32](draw, 0, 1, 9999), pick[uint32](draw, 0, 1, 32, 64, 96)
		case 2:
			args.InsnCnt = pick[uint32](draw, 0, 1, 2, 3, 1_000_000, 1_000_001)
		case 3:
			args.Insns, args.License = pick(draw, 0, args.Insns), pick(draw, 0, args.License)
		case 4:
			args.LogLevel, args.LogSize = pick[uint32](draw, 0, 1, 4, 16), pick[uint32](draw, 0, 1, 2048, 1<<30)
			args.LogBuf = pick(draw, 0, n.memory.addr+1024)
		case 5:
			args.Flags ^= 1 << draw.IntN(32)
			args.TokenFD = fd()
		case 6:
			args.Name = pick(draw, bpfsys.NameOf("x"), bpfsys.NameOf("a b"), [16]byte{15: 1})
		case 7:
			args.AttachType = abi.AttachType(draw.IntN(int(abi.NumAttachTypes) + 2))
		case 8:
			args.FuncInfoCnt, args.LineInfoCnt, args.BTFFD = pick[uint32](draw, 0, 1), pick[uint32](draw, 0, 1), fd()
		case 9:
			args.AttachBTFID, args.AttachProgFD = pick[uint32](draw, 0, 0, 1, 0x100000), pick(draw, 0, fd())
		case 10:
			n.memory.bytes[512], n.memory.bytes[516] = byte(fd()), byte(n.fds.hash)
			args.FDArray = pick(draw, 0, n.memory.addr+512, n.memory.addr+516)
			args.FDArrayCnt = pick[uint32](draw, 0, 1, 2, 1<<30-1)
		case 11:
			args.Signature = pick[uint64](draw, 0, 1)
		case 12:
			args.Type, args.AttachType = pick(draw, abi.ProgCgroupSockopt, abi.ProgSKLookup, abi.ProgNetfilter), pick(draw,
				abi.AttachCgroupGetsockopt, abi.AttachSKLookup, abi.AttachNetfilter)
		}
	}
	for _, kind := range hostsOwn {
		if args.Type == kind {
			args.Type = abi.ProgKprobe
		}
	}
	return args
}
