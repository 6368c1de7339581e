package campaign_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/profile"
	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// before is the newest series that does not do as a row says.
func before(t *testing.T, row profile.Row) abi.Release {
	for _, r := range slices.Backward(abi.Releases) {
		if !row.In(r) {
			return r
		}
	}
	require.Fail(t, "no series is without", row.Name)
	return 0
}

// checkOf is a row's program on a series.
func checkOf(t *testing.T, row profile.Row, r abi.Release) program.Program {
	p, err := program.Parse(row.Machine(r, 2) + row.Check)
	require.NoError(t, err)
	require.NoError(t, p.Check([]int{0, 1}))
	return p
}

// last is what the last step of a program ends with.
func last(t *testing.T, p program.Program, k kernel.Kernel) (errno abi.Errno) {
	require.NoError(t, k.Start(p.Machine))
	for _, s := range p.Steps {
		switch a := s.Action.(type) {
		case *program.Call:
			c := *a
			k.Arena().Load(&p.Machine, &c)
			errno = k.Bpf(s.CPU, c, nil).Errno
		case program.Event:
			errno = k.Do(s.CPU, a)
		}
	}
	return errno
}

// Each row of the table is seen by its check, which the model judges alike.
func TestKernelRows(t *testing.T) {
	for _, row := range profile.Rows {
		t.Run(row.Name, func(t *testing.T) {
			old := before(t, row)
			require.NotEqual(t, row.Was, row.Is, "the check tells nothing")
			require.Equal(t, row.Was, last(t, checkOf(t, row, old), kernel.NewSim()), "on %s", old)
			require.Equal(t, row.Is, last(t, checkOf(t, row, abi.Latest), kernel.NewSim()), "on %s", abi.Latest)
			for _, r := range abi.Releases {
				requireEqual(t, checkOf(t, row, r), kernel.NewSim(), kernel.NewSimInPlace())
			}
		})
	}
}

// A row that is turned off is found by its check without a kernel.
func TestKernelRowsAreNeeded(t *testing.T) {
	for _, row := range profile.Rows {
		others := slices.DeleteFunc(slices.Clone(profile.Rows), func(r profile.Row) bool { return r.Name == row.Name })
		with, without := kernel.NewSim(), kernel.NewSim()
		with.Profile = func(r abi.Release) *profile.Profile { return profile.Make(row.Since-1, profile.Rows) }
		without.Profile = func(r abi.Release) *profile.Profile { return profile.Make(row.Since-1, others) }
		p := checkOf(t, row, before(t, row))
		require.Equal(t, row.Was, last(t, p, with), row.Name)
		require.NotEqual(t, row.Was, last(t, p, without), row.Name)
	}
}

// The running kernel does as the rows say of its series.
func TestKernelRowsOnLinux(t *testing.T) {
	k := campaign.OpenLinux(t)
	found, err := campaign.CompareRows(abi.Latest, kernel.PossibleCPUs(), k, kernel.NewSim())
	require.NoError(t, err)
	require.Empty(t, found)
}
