package client

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/perf"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/stretchr/testify/require"
)

func TestRing(t *testing.T) {
	k := bpftest.Kernel(t)
	m := newMap(t, ebpf.MapSpec{Name: "events", Type: ebpf.RingBuf, MaxEntries: 4096})
	r, err := ringbuf.NewReader(m)
	require.NoError(t, err)
	defer r.Close()
	program := k.Map("events")
	for i := range 1000 { // several times around
		require.NoError(t, program.Output(uint64(i), 0))
		record, err := r.Read()
		require.NoError(t, err)
		require.Equal(t, byte(i), record.RawSample[0])
	}
	r.SetDeadline(time.Now().Add(20 * time.Millisecond))
	_, err = r.Read()
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "it is empty")
	r.SetDeadline(time.Time{})
	go func() {
		time.Sleep(10 * time.Millisecond)
		_ = program.Output([]byte("late"), 0)
	}()
	record, err := r.Read()
	require.NoError(t, err)
	require.Equal(t, "late", string(record.RawSample))
	ended := make(chan error)
	go func() { _, err := r.Read(); ended <- err }()
	time.Sleep(10 * time.Millisecond)
	require.NoError(t, r.Close())
	require.ErrorIs(t, <-ended, ringbuf.ErrClosed)
}

func TestPerfReader(t *testing.T) {
	bpftest.Kernel(t)
	m := newMap(t, ebpf.MapSpec{Name: "samples", Type: ebpf.PerfEventArray})
	r, err := perf.NewReader(m, 4096)
	require.NoError(t, err)
	r.SetDeadline(time.Now().Add(10 * time.Millisecond))
	_, err = r.Read()
	require.True(t, errors.Is(err, os.ErrDeadlineExceeded), "%v", err)
	require.NoError(t, r.Close())
}

func TestMappable(t *testing.T) {
	k := bpftest.Kernel(t, bpftest.AllowLeaks()) // the library unmaps when the collector comes by
	m := newMap(t, ebpf.MapSpec{Name: "globals", Type: ebpf.Array, KeySize: 4, ValueSize: 4096, MaxEntries: 1, Flags: 1 << 10})
	memory, err := m.Memory()
	require.NoError(t, err)
	_, err = memory.WriteAt([]byte("hello"), 0)
	require.NoError(t, err)
	value := make([]byte, 4096)
	require.NoError(t, k.Map("globals").Lookup(uint32(0), &value))
	require.Equal(t, "hello", string(value[:5]))
	require.NoError(t, m.Put(uint32(0), make([]byte, 4096)))
	got := make([]byte, 5)
	_, err = memory.ReadAt(got, 0)
	require.NoError(t, err)
	require.Equal(t, make([]byte, 5), got)
	require.ErrorContains(t, m.Freeze(), "busy", "a mapping may write")
}
