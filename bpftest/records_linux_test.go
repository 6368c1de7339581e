//go:build linux && (amd64 || arm64)

package bpftest_test

import (
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestReserve(t *testing.T) {
	k := bpftest.Kernel(t)
	fd, err := bpf(bpfsys.MapCreate{Type: abi.RingBuf, MaxEntries: 4096, Name: bpfsys.NameOf("ring")})
	require.NoError(t, err)
	defer unix.Close(fd)
	defer unix.Close(create(t, "hash", abi.Hash))
	ring := k.Map("ring")
	first, err := ring.Reserve(8)
	require.NoError(t, err)
	second, err := ring.Reserve(4000)
	require.NoError(t, err)
	_, err = ring.Reserve(100)
	require.ErrorIs(t, err, unix.ENOSPC)
	require.NoError(t, second.Discard(0))
	require.ErrorContains(t, second.Submit(uint64(1), 0), "the record was submitted or discarded before")
	require.ErrorContains(t, first.Submit(make([]byte, 9), 0), "9 bytes do not fit into a record of 8")
	_, err = k.Map("hash").Reserve(8)
	require.ErrorIs(t, err, unix.Errno(abi.ENOTSUPP))
	_, err = ring.Reserve(-1)
	require.Error(t, err)

	data, err := unix.Mmap(fd, 0, 2*4096, unix.PROT_READ, unix.MAP_SHARED)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Munmap(data)) }()
	require.EqualValues(t, 8+8+8+4000, binary.NativeEndian.Uint64(data[4096:]), "the producer's position")
}

func TestLoseRecordsOfARing(t *testing.T) {
	k := bpftest.Kernel(t)
	fd, err := bpf(bpfsys.MapCreate{Type: abi.RingBuf, MaxEntries: 4096, Name: bpfsys.NameOf("ring")})
	require.NoError(t, err)
	defer unix.Close(fd)
	ring := k.Map("ring")
	ring.Lose(2)
	require.ErrorIs(t, ring.Output(uint64(1), 0), unix.EAGAIN)
	_, err = ring.Reserve(8)
	require.ErrorIs(t, err, unix.ENOSPC)
	require.NoError(t, ring.Output(uint64(1), 0))
}

// perfBuffer is a perf buffer of one page on a CPU, in a map, and its memory.
func perfBuffer(t *testing.T, m, cpu int) []byte {
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_BPF_OUTPUT, Sample_type: unix.PERF_SAMPLE_RAW, Wakeup: 1}
	attr.Size = uint32(binary.Size(attr))
	event, err := unix.PerfEventOpen(&attr, -1, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(event) })
	memory, err := unix.Mmap(event, 0, 2*4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Munmap(memory) })
	key, value := new(uint64), new(uint64)
	*key, *value = uint64(cpu), uint64(event)
	_, err = bpf(bpfsys.MapUpdateElem{FD: int32(m), Key: pointer(key), Value: pointer(value)})
	require.NoError(t, err)
	return memory
}

// A sample goes to the buffer of its CPU; what is lost is told of with the next one.
func TestPerfOutput(t *testing.T) {
	const lost, sample = 2, 9 // PERF_RECORD_LOST and PERF_RECORD_SAMPLE
	k := bpftest.Kernel(t)
	m, err := bpf(bpfsys.MapCreate{Type: abi.PerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 4, Name: bpfsys.NameOf("events")})
	require.NoError(t, err)
	defer unix.Close(m)
	memory := perfBuffer(t, m, 1)
	events := k.Map("events")
	require.ErrorIs(t, events.PerfOutput(uint32(7)), unix.ENOENT, "nobody reads CPU 0")
	require.NoError(t, events.OnCPU(1).PerfOutput(uint32(7)))
	events.Lose(1)
	events.Lose(2)
	for range 3 {
		require.ErrorIs(t, events.OnCPU(1).PerfOutput(uint32(8)), unix.ENOSPC)
	}
	require.NoError(t, events.OnCPU(1).Output(uint32(9), 1))

	word := func(at int) uint32 { return binary.NativeEndian.Uint32(memory[4096+at:]) }
	require.EqualValues(t, sample, word(0))
	require.EqualValues(t, 7, word(12))
	require.EqualValues(t, lost, word(16))
	require.EqualValues(t, 3, word(16+16), "how many were lost")
	require.EqualValues(t, sample, word(16+24))
	require.EqualValues(t, 9, word(16+24+12))
}
