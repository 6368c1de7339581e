package sim

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// ringMachine has two programs on two CPUs that add a record each, one by reserving and one by output, and a process that
// consumes what there is until it would have to wait.
func ringMachine(t *testing.T) *Machine {
	m := NewMachine(Options{CPUs: 3})
	fd, errno := m.User().Create(bpfsys.MapCreate{Type: abi.RingBuf, MaxEntries: 4096})
	require.Equal(t, abi.OK, errno)
	ring, wakes := m.Map(fd).(maps.Ring), 0
	file, _ := m.User().Process.Files.Get(fd)
	file.Map().Watch(func() { wakes++ })
	var got []string
	waits := false
	collect := func(data []byte) { got = append(got, string(data)) }

	m.Spawn("reserves", 0, func(task *Task) {
		record := task.Program().Reserve(ring, 12, 0)
		record.Write(0, []byte("first "))
		record.Write(6, []byte("record"))
		record.Submit(&task.Kernel, 0)
	})
	m.Spawn("outputs", 1, func(task *Task) {
		discarded := task.Program().Reserve(ring, 100, 0)
		if errno := task.Program().Output(ring, []byte("second record"), 0); errno != abi.OK {
			panic(errno)
		}
		discarded.Discard(&task.Kernel, 0)
	})
	m.Spawn("consumes", 2, func(task *Task) {
		for looks := 0; looks < 3 && !waits; looks++ { // edges, as of EPOLLET
			wakes = 0
			ring.Consume(&task.Kernel, collect)
			task.Step(maps.PointWord)
			waits = wakes == 0
		}
	})
	m.Check(func() error {
		if waits && wakes == 0 && file.Map().Ready() {
			return fmt.Errorf("the process waits for what is there, having seen %q", got)
		}
		ring.Consume(new(maps.Task), collect)
		if len(got) != 2 || got[0] == got[1] || len(got[0])+len(got[1]) != len("first recordsecond record") {
			return fmt.Errorf("consumed %q", got)
		}
		return nil
	})
	return m
}

// Whatever the schedule, each record is consumed whole and once, and a process that waits is woken up for the last.
func TestRingBufSchedules(t *testing.T) {
	n, err := Explore(func() *Machine { return ringMachine(t) }, NewDFS(3))
	require.NoError(t, err)
	require.Greater(t, n, 1000)
}
