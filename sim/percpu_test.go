package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// Programs count on their own CPU, so no count is lost whatever the schedule, and user space sees all counts. A lookup of
// user space meanwhile may see some CPU's old count: it holds no lock.
func TestProgramsCountPerCPU(t *testing.T) {
	for _, kind := range []abi.MapType{abi.PerCPUHash, abi.LRUPerCPUHash, abi.PerCPUArray} {
		n, err := Explore(func() *Machine {
			m := NewMachine(Options{CPUs: 2})
			fd, errno := m.User().Create(bpfsys.MapCreate{
				Type: kind, KeySize: 4, ValueSize: 8, MaxEntries: 4, Flags: zeroSeedOf(kind),
			})
			require.Equal(t, abi.OK, errno)
			require.Equal(t, abi.OK, m.User().Update(fd, key(1), make([]byte, 16), abi.Any))
			count := func(task *Task) {
				p, elements := task.Program(), m.Map(fd)
				live, found := p.Lookup(elements, key(1))
				require.True(t, found)
				live.Add(&task.Kernel, 0, 1)
			}
			m.Spawn("first", 0, count)
			m.Spawn("second", 1, count)
			m.Check(func() error {
				value, errno := m.User().Lookup(fd, key(1))
				require.Equal(t, abi.OK, errno)
				require.Equal(t, append(word(1), word(1)...), value)
				return nil
			})
			return m
		}, NewDFS(Unbounded))
		require.NoError(t, err)
		require.Greater(t, n, 1)
	}
}

func zeroSeedOf(kind abi.MapType) uint32 {
	if kind == abi.PerCPUArray {
		return 0
	}
	return abi.FlagZeroSeed
}

// bpf_map_lookup_percpu_elem reads another CPU's part; an update sets the program's own.
func TestProgramReadsAnotherCPU(t *testing.T) {
	m := NewMachine(Options{CPUs: 2})
	fd, errno := m.User().Create(bpfsys.MapCreate{Type: abi.PerCPUHash, KeySize: 4, ValueSize: 8, MaxEntries: 4})
	require.Equal(t, abi.OK, errno)
	m.Spawn("program", 1, func(task *Task) {
		p, elements := task.Program(), m.Map(fd)
		require.Equal(t, abi.OK, p.Update(elements, key(1), word(7), abi.NoExist))
		for cpu, want := range map[int]uint64{0: 0, 1: 7} {
			part, found := p.LookupPerCPU(elements, key(1), cpu)
			require.True(t, found)
			require.Equal(t, want, part.Load(&task.Kernel, 0))
		}
		_, found := p.LookupPerCPU(elements, key(1), 2)
		require.False(t, found)
		require.Equal(t, abi.OK, p.Delete(elements, key(1)))
	})
	_, err := m.Run(&First{})
	require.NoError(t, err)

	array, errno := m.User().Create(bpfsys.MapCreate{Type: abi.PerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 4})
	require.Equal(t, abi.OK, errno)
	plain, errno := m.User().Create(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 4})
	require.Equal(t, abi.OK, errno)
	task := &Task{Kernel: maps.Task{}, machine: m}
	require.Equal(t, abi.EINVAL, task.Program().Delete(m.Map(array), key(1)))
	_, found := task.Program().LookupPerCPU(m.Map(plain), key(1), 0)
	require.False(t, found)
}
