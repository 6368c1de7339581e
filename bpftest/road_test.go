package bpftest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAdviceOnPins(t *testing.T) {
	require.Empty(t, adviceOnPins("/sys/fs/bpf"))
	require.Contains(t, adviceOnPins("/tmp/bpfsim-bpffs-1"), "run bpfsim test, or pass bpftest.Patched()")
}
