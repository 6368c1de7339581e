package abi_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// Every command has fields, in order, apart from each other and inside of attr; no two of a command share a name.
func TestFieldsLieBesideEachOther(t *testing.T) {
	commands := []abi.Cmd{abi.MapDump, abi.MapDumpJuly, abi.MapDumpAndDelete, abi.PerfEventOpen, abi.PerfIoctl}
	for c := range abi.NumLinuxCmds {
		commands = append(commands, c)
	}
	for _, c := range commands {
		require.NotEmpty(t, abi.Fields(c), c)
		end := 0
		for _, f := range abi.Fields(c) {
			require.GreaterOrEqual(t, f.Offset, end, "%s: %s", c, f.Name)
			end = f.End()
			require.LessOrEqual(t, end, abi.AttrSize, "%s: %s", c, f.Name)
			require.Zero(t, f.Offset%min(f.Size, 4), "%s: %s", c, f.Name)
			found, ok := abi.FieldOf(c, f.Name)
			require.True(t, ok)
			require.Equal(t, f, found, c)
		}
	}
	require.Empty(t, abi.Fields(abi.NumLinuxCmds))
	_, ok := abi.FieldOf(abi.MapFreeze, "key")
	require.False(t, ok)
}

// The last field of PROG_LOAD ends where union bpf_attr does.
func TestProgLoadIsTheLongest(t *testing.T) {
	f, ok := abi.FieldOf(abi.ProgLoad, "keyring_id")
	require.True(t, ok)
	require.Equal(t, abi.AttrSize, f.End())
}
