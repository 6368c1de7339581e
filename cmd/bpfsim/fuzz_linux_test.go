package main

import (
	"bufio"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A signal ends the campaign with a summary and status 0.
func TestFuzzInterrupted(t *testing.T) {
	for _, signal := range []unix.Signal{unix.SIGINT, unix.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			cmd := bpfsimCommand(t, "fuzz", "--seed", "4", "--jobs", "2", "--out", os.TempDir())
			pipe, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			out := bufio.NewReader(pipe)
			first, err := out.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "seed 4, 2 jobs, bpfsim against the model\n", first)
			require.NoError(t, cmd.Process.Signal(signal))
			rest, err := io.ReadAll(out)
			require.NoError(t, err)
			require.NoError(t, cmd.Wait())
			require.Contains(t, string(rest), "interrupted\n")
			require.Contains(t, string(rest), " 0 found\n")
		})
	}
}

// A terminal shows one line that changes.
func TestFuzzOnATerminal(t *testing.T) {
	master, slave := terminal(t)
	cmd := bpfsimCommand(t, "fuzz", "--for", "1s", "--jobs", "1", "--out", os.TempDir())
	cmd.Stdout, cmd.Stderr = slave, slave
	require.NoError(t, cmd.Start())
	require.NoError(t, slave.Close())
	text, _ := io.ReadAll(master) // EIO is the end
	require.NoError(t, cmd.Wait(), "%s", text)
	require.Contains(t, string(text), "ended\r\n")
	require.Greater(t, strings.Count(string(text), " triples, 0 found"), 1)
	require.Contains(t, string(text), "\r")
}
