package explore_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/sim"
	"github.com/stretchr/testify/require"
)

// The first line of each example says what every schedule of it shows.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../examples/scenarios/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			result, err := explore.Explore(scenario(t, string(text)), sim.NewDFS(sim.Unbounded))
			require.NoError(t, err)
			t.Logf("%d schedules", result.Schedules)
			verdict, _, _ := strings.Cut(string(text), ":")
			require.Equal(t, map[bool]string{true: "# broken", false: "# holds"}[result.Broken != nil], verdict)
		})
	}
}
