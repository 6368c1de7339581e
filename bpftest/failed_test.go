package bpftest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// Shrinking keeps to failures of the same line.
func TestFailuresAreToldApart(t *testing.T) {
	first := &failed{"gc_test.go:7", "1 is not 2"}
	require.True(t, errors.Is(first, &failed{"gc_test.go:7", "1 is not 3"}))
	require.False(t, errors.Is(first, &failed{"gc_test.go:8", "1 is not 2"}))
	require.False(t, errors.Is(first, errors.New("1 is not 2")))
}
