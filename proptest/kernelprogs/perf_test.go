package kernelprogs_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Places in the page of positions (struct perf_event_mmap_page).
const (
	perfHead = 1024
	perfTail = 1032
)

// perfBuffers is a perf buffer of CPU 0 on Linux, and the same one here.
type perfBuffers struct {
	t        *testing.T
	programs []*ebpf.Program // each puts out a record of another size
	linux    []byte
	event    *bpfsys.PerfEvent
	array    *bpfsys.Map
	bytes    []byte // of event
	id       int    // of the event on Linux
}

// perfSizes are sizes behind which there is no gap: Linux leaves there what was in the buffer.
var perfSizes = []int{4, 12, 60, 252, 508}

func newPerfBuffers(t *testing.T, attr unix.PerfEventAttr, pages int, write bool) *perfBuffers {
	b := &perfBuffers{t: t}
	attr.Type, attr.Config, attr.Sample_type = unix.PERF_TYPE_SOFTWARE, unix.PERF_COUNT_SW_BPF_OUTPUT, unix.PERF_SAMPLE_RAW
	attr.Size = abi.PerfAttrSize
	fd, err := unix.PerfEventOpen(&attr, -1, 0, -1, unix.PERF_FLAG_FD_CLOEXEC)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	b.id = eventID(t, fd)
	prot := unix.PROT_READ
	if write {
		prot |= unix.PROT_WRITE
	}
	b.linux, err = unix.Mmap(fd, 0, page*(1+pages), prot, unix.MAP_SHARED)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unix.Munmap(b.linux)) })
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.PerfEventArray, MaxEntries: 1})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	require.NoError(t, m.Put(uint32(0), uint32(fd)))
	for i, size := range perfSizes {
		b.programs = append(b.programs, putsOut(t, m, byte(i+1), size))
	}
	b.open(attr, pages, write)
	return b
}

// eventID is the id that an event's records have.
func eventID(t *testing.T, fd int) int {
	id, err := unix.IoctlGetInt(fd, unix.PERF_EVENT_IOC_ID)
	require.NoError(t, err)
	return id
}

// putsOut loads a program that puts out size bytes of a value.
func putsOut(t *testing.T, m *ebpf.Map, value byte, size int) *ebpf.Program {
	word := int64(binary.LittleEndian.Uint64([]byte{value, value, value, value, value, value, value, value}))
	program := asm.Instructions{asm.Mov.Reg(asm.R6, asm.R1), asm.LoadImm(asm.R5, word, asm.DWord)}
	room := (size + 7) &^ 7
	for at := 0; at < room; at += 8 {
		program = append(program, asm.StoreMem(asm.RFP, int16(at-room), asm.R5, asm.DWord))
	}
	program = append(program, asm.Mov.Reg(asm.R1, asm.R6), asm.LoadMapPtr(asm.R2, m.FD()), asm.LoadImm(asm.R3, 0, asm.DWord),
		asm.Mov.Reg(asm.R4, asm.RFP), asm.Add.Imm(asm.R4, int32(-room)), asm.Mov.Imm(asm.R5, int32(size)), asm.FnPerfEventOutput.Call(), asm.Return())
	loaded, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.XDP, Instructions: program, License: "GPL"})
	require.NoError(t, err)
	t.Cleanup(func() { loaded.Close() })
	return loaded
}

// open makes the buffer here.
func (b *perfBuffers) open(attr unix.PerfEventAttr, pages int, write bool) {
	c := bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{CPUs: 1}))
	raw := make([]byte, abi.PerfAttrSize)
	_, err := binary.Encode(raw, binary.LittleEndian, attr)
	require.NoError(b.t, err)
	fd, errno, ours := c.Kernel.PerfEventOpen(c.Task, c.Process, bpfsys.PerfEventOpen{Attr: c.Arena.Put(raw), PID: -1, Group: -1})
	require.True(b.t, ours)
	require.Equal(b.t, abi.OK, errno)
	file, _ := c.Process.Files.Get(fd)
	b.event = file.Object().(*bpfsys.PerfEvent)
	require.Equal(b.t, abi.OK, file.MayMap(bpfsys.Mapping{Length: uint64(page * (1 + pages)), Write: write, Shared: true}))
	b.bytes = bytesOf(b.event.Buffer())
	array, errno := c.Do(bpfsys.MapCreate{Type: abi.PerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	require.Equal(b.t, abi.OK, errno)
	_, errno = c.Do(bpfsys.MapUpdateElem{FD: array, Key: c.Arena.Put(make([]byte, 4)), Value: c.Arena.Put(binary.LittleEndian.AppendUint32(nil, uint32(fd)))})
	require.Equal(b.t, abi.OK, errno)
	file, _ = c.Process.Files.Get(array)
	b.array = file.Map()
}

// output has both put out a record.
func (b *perfBuffers) output(which int, what string) {
	result, err := b.programs[which].Run(&ebpf.RunOptions{Data: packet})
	require.NoError(b.t, err)
	data := make([]byte, perfSizes[which])
	for i := range data {
		data[i] = byte(which + 1)
	}
	h := bpfsys.Helpers{Task: new(maps.Task)}
	require.Equal(b.t, abi.Errno(-int32(result)), h.PerfEventOutput(b.array.Elements(), 0, data), what)
	require.Equal(b.t, b.linux[perfHead:perfHead+8], b.bytes[perfHead:perfHead+8], "%s: head", what)
	require.Equal(b.t, b.translated(), b.bytes[page:], what)
}

// packet is the least that BPF_PROG_TEST_RUN takes.
var packet = make([]byte, 14)

// translated are Linux's records, with the id that the event has here in those that tell of lost ones.
func (b *perfBuffers) translated() []byte {
	const ours = 1
	records := slices.Clone(b.linux[page:])
	for word := records; len(word) > 0; word = word[8:] {
		if binary.LittleEndian.Uint64(word) == uint64(b.id) {
			binary.LittleEndian.PutUint64(word, ours)
		}
	}
	return records
}

// Programs write to a perf buffer whose reader keeps up, does not, lies about what it has read, and writes over all that it can.
func TestPerfBufferLikePrograms(t *testing.T) {
	requireRoot(t)
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			onFirstCPU(t)
			random := rand.New(rand.NewPCG(seed, 13))
			b := newPerfBuffers(t, unix.PerfEventAttr{Wakeup: 1}, 1<<random.IntN(2), true)
			for step := range 400 {
				what := fmt.Sprintf("step %d", step)
				head, size := binary.LittleEndian.Uint64(b.bytes[perfHead:]), uint64(len(b.linux)-page)
				lies := []uint64{head + 8, head + size, head + size - 8, head - 1, head - size, head - size - 8, 0, ^uint64(0), random.Uint64()}
				switch random.IntN(12) {
				case 0, 1:
					b.write(perfTail, head)
				case 2:
					b.write(perfTail, lies[random.IntN(len(lies))])
				case 3:
					b.write(perfHead, random.Uint64())
				}
				b.output(random.IntN(len(perfSizes)), what)
			}
		})
	}
}

// write writes a word to both, as the reader can.
func (b *perfBuffers) write(at int, v uint64) {
	binary.LittleEndian.PutUint64(b.linux[at:], v)
	binary.LittleEndian.PutUint64(b.bytes[at:], v)
}

// onFirstCPU keeps the test's thread where the buffers are.
func onFirstCPU(t *testing.T) {
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	var was, first unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(0, &was))
	first.Set(0)
	require.NoError(t, unix.SchedSetaffinity(0, &first))
	t.Cleanup(func() { require.NoError(t, unix.SchedSetaffinity(0, &was)) })
}
