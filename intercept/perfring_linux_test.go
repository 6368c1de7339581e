//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A reader of a perf buffer gets all records, in order, and is told of those that found no room.
func TestPerfReader(t *testing.T) {
	playKernel(t, "perfReader", func(m *bpfsys.Map) {
		helpers := bpfsys.Helpers{Task: new(maps.Task)}
		for i := range ringRecords {
			for helpers.PerfEventOutput(m.Elements(), 0, record(i)) != abi.OK {
				time.Sleep(10 * time.Microsecond)
			}
		}
	})
}

func perfReader(c client) {
	array := c.check(bpf(bpfsys.MapCreate{Type: abi.PerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 2, Name: bpfsys.NameOf("ring")}))
	fd := c.perfOpen(unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_BPF_OUTPUT,
		Sample_type: unix.PERF_SAMPLE_RAW, Wakeup: 1}, unix.PERF_FLAG_FD_CLOEXEC)
	for _, length := range []int{4 * page, 6 * page} {
		_, err := unix.Mmap(fd, 0, length, protRW, shared)
		require.Equal(c, unix.EINVAL, err, length)
	}
	buffer, err := unix.Mmap(fd, 0, 5*page, protRW, shared)
	require.NoError(c, err)
	_, err = unix.Mmap(fd, 0, 9*page, protRW, shared)
	require.Equal(c, unix.EINVAL, err, "larger than the buffer")
	queue := c.queue(fd, unix.EPOLLIN)
	key, value := uint32(0), uint32(fd)
	c.check(bpf(bpfsys.MapUpdateElem{FD: int32(array), Key: addr(&key), Value: addr(&value)}))
	for next := 0; next < ringRecords; {
		require.EqualValues(c, unix.EPOLLIN, c.wait(queue, -1))
		next = c.readPerf(buffer, next)
	}
}

// readPerf reads all records that there are, and returns the number of the next.
func (c client) readPerf(buffer []byte, next int) int {
	head, tail, data := word(buffer, 1024), word(buffer, 1032), buffer[page:]
	for at := tail.Load(); at != head.Load(); tail.Store(at) {
		var header [8]byte
		copyRing(header[:], data, at)
		whole := make([]byte, binary.LittleEndian.Uint16(header[6:]))
		copyRing(whole, data, at)
		at += uint64(len(whole))
		if binary.LittleEndian.Uint32(whole) == abi.PerfRecordLost {
			require.NotZero(c, binary.LittleEndian.Uint64(whole[16:]))
			continue
		}
		require.EqualValues(c, abi.PerfRecordSample, binary.LittleEndian.Uint32(whole))
		want := record(next)
		require.EqualValues(c, len(whole)-12, binary.LittleEndian.Uint32(whole[8:]))
		require.Less(c, len(whole)-12-len(want), 8)
		require.Equal(c, want, whole[12:12+len(want)])
		next++
	}
	return next
}

// copyRing fills p from a position in a ring.
func copyRing(p, data []byte, at uint64) {
	n := copy(p, data[at%uint64(len(data)):])
	copy(p[n:], data)
}
