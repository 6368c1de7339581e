package bpfsys

import (
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// perfMeasured is what bpf_perf_event_output did on 6.18 with a buffer of one page: a record with 13 bytes, then records with
// 16 until one found no room, at most 303; with the CPU in front of the data each takes 40 bytes.
var perfMeasured = []struct {
	bits, lostWords uint64
	wakeup          uint32
	writable        bool
	records, wakes  int
	head            uint64
}{
	{0, 3, 1, true, 102, 102, 0xff0},
	{abi.PerfBitWatermark, 3, 1500, true, 102, 2, 0xff0},
	{abi.PerfBitSampleIDAll, 4, 1, true, 102, 102, 0xff0},
	{abi.PerfBitWriteBackward, 0, 1, false, 303, 303, 0xffffffffffffd0a8},
}

func TestPerfBufferAsMeasured(t *testing.T) {
	for _, want := range perfMeasured {
		b := newPerfBuffer(t, want.bits, want.wakeup, want.writable)
		b.event.attr.samples |= abi.PerfSampleCPU
		data := binary.LittleEndian.AppendUint64(nil, 0x0102030405060708)
		data = binary.LittleEndian.AppendUint64(data, 0x0102030405060708)
		h := Helpers{Task: new(maps.Task)}
		wakes := 0
		defer b.event.Watch(func() { wakes++ })()
		output := func(n int) abi.Errno { return h.PerfEventOutput(b.array.Elements(), abi.PerfCurrentCPU, data[:n]) }
		records := 0
		for n := 13; records < 303 && output(n) == abi.OK; n = 16 {
			records++
		}
		words := b.event.Buffer()
		require.Equal(t, want.records, records)
		require.Equal(t, want.wakes, wakes)
		require.Equal(t, want.head, words[perfMetaHead/8].Load())
		if want.writable {
			require.Equal(t, abi.ENOSPC, output(16))
			first := []uint64{40<<48 | 1<<32 | 9, 0, 0x0506070800000014, 0x0506070801020304, 4}
			for i, w := range first {
				require.Equal(t, w, words[perfPage/8+i].Load(), i)
			}
			words[perfMetaTail/8].Store(want.head)
			require.Equal(t, abi.OK, output(16))
			at := (perfPage + want.head) / 8
			require.Equal(t, want.lostWords*8<<48|2, words[at].Load())
		}
		require.Equal(t, abi.OK, b.event.pause(true))
		require.Equal(t, abi.ENOSPC, output(16))
		_ = b.event.enable(false)
		require.Equal(t, abi.EOPNOTSUPP, output(16))
	}
}
