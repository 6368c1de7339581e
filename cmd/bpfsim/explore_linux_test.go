package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExploreOnLinux(t *testing.T) {
	status, out := exploreIn(t, missedKey, "-", "--replay", "11:other", "--kernel")
	if status == 2 && strings.Contains(out, "EPERM") {
		require.Empty(t, os.Getenv("BPFSIM_REQUIRE_KERNEL"), out)
		t.Skip("no real bpf(2) (needs root): " + out)
	}
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
	_, out := exploreIn(t, missedKey, "-", "--replay", "11:other", "--kernel")
	if strings.Contains(out, "EPERM") {
		require.Empty(t, os.Getenv("BPFSIM_REQUIRE_KERNEL"), out)
		t.Skip("no real bpf(2) (needs root): " + out)
	}
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
