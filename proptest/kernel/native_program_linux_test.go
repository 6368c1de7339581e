package kernel

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/insn"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const (
	exitR0   = 0x95
	callTime = 0x85 | 160<<32
)

// socketFilter puts a program into memory.
func (n *native) socketFilter(code []uint64) bpfsys.ProgLoad {
	all := make([]byte, 0, len(code)*insn.Size)
	for _, word := range code {
		all = binary.LittleEndian.AppendUint64(all, word)
	}
	return n.socketFilterOf(all)
}

func (n *native) socketFilterOf(code []byte) bpfsys.ProgLoad {
	const at = 1024
	copy(n.memory.bytes[at:], code)
	return bpfsys.ProgLoad{
		Type: abi.ProgSocketFilter, InsnCnt: uint32(len(code) / insn.Size), Insns: n.memory.addr + at, License: n.text(),
	}
}

// load loads a program on both kernels and tells what both said.
func (n *native) load(args bpfsys.ProgLoad) (linux, sim abi.Errno) {
	linux, refused := n.compare(abi.ProgLoad, args.Encode())
	require.False(n, refused)
	return linux, n.answered
}

// The programs of clients' probes load, and so does every other way to write them.
func TestConstantProgramsLoad(t *testing.T) {
	asEach(t, func(t *testing.T, n *native, _ *rand.Rand) {
		if !n.process.Caps.BPF {
			return
		}
		programs := map[string][]uint64{
			"mov64":               {0xb7, exitR0},
			"mov32":               {0xb4, exitR0},
			"mov64 -1":            {0xffffffff_000000b7, exitR0},
			"ld_imm64":            {0x18, 0, exitR0},
			"large ld_imm64":      {0x80000001_00000018, 0x7fffffff_00000000, exitR0},
			"xor":                 {1<<32 | 0xb7, 0xaf, exitR0},
			"sub":                 {1<<32 | 0xb7, 0x1c, exitR0},
			"helper":              {callTime, exitR0},
			"helper, then a zero": {callTime, 0x18, 0, exitR0},
			"v2":                  {0xb7, 1<<16 | 0xa5, 1<<32 | 0xb7, exitR0},
			"v3":                  {0xb7, 1<<16 | 0xa6, 1<<32 | 0xb7, exitR0},
			"v4":                  {0xb7, 1<<32 | 1<<16 | 0x15, 1<<32 | 0x06, 1<<32 | 0xb7, exitR0},
			"dead and poisoned":   {0xb7, 1<<16 | 0x15, 195896080<<32 | 0x85, exitR0},
			"function":            {1<<32 | 1<<12 | 0x85, exitR0, 0xb7, exitR0},
		}
		if n.process.Caps.SysAdmin { // without CAP_PERFMON the verifier runs speculative paths, too, which do not end here
			programs["bounded loop"] = []uint64{10<<32 | 0xb7, 1<<32 | 0x17, 0xfffe<<16 | 0x55, exitR0}
		}
		for name, code := range programs {
			linux, sim := n.load(n.socketFilter(code))
			require.Equal(t, abi.OK, linux, name)
			require.Equal(t, abi.OK, sim, name)
		}
	})
}

// Each flag that Linux takes of a program without memory accesses is taken.
func TestFlagsOfConstantPrograms(t *testing.T) {
	asEach(t, func(t *testing.T, n *native, _ *rand.Rand) {
		for bit := range 32 {
			args := n.socketFilter([]uint64{0xb7, exitR0})
			args.Flags = 1 << bit
			linux, sim := n.load(args)
			require.Equal(t, linux, sim, "flag %#x", args.Flags)
		}
	})
}

// Each code alone is one on both or on neither.
func TestCodesAsLinux(t *testing.T) {
	n := newNative(t, bpfsys.Root)
	known := 0
	for code := range uint64(256) {
		_, refused := n.verdict([]uint64{0xb7, 1<<16 | 0x15, code, exitR0}) // dead, so that only the code itself matters
		if !refused {
			known++
		}
	}
	require.Greater(t, known, 100)
}

// verdict is what Linux says of a socket filter, where bpfsim may say the same or let it pass, and whether bpfsim refused it.
func (n *native) verdict(code []uint64) (linux abi.Errno, refused bool) {
	linux, sim := n.load(n.socketFilter(code))
	return linux, sim != abi.OK
}

// What bpfsim refuses of programs of random instructions Linux refuses with the same errno, and what Linux takes it takes.
func TestRandomProgramsAsLinux(t *testing.T) {
	const rounds = 6_000
	asEach(t, func(t *testing.T, n *native, draw *rand.Rand) {
		if !n.process.Caps.BPF {
			return
		}
		taken, refused := 0, 0
		for range rounds {
			linux, sim := n.load(n.socketFilter(drawProgram(draw)))
			switch {
			case sim != abi.OK:
				refused++
			case linux == abi.OK:
				taken++
			}
		}
		t.Logf("%d taken, %d refused by both, %d of them for another reason, %d by Linux alone", taken, refused, n.otherwise, n.passed)
		require.Less(t, n.otherwise, refused/5)
		require.Greater(t, taken, rounds/60)
		require.Greater(t, refused, rounds/4)
	})
}

// drawProgram draws programs of a few instructions, most of them right by themselves. None jumps back: the verifier runs
// loops without end for so long that a signal to a Go program always interrupts it.
func drawProgram(draw *rand.Rand) (code []uint64) {
	for range 1 + draw.IntN(6) {
		code = append(code, drawInsn(draw)...)
	}
	code = append(code, 0xb7, exitR0)
	switch draw.IntN(8) {
	case 0:
		code[draw.IntN(len(code))] ^= 1 << draw.IntN(31) // no sign of an offset
	case 1:
		code = code[:1+draw.IntN(len(code))]
	}
	return code
}

func drawInsn(draw *rand.Rand) []uint64 {
	reg := func() uint64 { return pick[uint64](draw, 0, 0, 0, 1, 2, 6, 10, 10, 11, 15) }
	imm := pick[uint64](draw, 0, 0, 1, 2, 16, 32, 63, 64, 1<<31, 1<<32-1) << 32
	off := pick[uint64](draw, 0, 0, 1, 2, 8, 16, 3) << 16
	dst, src := reg()<<8, reg()<<12
	arith := pick[uint64](draw, 0x00, 0x10, 0x20, 0x30, 0x60, 0x70, 0x80, 0x90, 0xb0, 0xb0, 0xc0, 0xd0)
	jump := pick[uint64](draw, 0x00, 0x10, 0x20, 0x50, 0xd0, 0xe0)
	class := pick[uint64](draw, 4, 7)
	switch draw.IntN(14) {
	case 0:
		return []uint64{arith | class | dst | imm}
	case 1:
		return []uint64{arith | class | 8 | dst | src}
	case 2:
		return []uint64{arith | class | 8 | dst | src | off | pick(draw, 0, imm)}
	case 3:
		return []uint64{jump | pick[uint64](draw, 5, 6) | dst | off | imm}
	case 4:
		return []uint64{jump | pick[uint64](draw, 5, 6) | 8 | dst | src | off}
	case 5:
		return []uint64{pick[uint64](draw, 0x61, 0x69, 0x71, 0x79, 0x81, 0x91, 0x62, 0x63, 0x7b, 0xdb) | dst | src | off | pick(draw, 0, imm)}
	case 6:
		return []uint64{0x18 | dst | pick(draw, 0, src) | imm, imm}
	case 7:
		return []uint64{0x85 | uint64(draw.IntN(214))<<32 | pick(draw, 0, 0, 0, dst, off)}
	case 8:
		return []uint64{0x85 | 1<<12 | uint64(draw.IntN(6))<<32}
	case 9:
		return []uint64{pick[uint64](draw, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50) | pick(draw, 0, src) | imm}
	case 10:
		return []uint64{exitR0 | pick(draw, 0, 0, dst, src, imm, off)}
	case 11:
		return []uint64{uint64(draw.IntN(256))}
	}
	return []uint64{0xb7 | pick[uint64](draw, 0, 1, 2)<<8 | imm}
}

// logs are what both kernels say of a program.
func (n *native) logs(cmd abi.Cmd, attr bpfsys.Attr) string {
	if cmd != abi.ProgLoad {
		return ""
	}
	var args bpfsys.ProgLoad
	args.Decode(attr[:])
	said, _ := n.verdicts(args)
	return "\n" + strings.Join(said, "\n")
}

// verdicts are the logs and errnos of bpfsim and of Linux.
func (n *native) verdicts(args bpfsys.ProgLoad) (logs []string, errnos []abi.Errno) {
	args.LogLevel, args.LogBuf, args.LogSize = 1, n.log.addr, uint32(len(n.log.bytes))
	attr := args.Encode()
	for _, ask := range []func() (int, abi.Errno){
		func() (int, abi.Errno) {
			_, errno := n.sim.Bpf(&maps.Task{}, n.process, uint32(abi.ProgLoad), n.attr.addr, abi.AttrSize)
			return 0, errno
		},
		func() (int, abi.Errno) { return bpf(abi.ProgLoad, n.attr.addr, abi.AttrSize) },
	} {
		fd, errno := 0, abi.EAGAIN
		for errno == abi.EAGAIN { // the verifier was interrupted by a signal
			clear(n.log.bytes)
			copy(n.attr.bytes, attr[:])
			fd, errno = ask()
		}
		if fd > 0 {
			unix.Close(fd)
		}
		said, _, _ := bytes.Cut(n.log.bytes, []byte{0})
		logs, errnos = append(logs, string(said)), append(errnos, errno)
	}
	return logs, errnos
}
