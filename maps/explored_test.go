//go:build !steps

package maps_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tests of the build with steps (shared.go) explore how goroutines keep each other out.
func TestExplored(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles another build")
	}
	out, err := exec.Command("go", "test", "-tags=steps", "-pgo=off", "-run=^TestExplore", ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
}
