package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestExploreOnLinux(t *testing.T) {
	kerneltest.Need(t, kernel.Available())
	status, out := exploreIn(t, missedKey, "-", "--replay", "12:other", "--kernel")
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
	v := verdict{out: &text, scenario: scenario, flags: exploreFlags{replay: "12:other"}}
	_, err = v.replay()
	require.NoError(t, err)
	script, err := v.run.Whole()
	require.NoError(t, err)
	script.Turns = nil
	require.ErrorContains(t, v.play(script), "play on Linux: it gives something else")
}

// endless is a scenario with more schedules than anybody waits for.
const endless = `map hash entries=16 value=8
keys 1 2 3 4 5
walk lookup-batch room=1
task a cpu=1: update 1; update 2; update 3; update 4
task b cpu=1: update 5; update 6; update 7; update 8
contract stable-coverage
`

// Ctrl-C prints what is known so far.
func TestExploreSignalled(t *testing.T) {
	cmd := bpfsimCommand(t, "explore", "-", "--max", "1000000000")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	var out strings.Builder
	cmd.Stdout = &out
	require.NoError(t, cmd.Start())
	_, err = io.WriteString(stdin, endless)
	require.NoError(t, err)
	require.NoError(t, stdin.Close())
	signalAtWork(t, cmd.Process, unix.SIGINT)
	require.Error(t, cmd.Wait())
	require.Equal(t, exitInterrupted, cmd.ProcessState.ExitCode())
	require.Regexp(t, `^interrupted, not refuted so far: stable-coverage \(.*\)\n\d+ schedules? \(not all of them\); `, out.String())
}

// signalAtWork sends the signal when the process has computed for half a second: reading the scenario takes none of that.
func signalAtWork(t *testing.T, p *os.Process, signal unix.Signal) {
	t.Helper()
	const ticks = 50 // of 10 ms, the unit of /proc on all of Linux's architectures that bpfsim runs on
	for used := 0; used < ticks; {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid))
		require.NoError(t, err)
		_, fields, _ := strings.Cut(string(stat), ") ") // behind the name; utime is field 14 (proc_pid_stat(5))
		used, err = strconv.Atoi(strings.Fields(fields)[14-3])
		require.NoError(t, err)
		time.Sleep(time.Millisecond)
	}
	require.NoError(t, p.Signal(signal))
}
