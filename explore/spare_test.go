package explore_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/sim"
)

// The spare element that an update takes is its CPU's: what another CPU replaced, nobody writes to.
func TestSpareElementsAreACPUs(t *testing.T) {
	text, err := os.ReadFile("../examples/scenarios/another-keys-value.txt")
	require.NoError(t, err)
	one := string(text)
	two := strings.Replace(one, "update 3; update 35", "update 3\ntask b cpu=0: update 35", 1)
	for scenarioText, broken := range map[string]bool{one: true, two: false} {
		result, err := explore.Explore(scenario(t, scenarioText), sim.NewDPOR())
		require.NoError(t, err)
		require.Equal(t, broken, result.Broken != nil, "%s\n%v", scenarioText, result.Broken)
		if broken {
			require.Equal(t, "call 1 returned 3=4, which was never so during the call", result.Broken.Breach, "4 is what 35 was given")
		} else {
			require.Positive(t, result.Asked)
		}
	}
}
