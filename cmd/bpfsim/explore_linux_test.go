package main

import (
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
	"github.com/stretchr/testify/require"
)

func TestExploreOnLinux(t *testing.T) {
	kerneltest.Need(t, kernel.Available())
	status, out := exploreIn(t, missedKey, "-", "--replay", "11:other", "--kernel")
	require.Equal(t, 1, status, out)
	_, played, _ := strings.Cut(out, "\n\nlinux: ")
	require.Equal(t, `walker  next+lookup -> 30=2
linux: other  update 1 = OK
linux: walker  next+lookup -> nothing, the end
linux: the same
`, played)
}

// A kernel that gives something else is not to be mistaken for one that gives the same, nor for a broken contract.
func TestExploreTellsWhenLinuxDiffers(t *testing.T) {
	kerneltest.Need(t, kernel.Available())
	scenario, err := readScenario(strings.NewReader(missedKey), "-")
	require.NoError(t, err)
	var text strings.Builder
	v := verdict{out: &text, scenario: scenario, flags: exploreFlags{replay: "11:other"}}
	_, err = v.replay()
	require.NoError(t, err)
	script, err := v.run.Whole()
	require.NoError(t, err)
	script.Turns = nil
	require.ErrorContains(t, v.play(script), "play on Linux: it gives something else")
}
