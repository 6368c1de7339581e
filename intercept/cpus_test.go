package intercept

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCPUText(t *testing.T) {
	for n, want := range map[int]string{1: "0\n", 2: "0-1\n", 64: "0-63\n"} {
		require.Equal(t, want, cpuText(n))
	}
	require.True(t, isPossibleCPUs("/mnt/sys/devices/system/cpu/possible"))
	require.False(t, isPossibleCPUs("/sys/devices/system/node/possible"))
}

func TestParseCPUs(t *testing.T) {
	for list, want := range map[string]int{"0": 1, "0-1": 2, "0-127": 128, "0,2-5": 6, "0-3,8": 9} {
		t.Run(list, func(t *testing.T) {
			n, err := parseCPUs(list)
			require.NoError(t, err)
			require.Equal(t, want, n)
		})
	}
	for _, list := range []string{"", "x", "0-", "0-x"} {
		t.Run("bad "+list, func(t *testing.T) {
			_, err := parseCPUs(list)
			require.Error(t, err)
		})
	}
}

func TestSimulatedCPU(t *testing.T) {
	require.Equal(t, 1, simulatedCPU(1, 2))
	require.Equal(t, 0, simulatedCPU(2, 2))
	require.Equal(t, 2, simulatedCPU(5, 3))
}
