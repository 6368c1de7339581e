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
		require.Equal(t, command.Level < Full, command.decode == nil, "%s", cmd)
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
		call(command.Cmd) // panics where the table has a command without code
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
	require.Equal(t, abi.ENOENT, errno)
}

func TestStatusTable(t *testing.T) {
	table := StatusTable()
	rows := strings.Split(strings.TrimSpace(table), "\n")
	require.Len(t, rows, 2+len(Commands()))
	cells := func(row int) map[string]string {
		names, cells := strings.Split(rows[0], " | "), strings.Split(rows[row], " | ")
		byName := map[string]string{}
		for i := 3; i < len(names)-1; i++ {
			byName[names[i]] = cells[i]
		}
		return byName
	}
	for _, want := range []struct {
		cmd   abi.Cmd
		types string
	}{
		{abi.MapLookupElem, "HASH yes ARRAY yes LRU_HASH yes QUEUE yes STACK yes LPM_TRIE yes BLOOM_FILTER yes"},
		{abi.MapDeleteElem, "HASH yes ARRAY EINVAL LRU_HASH yes QUEUE EINVAL STACK EINVAL LPM_TRIE yes BLOOM_FILTER EOPNOTSUPP"},
		{abi.MapGetNextKey, "HASH yes ARRAY yes LRU_HASH yes QUEUE EINVAL STACK EINVAL LPM_TRIE yes BLOOM_FILTER EOPNOTSUPP"},
		{abi.MapLookupAndDeleteElem, "HASH yes ARRAY ENOTSUPP QUEUE yes STACK yes LPM_TRIE ENOTSUPP BLOOM_FILTER ENOTSUPP"},
		{abi.MapLookupBatch, "HASH yes ARRAY yes QUEUE ENOTSUPP LPM_TRIE yes BLOOM_FILTER ENOTSUPP"},
		{abi.MapDeleteBatch, "HASH yes ARRAY ENOTSUPP QUEUE ENOTSUPP LPM_TRIE yes BLOOM_FILTER ENOTSUPP"},
		{abi.MapLookupAndDeleteBatch, "HASH yes ARRAY ENOTSUPP LPM_TRIE ENOTSUPP"},
	} {
		got, words := cells(2+int(want.cmd)), strings.Fields(want.types)
		for i := 0; i < len(words); i += 2 {
			require.Equal(t, words[i+1], got[words[i]], "%v of %s", want.cmd, words[i])
		}
	}
	require.Contains(t, rows[2+int(abi.ProgTestRun)], "| 10 | BPF_PROG_TEST_RUN | no |  |")
}

func TestMapTypeTable(t *testing.T) {
	rows := strings.Split(strings.TrimSpace(MapTypeTable()), "\n")
	require.Len(t, rows, 2+int(abi.NumMapTypes)-1)
	require.Contains(t, rows, "| 9 | LRU_HASH | yes |")
	require.Contains(t, rows, "| 26 | STRUCT_OPS | no |")
}
