package fakes

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/fault"
	"github.com/stretchr/testify/require"
)

func TestPacketsAreCounted(t *testing.T) {
	k := bpftest.Kernel(t) // a kernel of this test's own; TestMain calls bpftest.Main(m)
	agent, err := Start()  // makes a map and loads a program, with cilium/ebpf
	require.NoError(t, err)
	defer agent.Close()

	k.StandIn("count_packets", func(c *bpftest.Context) int { // the program, in Go
		var n uint64
		_ = c.Map("packets").Lookup(uint32(len(c.Data)), &n)
		_ = c.Map("packets").Put(uint32(len(c.Data)), n+1)
		return 2 // XDP_PASS
	})
	k.Prog("count_packets").Fire(make([]byte, 64)) // a packet comes
	require.Equal(t, map[uint32]uint64{64: 1}, agent.BySize())

	k.Fail(fault.Rule{Cmd: abi.MapLookupBatch, Name: "packets", Nth: 1, Errno: abi.ENOSPC})
	require.Equal(t, map[uint32]uint64{64: 1}, agent.BySize(), "the agent tries again with more room")
}
