package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/recording/replay"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// recordRun records a run of a command as an ordinary user, and returns the file.
func recordRun(t *testing.T, command ...string) string {
	t.Helper()
	cmd := bpfsimCommand(t, append([]string{"run", "--record", "run.rec"}, command...)...)
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
	const events = "bpftool map create /sys/fs/bpf/p type perf_event_array key 4 value 4 entries 2 name p; timeout -s INT 0.3 bpftool map event_pipe pinned /sys/fs/bpf/p; " +
		"for i in 1 2 3 4 5 6 7 8 9; do bpftool map create /sys/fs/bpf/$i type hash key 4 value 4 entries 2 name m; bpftool map update pinned /sys/fs/bpf/$i key 1 2 3 4 value 1 2 3 4; done; true"
	for name, command := range map[string][]string{
		"a user's tests":         {"--", buildModule(t, talkers, "test", "-c")},
		"an agent":               {"--root", "--", buildModule(t, filepath.Join("..", "..", "examples", "agent"), "test", "-c")},
		"bpftool":                {"--", "sh", "-c", "J=\n" + script},
		"perf events and faults": {"--fault", "update@m:nth=3=ENOMEM", "--", "sh", "-c", events},
		"without rights":         {"--unprivileged", "--cpus", "2", "--", "sh", "-c", script},
	} {
		t.Run(name, func(t *testing.T) {
			file := recordRun(t, command...)
			out := bpfsimAsItself(t, "replay", file)
			require.Regexp(t, `^bpfsim: \d{2,} calls made again, 0 differences$`, out)
			if kernel.Available() == nil {
				out = bpfsimAsItself(t, "replay", "--on", "linux", file)
				require.Regexp(t, `^Linux \S+: \d+ calls made again, 0 differences`, out)
			}
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
		again := bpfsimCommand(t, "replay", file)
		again.SysProcAttr = nil
		require.Contains(t, output(t, exitTrouble, again), want)
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

// A difference is told with both answers, and shrunk to a recording that shows it.
func TestReplayShrinks(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	const script = "bpftool map create /sys/fs/bpf/a type array key 4 value 4 entries 2 name a; bpftool map create /sys/fs/bpf/m type hash key 4 value 4 entries 8 name m;" +
		"for i in 1 2 3 4 5; do bpftool map update pinned /sys/fs/bpf/m key $i 0 0 0 value $i 0 0 0; bpftool map update pinned /sys/fs/bpf/a key 1 0 0 0 value $i 0 0 0; done;" +
		"bpftool map lookup pinned /sys/fs/bpf/m key 3 0 0 0"
	file := recordRun(t, "--", "sh", "-c", script)
	wrong := filepath.Join(t.TempDir(), "wrong.rec")
	spoil(t, file, wrong)
	cmd := bpfsimCommand(t, "replay", "--shrink", wrong+".small", wrong)
	cmd.SysProcAttr = nil
	out := output(t, exitFound, cmd)
	require.Contains(t, out, "  recorded: ENOENT\n  bpfsim: 0, wrote ")
	require.Regexp(t, `\d+ lines of the recording show it as well, written to `, out)
	again := bpfsimCommand(t, "replay", wrong+".small")
	again.SysProcAttr = nil
	out = output(t, exitFound, again)
	require.Contains(t, out, "  recorded: ENOENT\n  bpfsim: 0, wrote ")
}

// spoil copies a recording with another answer to its last lookup.
func spoil(t *testing.T, from, to string) {
	t.Helper()
	r, file, err := recording.Open(from)
	require.NoError(t, err)
	defer file.Close()
	entries, err := replay.Load(r, 0)
	require.NoError(t, err)
	for _, e := range slices.Backward(entries) {
		if c, ok := e.(*recording.Call); ok && c.Cmd == abi.MapLookupElem && c.Errno == abi.OK {
			c.Errno, c.Ret, c.Wrote = abi.ENOENT, 0, nil
			break
		}
	}
	require.NoError(t, recording.Save(to, r.Header, entries))
}

// A recording is not overwritten by what is made of it.
func TestReplayKeepsTheRecording(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.rec")
	h := recording.NewHeader()
	h.CPUs = 1
	require.NoError(t, recording.Save(file, h, nil))
	was, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, flag := range []string{"--mask", "--shrink"} {
		cmd := bpfsimCommand(t, "replay", flag, file, file)
		cmd.SysProcAttr = nil
		require.Contains(t, output(t, exitTrouble, cmd), "this is the recording itself")
	}
	is, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(was), string(is))
}

var digits = regexp.MustCompile(`\d+`)

// What docs/record.md types prints what it says, whatever the number of calls of the bpftool that is installed.
func TestRecordPage(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	rest, found, dir := page(t, "docs/record.md"), 0, t.TempDir()
	for {
		_, block, more := strings.Cut(rest, "```console\n")
		if !more {
			break
		}
		block, rest, _ = strings.Cut(block, "```")
		for _, part := range strings.Split("\n"+block, "\n$ ")[1:] {
			command, want, _ := strings.Cut(part, "\n")
			found++
			got := inShell(t, "cd "+dir+"; "+command)
			require.Equal(t, digits.ReplaceAllString(strings.TrimSpace(want), "N"), digits.ReplaceAllString(got, "N"), command)
		}
	}
	require.Positive(t, found)
}
