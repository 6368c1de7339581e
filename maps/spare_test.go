package maps_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
)

// Tasks that replace large values on one CPU at the same time never get the same spare element.
func TestSparesOfTasksOnOneCPU(t *testing.T) {
	const tasks, keys, rounds = 4, 8, 300
	spec := small(abi.Hash, tasks*keys, 0)
	spec.ValueSize = 256
	m := must(t, spec).(store)
	var all sync.WaitGroup
	var wrong [tasks]int
	for n := range uint32(tasks) {
		all.Go(func() {
			task, value, got := on(int(n%2)), make([]byte, 256), make([]byte, 256)
			for round := range uint32(rounds) {
				key := key4(n*keys + round%keys)
				for i := range value {
					value[i] = byte(n<<4 | round%16)
				}
				if m.Update(task, key, value, abi.Any) != abi.OK || m.Lookup(task, key, got) != abi.OK || !bytes.Equal(value, got) {
					wrong[n]++
				}
			}
		})
	}
	all.Wait()
	require.Zero(t, wrong)
	require.Len(t, walk(t, m), tasks*keys)
	require.Equal(t, abi.OK, m.Update(on(0), key4(0), make([]byte, 256), abi.Exist), "in a full map")
}
