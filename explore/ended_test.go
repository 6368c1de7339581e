package explore

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
)

// A walk that ends for another reason would look as if it had missed something.
func TestOnlyENOENTEndsAWalk(t *testing.T) {
	require.True(t, ended(abi.ENOENT))
	require.PanicsWithValue(t, abi.EFAULT, func() { ended(abi.EFAULT) })
}
