package bpfsys

import (
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

func TestTableIsIndexedByNumber(t *testing.T) {
	for cmd := range abi.NumLinuxCmds {
		command, known := table.command(cmd)
		require.True(t, known)
		require.Equal(t, cmd, command.Cmd)
		require.Equal(t, command.Level < Full, command.decode == nil, "%s", cmd)
	}
	dump, known := table.command(abi.MapDump)
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

func TestCommandTable(t *testing.T) {
	rows := strings.Split(strings.TrimSpace(CommandTable()), "\n")
	require.Len(t, rows, 2+len(Commands()))
	require.Contains(t, rows[2+int(abi.MapLookupElem)], "| 1 | BPF_MAP_LOOKUP_ELEM | yes |")
	require.Contains(t, rows[2+int(abi.EnableStats)], "| 32 | BPF_ENABLE_STATS | empty |")
}

func TestMapTypeTable(t *testing.T) {
	rows := strings.Split(strings.TrimSpace(MapTypeTable()), "\n")
	require.Len(t, rows, 2+int(abi.NumMapTypes)-1)
	names := strings.Split(rows[0], " | ")
	for kind, want := range map[abi.MapType]string{
		abi.Hash:  "lookup:yes delete:yes next key:yes lookup and delete:yes lookup batch:yes delete batch:yes lookup and delete batch:yes dumps:yes",
		abi.Array: "lookup:yes delete:EINVAL next key:yes lookup and delete:ENOTSUPP lookup batch:yes delete batch:ENOTSUPP lookup and delete batch:ENOTSUPP",
		abi.Queue: "lookup:yes delete:EINVAL next key:EINVAL lookup and delete:yes lookup batch:ENOTSUPP dumps:ENOTSUPP",
		abi.Stack: "lookup:yes delete:EINVAL next key:EINVAL lookup and delete:yes",
		abi.LPMTrie: "lookup:yes delete:yes next key:yes lookup and delete:ENOTSUPP lookup batch:yes delete batch:yes " +
			"lookup and delete batch:ENOTSUPP",
		abi.BloomFilter: "lookup:yes delete:EOPNOTSUPP next key:EOPNOTSUPP lookup and delete:ENOTSUPP lookup batch:ENOTSUPP",
		abi.RingBuf:     "lookup:ENOTSUPP update:ENOTSUPP delete:ENOTSUPP next key:ENOTSUPP",
	} {
		cells, byName := strings.Split(rows[1+int(kind)], " | "), map[string]string{}
		for i, name := range names {
			byName[strings.Trim(name, "| ")] = strings.Trim(cells[i], "| ")
		}
		require.Equal(t, kind.String(), byName["map type"])
		require.Equal(t, "yes", byName["supported"])
		for want != "" {
			name, after, _ := strings.Cut(want, ":")
			var cell string
			cell, want, _ = strings.Cut(after, " ")
			require.Equal(t, cell, byName[name], "%s of %v", name, kind)
		}
	}
	require.Contains(t, rows[1+int(abi.StructOps)], "| 26 | STRUCT_OPS | yes | yes | yes | yes | yes | ENOTSUPP | ")
}
