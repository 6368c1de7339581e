package bpfsys

import (
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

func TestTableIsIndexedByNumber(t *testing.T) {
	for cmd := range abi.NumLinuxCmds {
		command, known := commandOf(cmd)
		require.True(t, known)
		require.Equal(t, cmd, command.Cmd)
		require.Equal(t, command.Level == Unsupported, command.decode == nil, "%s", cmd)
	}
	dump, known := commandOf(abi.MapDump)
	require.True(t, known)
	require.Equal(t, abi.MapDump, dump.Cmd)
}

func TestNumbersOfCommands(t *testing.T) {
	c := NewCaller(NewKernel(Options{}))
	addr := c.Arena.Alloc(abi.AttrSize)
	call := func(cmd abi.Cmd) abi.Errno {
		_, errno := c.Kernel.Bpf(c.Task, c.Process, uint32(cmd), addr, 80)
		return errno
	}
	for _, command := range Commands() {
		errno := call(command.Cmd) // panics where the table has a command without code
		require.Equal(t, command.Level == Unsupported, errno == abi.EPERM && command.Cmd != abi.ProgLoad, "%s", command.Cmd)
	}
	for _, cmd := range []abi.Cmd{abi.NumLinuxCmds, 39, 100, 999, 1003, 1 << 30, 1<<32 - 1} {
		require.Equal(t, abi.EINVAL, call(cmd), "%d", uint32(cmd))
	}
}

// The RFC's own tree had MapDump at 23.
func TestOptionsNumbers(t *testing.T) {
	k := NewKernel(Options{Numbers: map[abi.Cmd]abi.Cmd{23: abi.MapDump}})
	c := NewCaller(k)
	_, errno := k.Bpf(c.Task, c.Process, 23, c.Arena.Alloc(32), 32)
	require.Equal(t, abi.EINVAL, errno, "fd 0 is no map")
	c = NewCaller(NewKernel(Options{}))
	_, errno = c.Kernel.Bpf(c.Task, c.Process, 23, c.Arena.Alloc(32), 32)
	require.Equal(t, abi.EPERM, errno)
}

func TestStatusTable(t *testing.T) {
	table := StatusTable()
	rows := strings.Split(strings.TrimSpace(table), "\n")
	require.Len(t, rows, 2+len(Commands()))
	for _, want := range []string{
		"| number | command | supported | HASH | ARRAY | LRU_HASH | QUEUE | STACK | note |",
		"| 1 | BPF_MAP_LOOKUP_ELEM | yes | yes | yes | yes | yes | yes |  |",
		"| 2 | BPF_MAP_UPDATE_ELEM | yes | yes | yes | yes | yes | yes |  |",
		"| 3 | BPF_MAP_DELETE_ELEM | yes | yes | EINVAL | yes | EINVAL | EINVAL |  |",
		"| 4 | BPF_MAP_GET_NEXT_KEY | yes | yes | yes | yes | EINVAL | EINVAL |  |",
		"| 8 | BPF_PROG_ATTACH | no |  |  |  |  |  |  |",
		"| 21 | BPF_MAP_LOOKUP_AND_DELETE_ELEM | yes | yes | ENOTSUPP | yes | yes | yes |  |",
		"| 24 | BPF_MAP_LOOKUP_BATCH | yes | yes | yes | yes | ENOTSUPP | ENOTSUPP |  |",
		"| 27 | BPF_MAP_DELETE_BATCH | yes | yes | ENOTSUPP | yes | ENOTSUPP | ENOTSUPP |  |",
	} {
		require.Contains(t, rows, want)
	}
}

func TestMapTypeTable(t *testing.T) {
	rows := strings.Split(strings.TrimSpace(MapTypeTable()), "\n")
	require.Len(t, rows, 2+int(abi.NumMapTypes)-1)
	require.Contains(t, rows, "| 9 | LRU_HASH | yes |")
	require.Contains(t, rows, "| 27 | RINGBUF | no |")
}
