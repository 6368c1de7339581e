package abi_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

func TestEveryLinuxCommandHasAName(t *testing.T) {
	seen := make(map[string]bool)
	for c := range abi.NumLinuxCmds {
		name := c.String()
		require.Regexp(t, "^BPF_[A-Z0-9_]+$", name)
		require.False(t, seen[name], name)
		seen[name] = true
		found, ok := abi.CmdByName(name)
		require.True(t, ok)
		require.Equal(t, c, found)
	}
	require.Equal(t, "38", abi.NumLinuxCmds.String())
	_, ok := abi.CmdByName("BPF_NO_SUCH_COMMAND")
	require.False(t, ok)
}

func TestNumbersWithoutANameArePrinted(t *testing.T) {
	require.Equal(t, "errno 9999", abi.Errno(9999).String())
	require.Equal(t, "34", abi.NumMapTypes.String())
	require.Equal(t, "ARENA", (abi.NumMapTypes - 1).String())
}

// The ends are where Linux 6.18 begins to refuse nonzero bytes, measured byte by byte.
func TestAttrEnds(t *testing.T) {
	for c, want := range map[abi.Cmd]int{
		abi.MapCreate: 92, abi.MapUpdateElem: 32, abi.MapDeleteElem: 16, abi.MapGetNextKey: 24, abi.MapFreeze: 4,
		abi.MapLookupBatch: 56, abi.ObjGetInfoByFD: 16, abi.MapDump: 32, abi.MapDumpJuly: 36,
	} {
		end, ok := abi.AttrEnd(c)
		require.True(t, ok, c)
		require.Equal(t, want, end, c)
	}
	_, ok := abi.AttrEnd(abi.ProgLoad)
	require.False(t, ok)
}
