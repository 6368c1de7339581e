package intercept

import (
	"testing"

	"github.com/stretchr/testify/require"
)

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
