package bpfsys

import (
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// perfBuffer is a process with a PERF_EVENT_ARRAY, and a buffer of a page for CPU 0 of two at its index 0.
type perfBuffer struct {
	*Caller
	event *PerfEvent
	array *Map
	fds   struct{ event, array int32 }
	key   uint64
}

func newPerfBuffer(t *testing.T, bits uint64, wakeup uint32, writable bool) *perfBuffer {
	b := &perfBuffer{Caller: NewCaller(NewKernel(Options{CPUs: 2}))}
	attr := make([]byte, abi.PerfAttrSize)
	le := binary.LittleEndian
	le.PutUint32(attr[abi.PerfAttrType:], uint32(abi.PerfSoftware))
	le.PutUint32(attr[abi.PerfAttrSizeField:], abi.PerfAttrSize)
	le.PutUint64(attr[abi.PerfAttrConfig:], abi.PerfBPFOutput)
	le.PutUint64(attr[abi.PerfAttrSampleType:], abi.PerfSampleRaw)
	le.PutUint64(attr[abi.PerfAttrBits:], bits)
	le.PutUint32(attr[abi.PerfAttrWakeup:], wakeup)
	at := b.Arena.Alloc(abi.PerfAttrSize)
	b.Arena.Write(at, attr)
	fd, errno, ours := b.Kernel.PerfEventOpen(b.Task, b.Process, PerfEventOpen{Attr: at, PID: -1, Group: -1})
	require.True(t, ours)
	require.Equal(t, abi.OK, errno)
	b.fds.event = fd
	file, _ := b.Process.Files.Get(fd)
	b.event = file.Object().(*PerfEvent)
	require.Equal(t, abi.OK, file.MayMap(Mapping{Length: 2 * perfPage, Write: writable, Shared: true}))
	b.fds.array, errno = b.Do(MapCreate{Type: abi.PerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 2})
	require.Equal(t, abi.OK, errno)
	file, _ = b.Process.Files.Get(b.fds.array)
	b.array = file.Map()
	b.key = b.Arena.Alloc(8)
	b.Arena.Write(b.key+4, le.AppendUint32(nil, uint32(fd)))
	_, errno = b.Do(MapUpdateElem{FD: b.fds.array, Key: b.key, Value: b.key + 4})
	require.Equal(t, abi.OK, errno)
	return b
}

func (b *perfBuffer) output(cpu int, flags uint64, size int) abi.Errno {
	h := Helpers{Task: &maps.Task{CPU: cpu}}
	return h.PerfEventOutput(b.array.Elements(), flags, make([]byte, size))
}

// The errnos of bpf_perf_event_output (kernel/trace/bpf_trace.c).
func TestPerfEventOutputErrnos(t *testing.T) {
	b := newPerfBuffer(t, 0, 1, true)
	require.Equal(t, abi.EINVAL, b.output(0, 1<<32, 8))
	require.Equal(t, abi.E2BIG, b.output(0, 2, 8))
	require.Equal(t, abi.ENOENT, b.output(0, 1, 8))
	require.Equal(t, abi.ENOENT, b.output(1, abi.PerfCurrentCPU, 8))
	require.Equal(t, abi.EOPNOTSUPP, b.output(1, 0, 8))
	require.Equal(t, abi.OK, b.output(0, abi.PerfCurrentCPU, 8))
	require.Equal(t, abi.ENOSPC, b.output(0, 0, 2*perfPage))
}

// A buffer that nobody reads loses what has no room, and says how much in front of the next record that has.
func TestPerfBufferLoses(t *testing.T) {
	b := newPerfBuffer(t, 0, 1, true)
	written := 0
	for b.output(0, 0, 1000) == abi.OK {
		written++
	}
	require.Equal(t, 4, written)
	require.Equal(t, abi.ENOSPC, b.output(0, 0, 1000))
	words := b.event.Buffer()
	head := words[perfMetaHead/8].Load()
	require.EqualValues(t, 4*1016, head)
	words[perfMetaTail/8].Store(head)
	require.Equal(t, abi.OK, b.output(0, 0, 1000))
	lost := words[(perfPage+head)/8:]
	require.EqualValues(t, 24<<48|abi.PerfRecordLost, lost[0].Load())
	require.EqualValues(t, 2, lost[2].Load())
	require.EqualValues(t, 1016<<48|abi.PerfMiscKernel<<32|abi.PerfRecordSample, lost[3].Load())
}

// A buffer that is mapped for reading and written backwards keeps the newest records.
func TestPerfBufferOverwrites(t *testing.T) {
	b := newPerfBuffer(t, abi.PerfBitWriteBackward, 1, false)
	for range 10 {
		require.Equal(t, abi.OK, b.output(0, 0, 1000))
	}
	head := -int64(b.event.Buffer()[perfMetaHead/8].Load())
	require.EqualValues(t, 10*1016, head)
}

func TestPerfBufferWakes(t *testing.T) {
	for _, c := range []struct {
		bits   uint64
		wakeup uint32
		want   int // wake-ups for 3 records of 1016 bytes
	}{{0, 1, 3}, {0, 3, 1}, {abi.PerfBitWatermark, 1500, 2}, {abi.PerfBitWatermark, 1600, 1}, {abi.PerfBitWatermark, 4000, 0}} {
		b := newPerfBuffer(t, c.bits, c.wakeup, true)
		woken := 0
		stop := b.event.Watch(func() { woken++ })
		for range 3 {
			require.Equal(t, abi.OK, b.output(0, 0, 1000))
		}
		stop()
		require.Equal(t, c.want, woken, c)
	}
}

// The open file that an event was put in through takes it along, unless the map preserves its elements.
func TestPerfEventArrayClosed(t *testing.T) {
	b := newPerfBuffer(t, 0, 1, true)
	other, errno := b.Do(MapGetFDByID{ID: b.array.ID()})
	require.Equal(t, abi.OK, errno)
	files := b.Process.Files.(*FDTable)
	require.Equal(t, abi.OK, files.Close(b.fds.array))
	require.Equal(t, abi.ENOENT, b.output(0, 0, 8))
	_, errno = b.Do(MapUpdateElem{FD: other, Key: b.key, Value: b.key + 4})
	require.Equal(t, abi.OK, errno)
	require.Equal(t, abi.OK, files.Close(b.fds.event))
	require.Equal(t, abi.OK, b.output(0, 0, 8), "the map keeps the event")
	_, errno = b.Do(MapDeleteElem{FD: other, Key: b.key})
	require.Equal(t, abi.OK, errno)
	_, errno = b.Do(MapDeleteElem{FD: other, Key: b.key})
	require.Equal(t, abi.ENOENT, errno)
}
