package bpftest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
)

// Netkit runs its programs as tcx does (netkit_run in drivers/net/netkit.c).
func TestRulesOfPlaces(t *testing.T) {
	for at, want := range map[abi.AttachType]verdictRule{
		abi.AttachTCXIngress: untilNotNext, abi.AttachTCXEgress: untilNotNext, abi.AttachNetkitPrimary: untilNotNext,
		abi.AttachNetkitPeer: untilNotNext, abi.AttachNetfilter: untilNoAccept, abi.AttachLSMMac: untilNotZero,
		abi.AttachModifyReturn: untilNotZero, abi.AttachSKLookup: allPass, abi.AttachXDP: lastResult,
	} {
		require.Equal(t, want, ruleAt(at), at)
	}
}

// What Linux makes of several programs' results, and how many of them run.
func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		rule          verdictRule
		results       []int
		want, thatRun int
	}{
		{untilNotNext, []int{tcxNext, 2, 0}, 2, 2},
		{untilNotNext, []int{tcxNext, tcxNext}, tcxNext, 2},
		{untilNotNext, []int{5, 0}, tcxNext, 1}, // no verdict, but the end
		{allAllow, []int{1, 0, 1}, 0, 3},
		{allAllow, []int{3, 1}, 1, 2},
		{allPass, []int{1, 1}, 1, 2},
		{untilNoAccept, []int{accept, 0, accept}, 0, 2},
		{untilNotZero, []int{0, -1, 0}, -1, 2},
		{allOdd, []int{1, 3}, 1, 2},
		{allOdd, []int{2}, 0, 1},
		{allOdd, []int{6, 6}, 0, 2}, // a bit that both have is not the lowest
		{lastResult, []int{1, 2}, 2, 2},
	} {
		v := verdict{rule: c.rule}
		for _, result := range c.results {
			if v.add(result) {
				break
			}
		}
		require.Equal(t, c.want, v.result, c)
		require.Equal(t, c.thatRun, v.ran, c)
	}
}
