package profile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/profile"
)

// Only series that there are rows for have a profile.
func TestNamed(t *testing.T) {
	for name, want := range map[string]abi.Release{"": abi.Latest, "6.1": abi.Linux61, "6.12": abi.Linux612, "6.18": abi.Linux618} {
		p, err := profile.Named(name)
		require.NoError(t, err, name)
		require.Equal(t, want, p.Release)
	}
	for _, name := range []string{"6", "6.2", "6.10", "6.1.0", "06.1", "6.18-rc1", " 6.1", "v6.1", "latest", "6.1\n"} {
		_, err := profile.Named(name)
		require.ErrorContains(t, err, "want one of", name)
	}
}

// LOCAL_FREE_TARGET was 128 (kernel/bpf/bpf_lru_list.c), and the fields of OBJ_PIN and OBJ_GET ended alike (BPF_OBJ_LAST_FIELD in kernel/bpf/syscall.c).
func TestBefore(t *testing.T) {
	p := profile.Of(abi.Linux61)
	require.Equal(t, 128, p.LRUTarget)
	require.Zero(t, profile.Of(abi.Linux618).LRUTarget)
	require.Equal(t, abi.ObjPathFD, p.Ends[abi.ObjPin])
	require.Equal(t, abi.ObjPathFD, p.Ends[abi.ObjGet])
}
