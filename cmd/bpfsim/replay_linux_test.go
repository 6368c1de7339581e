package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// recordRun records a run of a command as an ordinary user, and returns the file.
func recordRun(t *testing.T, command ...string) string {
	t.Helper()
	cmd := bpfsimCommand(t, append([]string{"run", "--record", "run.rec", "--"}, command...)...)
	for _, v := range cmd.Env {
		if home, ok := strings.CutPrefix(v, "HOME="); ok {
			cmd.Dir = home // the last one is meant
		}
	}
	output(t, 0, cmd)
	return filepath.Join(cmd.Dir, "run.rec")
}

// bpfsimAsItself is bpfsim as a command of whoever runs the tests.
func bpfsimAsItself(t *testing.T, args ...string) string {
	t.Helper()
	cmd := bpfsimCommand(t, args...)
	cmd.SysProcAttr = nil
	return output(t, 0, cmd)
}

// Recorded runs of programs with libraries and tools of all kinds are answered alike when they are made again.
func TestReplayOfPrograms(t *testing.T) {
	skipIfRefused(t)
	script := bpftool(t)
	for name, command := range map[string][]string{
		"a user's tests": {buildModule(t, talkers, "test", "-c")},
		"an agent":       {buildModule(t, filepath.Join("..", "..", "examples", "agent"), "test", "-c")},
		"bpftool":        {"sh", "-c", "J=\n" + script},
	} {
		t.Run(name, func(t *testing.T) {
			file := recordRun(t, command...)
			out := bpfsimAsItself(t, "replay", file)
			require.Regexp(t, `^bpfsim: \d{3,} calls made again, 0 differences$`, out)
		})
	}
}

// A recording that bpfsim could not end is whole up to where it was killed.
func TestReplayAfterKill(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	file := filepath.Join(t.TempDir(), "run.rec")
	cmd := bpfsimCommand(t, "run", "--record", file, "--", "sh", "-c", "bpftool map create /sys/fs/bpf/m type hash key 4 value 8 entries 4 name m; kill -9 $PPID; sleep 5")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	_ = cmd.Run()
	require.Equal(t, unix.SIGKILL, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
	out := bpfsimAsItself(t, "replay", file)
	require.Contains(t, out, "0 differences\n  the recording ends early: its last line is missing")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), `BPF_MAP_CREATE`)
	require.Contains(t, string(text), `map_name="m"`)
}

func TestRecordRefuses(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, unix.Mkfifo(fifo, 0o600))
	for file, want := range map[string]string{fifo: "regular file", t.TempDir(): "regular file", "/nowhere/x": "no such file"} {
		cmd := bpfsimCommand(t, "run", "--record", file, "--", "true")
		cmd.SysProcAttr = nil
		require.Contains(t, output(t, 125, cmd), want)
		replay := bpfsimCommand(t, "replay", file)
		replay.SysProcAttr = nil
		require.Contains(t, output(t, exitTrouble, replay), want)
	}
}

// A recording that cannot go on ends with a word to the user, and with it the run, but not CMD.
func TestRecordFullDisk(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	cmd := bpfsimCommand(t, "run", "--record", "/dev/full", "--", "true")
	cmd.SysProcAttr = nil
	require.Contains(t, output(t, 125, cmd), "regular file")
	file := filepath.Join(t.TempDir(), "run.rec")
	limited := "ulimit -f 1; trap '' XFSZ; exec " + binary + " run --record " + file +
		" -- sh -c 'for i in 1 2 3 4 5 6 7 8; do bpftool map create /sys/fs/bpf/$i type hash key 4 value 8 entries 4 name m; done; ls /sys/fs/bpf | wc -l'"
	cmd = bpfsimCommand(t)
	cmd.Path, cmd.Args, cmd.SysProcAttr = "/bin/sh", []string{"sh", "-c", limited}, nil
	out := output(t, 125, cmd)
	require.Contains(t, out, "bpfsim: the recording ends here: write recording: ")
	require.Contains(t, out, "\n8\n", "CMD went on")
	require.Contains(t, bpfsimAsItself(t, "replay", file), "0 differences\n  the recording ends early: ")
}
