package fault_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/fault"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// numbers are those of n updates of the map ct to which something happens, counted from 1.
func numbers(set *fault.Set, n int) (hit []int) {
	for i := range n {
		if set.Fault(bpfsys.Attempt{Cmd: abi.MapUpdateElem, Name: "ct"}).Errno != abi.OK {
			hit = append(hit, i+1)
		}
	}
	return hit
}

func TestRuleChoosesCalls(t *testing.T) {
	for _, c := range []struct {
		rule fault.Rule
		want []int
	}{
		{fault.Rule{}, []int{1, 2, 3, 4, 5, 6}},
		{fault.Rule{Nth: 3}, []int{3}},
		{fault.Rule{Every: 2}, []int{2, 4, 6}},
		{fault.Rule{Name: "ct", Nth: 6}, []int{6}},
		{fault.Rule{Name: "c?", Nth: 1}, []int{1}},
		{fault.Rule{Name: "nat"}, nil},
	} {
		var set fault.Set
		c.rule.Cmd, c.rule.Errno = abi.MapUpdateElem, abi.ENOMEM
		active := set.Add(c.rule)
		set.Fault(bpfsys.Attempt{Cmd: abi.MapLookupElem, Name: "ct"}) // another command, which does not count
		require.Equal(t, c.want, numbers(&set, 6), "%+v", c.rule)
		require.EqualValues(t, len(c.want), active.Hits())
	}
}

func TestRuleOfAShare(t *testing.T) {
	draw := func(seed uint64) []int {
		var set fault.Set
		set.Add(fault.Rule{Cmd: abi.MapUpdateElem, Share: 0.25, Seed: seed, Errno: abi.EAGAIN})
		return numbers(&set, 1000)
	}
	require.InDelta(t, 250, len(draw(1)), 60)
	require.Equal(t, draw(1), draw(1))
	require.NotEqual(t, draw(1), draw(2))
}

func TestFirstOfSeveralRules(t *testing.T) {
	var set fault.Set
	first := set.Add(fault.Rule{Cmd: abi.MapUpdateElem, Nth: 2, Errno: abi.ENOMEM})
	set.Add(fault.Rule{Cmd: abi.MapUpdateElem, Every: 2, Errno: abi.E2BIG})
	update := bpfsys.Attempt{Cmd: abi.MapUpdateElem}
	require.Equal(t, abi.OK, set.Fault(update).Errno)
	require.Equal(t, abi.ENOMEM, set.Fault(update).Errno)
	require.Equal(t, abi.OK, set.Fault(update).Errno)
	require.Equal(t, abi.E2BIG, set.Fault(update).Errno)
	first.End()
	require.Equal(t, []int{2, 4}, numbers(&set, 4))
}
