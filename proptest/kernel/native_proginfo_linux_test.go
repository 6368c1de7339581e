package kernel

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// twins is a program that both kernels have.
type twins struct {
	linux int
	sim   *bpfsys.File
}

// both loads a program on both kernels.
func (n *native) both(args bpfsys.ProgLoad) twins {
	attr := args.Encode()
	copy(n.attr.bytes, attr[:])
	_, errno := n.sim.Bpf(&maps.Task{}, n.process, uint32(abi.ProgLoad), n.attr.addr, abi.AttrSize)
	require.Equal(n, abi.OK, errno)
	sim := n.files[installed]
	fd, errno := 0, abi.EAGAIN
	for errno == abi.EAGAIN { // the verifier was interrupted by a signal
		copy(n.attr.bytes, attr[:])
		fd, errno = bpf(abi.ProgLoad, n.attr.addr, abi.AttrSize)
	}
	require.Equal(n, abi.OK, errno)
	n.Cleanup(func() { unix.Close(fd) })
	return twins{fd, sim}
}

// lines are the lines of an fdinfo that begin with one of the names.
func lines(text string, names ...string) (found []string) {
	for line := range strings.Lines(text) {
		for _, name := range names {
			if strings.HasPrefix(line, name+":") {
				found = append(found, line)
			}
		}
	}
	return found
}

// loads are programs that load a map in each way that there is, and constants.
func (n *native) loads(draw *rand.Rand) []uint64 {
	fd := uint64(n.fds.array)
	n.memory.bytes[512] = byte(fd)
	code := [][]uint64{
		{0xb7}, {0xb7, 0x07}, {callTime}, {fd<<32 | 1<<12 | 0x18, 0},
		{fd<<32 | 2<<12 | 0x18, uint64(draw.IntN(16)) << 32}, {5<<12 | 0x18, 0}, {6<<12 | 0x18, 4 << 32},
		{uint64(draw.Uint32())<<32 | 0x18, 7 << 32},
	}[draw.IntN(8)]
	for range draw.IntN(3) * draw.IntN(300) {
		code = append(code, 0xb7)
	}
	return append(code, 0xb7, exitR0)
}

// What the kernels tell of a program: in fdinfo, and byte for byte in info but for times, ids and compiled code.
func TestProgramInfoAsLinux(t *testing.T) {
	n, draw := newNative(t, bpfsys.Root), rand.New(rand.NewPCG(1, 1))
	tags := map[string]bool{}
	for round := range 200 {
		code := n.loads(draw)
		args := n.socketFilter(code[:1])
		args.Insns, args.InsnCnt = n.log.addr, uint32(len(code)) // there is room
		for i, word := range code {
			binary.LittleEndian.PutUint64(n.log.bytes[8*i:], word)
		}
		args.Name = bpfsys.NameOf([]string{"", "x", "fifteen_letters"}[draw.IntN(3)])
		args.FDArray = n.memory.addr + 512
		both := n.both(args)
		text, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", both.linux))
		require.NoError(t, err)
		shown := []string{"prog_type", "prog_tag", "memlock", "run_time_ns", "run_cnt", "recursion_misses", "verified_insns"}
		require.Equal(t, lines(string(text), shown...), lines(both.sim.Object().FDInfo(), shown...))
		tags[lines(string(text), "prog_tag")[0]] = true
		n.compareInfo(both, round)
		unix.Close(both.linux)
	}
	require.Greater(t, len(tags), 100)
}

// unequal are the bytes of info that differ: the id, the length of compiled code, load time.
var unequal = [][2]int{{4, 8}, {16, 20}, {40, 48}}

// compareInfo asks both kernels for info, with room for all arrays or for none.
func (n *native) compareInfo(both twins, round int) {
	info := [2][]byte{}
	for i := range info {
		raw := n.memory.bytes[2048:][:abi.ProgInfoSize]
		clear(n.memory.bytes[2048:])
		at := n.memory.addr + 2048 + abi.ProgInfoSize
		if round%2 == 0 {
			binary.LittleEndian.PutUint32(raw[abi.ProgInfoXlatedLen:], 64)
			binary.LittleEndian.PutUint64(raw[abi.ProgInfoXlated:], at)
			binary.LittleEndian.PutUint32(raw[abi.ProgInfoNrMapIDs:], 4)
			binary.LittleEndian.PutUint64(raw[abi.ProgInfoMapIDs:], at+64)
			binary.LittleEndian.PutUint32(raw[abi.ProgInfoNrTags:], 2)
			binary.LittleEndian.PutUint64(raw[abi.ProgInfoTags:], at+128)
		}
		fd := int32(both.linux)
		n.files[fd] = both.sim
		attr := bpfsys.ObjGetInfoByFD{FD: fd, InfoLen: abi.ProgInfoSize, Info: n.memory.addr + 2048}.Encode()
		copy(n.attr.bytes, attr[:])
		errno := abi.OK
		if i == 0 {
			_, errno = bpf(abi.ObjGetInfoByFD, n.attr.addr, abi.AttrSize)
		} else {
			_, errno = n.sim.Bpf(&maps.Task{}, n.process, uint32(abi.ObjGetInfoByFD), n.attr.addr, abi.AttrSize)
		}
		require.Equal(n, abi.OK, errno)
		info[i] = append([]byte(nil), n.memory.bytes[2048:][:abi.ProgInfoSize+256]...)
		for _, part := range unequal {
			clear(info[i][part[0]:part[1]])
		}
		n.sameIDs(info[i])
	}
	require.Equal(n, info[0], info[1])
}

// sameIDs replaces the ids of maps by 1, in the array of them and in the instructions that load them, and helpers by nothing.
func (n *native) sameIDs(info []byte) {
	ids := info[abi.ProgInfoSize+64:][:16]
	if id := binary.LittleEndian.Uint32(ids); id != 0 {
		binary.LittleEndian.PutUint32(ids, 1)
	}
	code := info[abi.ProgInfoSize:][:64]
	for at := 0; at < len(code); at += 8 {
		if src := code[at+1] >> 4; code[at] == 0x18 && src != 0 {
			binary.LittleEndian.PutUint32(code[at+4:], 1)
		}
		if code[at] == 0x85 { // Linux shows where the helper lies
			clear(code[at+4:][:4])
		}
	}
}
