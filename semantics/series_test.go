package semantics_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/semantics"
)

// What is stated of an older series holds on bpfsim as that series, each difference has its reason, and the specification of the series, which is written
// without a look at profiles, agrees with it.
func TestSeries(t *testing.T) {
	for _, r := range []abi.Release{abi.Linux61, abi.Linux612} {
		on, others := semantics.OnSeries(r, cpus), 0
		for i, s := range semantics.In(r) {
			if testing.Short() && s.Series == 0 && i%8 != 0 {
				continue
			}
			failure, err := s.Run(on)
			require.NoError(t, err, s.Name)
			require.Nil(t, failure, "%v", failure)
			if s.Series == 0 {
				require.Empty(t, s.Rows, s.Name)
				continue
			}
			others++
			require.Equal(t, r, s.Series)
			require.NotEmpty(t, s.Rows, "%s is otherwise in %s for no reason that profile has", s.Name, r)
			requireModel(t, s)
		}
		require.Positive(t, others, r)
	}
}

// requireModel asks the specification of the statement's series.
func requireModel(t *testing.T, s semantics.Statement) {
	t.Helper()
	p, err := s.Program(cpus)
	require.NoError(t, err, s.Name)
	p.Machine.Linux = s.Series
	m, err := campaign.Compare(p, kernel.NewSim())
	require.NoError(t, err, s.Name)
	require.Nil(t, m, "%s: %v", s.Name, m)
}

// The latest series is what the rules say.
func TestSeriesOfTheRules(t *testing.T) {
	require.Equal(t, append(semantics.Statements(), semantics.Pairs()...), semantics.In(abi.Latest))
}

func TestSpecOfASeries(t *testing.T) {
	f, err := semantics.ParseFilter([]string{"MAP_CREATE", "lru_hash"})
	require.NoError(t, err)
	require.NotContains(t, semantics.Spec(f), "Linux 6.1**")
	f.Series = abi.Linux61
	text := semantics.Spec(f)
	require.Contains(t, text, "**Linux 6.1**: EINVAL, `create m lru_hash map_flags=TOKEN_FD map_token_fd=closed -> EINVAL` (create-token).")
	require.Contains(t, text, "**Linux 6.1**: where no-rights is wrong, too, EPERM is told (create-checks-first).")
	require.NotContains(t, text, "where token is wrong", "what token says itself says that")
	require.Contains(t, text, "\n- **create-token**, before Linux 6.9: ")
	require.NotContains(t, text, "lru-target", "of another command")

	f, err = semantics.ParseFilter([]string{"MAP_FREEZE", "EBUSY"}) // no errno of 6.18's but for other reasons
	require.NoError(t, err)
	latest := semantics.Spec(f)
	f.Series = abi.Linux61
	require.NotEqual(t, latest, semantics.Spec(f))
	require.Contains(t, semantics.Spec(f), "### twice")

	f, err = semantics.ParseFilter([]string{"MAP_DELETE_ELEM", "arena", "EOPNOTSUPP"})
	require.NoError(t, err)
	f.Series = abi.Linux61
	require.Contains(t, semantics.Spec(f), "**Linux 6.1** has no ARENA: EINVAL of MAP_CREATE.")
	f.Series = abi.Linux612
	require.Contains(t, semantics.Spec(f), "# In Linux 6.12\n\nall of this holds.")
}
