package bpfsys

import (
	"math"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// A thread's CPU comes from the host, which may have more of them.
func TestCPUOutOfRange(t *testing.T) {
	for _, cpu := range []int{2, 3, 1 << 20, math.MaxInt, -1, math.MinInt} {
		for _, flags := range []uint32{0, abi.FlagNoCommonLRU} {
			c := NewCaller(NewKernel(Options{CPUs: 2}))
			c.Task.CPU = cpu
			fd, errno := c.Do(MapCreate{Type: abi.LRUHash, KeySize: 4, ValueSize: 4, MaxEntries: 2, Flags: flags})
			require.Equal(t, abi.OK, errno)
			for i := range byte(4) {
				word := c.Arena.Put([]byte{i, 0, 0, 0})
				_, errno = c.Do(MapUpdateElem{FD: fd, Key: word, Value: word})
				require.Equal(t, abi.OK, errno)
			}
			require.Equal(t, cpu, c.Task.CPU)
		}
	}
}
