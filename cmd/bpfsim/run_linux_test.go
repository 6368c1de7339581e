package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The mount costs a capability, which the command must not inherit.
func TestRunIdentity(t *testing.T) {
	skipIfRefused(t)
	cmd := bpfsimCommand(t, "run", "--", "sh", "-c", "id -u; id -g; grep -E 'Cap(Inh|Prm|Eff|Amb)' /proc/self/status | cut -f2")
	want := fmt.Sprintf("%d\n%[1]d", nobody)
	if os.Getuid() != 0 {
		want = fmt.Sprintf("%d\n%d", os.Getuid(), os.Getgid())
	}
	require.Equal(t, want+strings.Repeat("\n0000000000000000", 4), output(t, 0, cmd))
}

func TestRunStatus(t *testing.T) {
	skipIfRefused(t)
	for _, c := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"the command's status", []string{"run", "--", "sh", "-c", "exit 42"}, 42, ""},
		{"killed", []string{"run", "--", "sh", "-c", "kill -9 $$"}, 137, ""},
		{"the command's own flags", []string{"run", "sh", "-c", "exit 3"}, 3, ""},
		{"not found", []string{"run", "--", "bpfsim-absent"}, 127, "not found"},
		{"not executable", []string{"run", "--", "/"}, 126, "is a directory"},
		{"no command", []string{"run"}, 125, "no command to run"},
		{"only flags", []string{"run", "--cpus", "2"}, 125, "no command to run"},
		{"unknown flag", []string{"run", "--absent", "--", "true"}, 125, "unknown flag: --absent (see: bpfsim run --help)"},
		{"no value", []string{"run", "--cpus"}, 125, "flag needs an argument"},
		{"no number of CPUs", []string{"run", "--cpus", "many", "--", "true"}, 125, "many"},
		{"too many CPUs", []string{"run", "--cpus", "8193", "--", "true"}, 125, "want 1 to 8192"},
		{"no name of a trace", []string{"run", "--trace", "", "--", "true"}, 125, "--trace: the name is empty"},
		{"no name of a bpffs", []string{"run", "--bpffs=", "--", "true"}, 125, "--bpffs: the name is empty"},
		{"bad trace file", []string{"run", "--trace", "/absent/x", "--", "true"}, 125, "open trace"},
		{"another meaning", []string{"run", "--dump-number", "23=1000,99=1001", "--", "true"}, 0, ""},
		{"no number", []string{"run", "--dump-number", "x=1000", "--", "true"}, 125, "--dump-number x=1000"},
		{"no such dump", []string{"run", "--dump-number", "23=5", "--", "true"}, 125, "no dump has that number"},
		{"no such fault", []string{"run", "--fault", "update=ENOMEN", "--", "true"}, 125, `--fault: parse fault "update=ENOMEN": no errno`},
		{"negative number of CPUs", []string{"run", "--cpus", "-1", "--", "true"}, 125, "--cpus"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, output(t, c.status, bpfsimCommand(t, c.args...)), c.says)
		})
	}
}

func TestRunUnprivileged(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	out := output(t, 255, bpfsimCommand(t, "run", "--unprivileged", "--", "bpftool", "map", "create", "/sys/fs/bpf/x",
		"type", "hash", "key", "4", "value", "4", "entries", "1", "name", "x"))
	require.Equal(t, "Error: map create failed: Operation not permitted", out)
}

func TestRunFault(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	cmd := bpfsimCommand(t, "run", "--trace", "trace", "--fault", "update@ct:nth=2=ENOMEM", "--", "sh", "-c",
		`set -e; cd /sys/fs/bpf; bpftool map create x type hash key 1 value 1 entries 9 name ct
		bpftool map update pinned x key 1 value 1; bpftool map update pinned x key 2 value 2`)
	cmd.Dir = homeOf(cmd.Env)
	require.Equal(t, "Error: update failed: Cannot allocate memory", output(t, 244, cmd))
	text, err := os.ReadFile(filepath.Join(cmd.Dir, "trace"))
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), "= -1 ENOMEM (Cannot allocate memory) (injected)\n"))
	require.Equal(t, 1, strings.Count(string(text), "(injected)"))
}

func TestRunFaultThatNeverHappened(t *testing.T) {
	skipIfRefused(t)
	const rule = "update@ct:nth=2=ENOMEM"
	require.Equal(t, "bpfsim: --fault "+rule+" never happened: no call was the one it is about",
		output(t, 0, bpfsimCommand(t, "run", "--fault", rule, "--", "true")))
	require.Empty(t, output(t, 0, bpfsimCommand(t, "run", "--quiet", "--fault", rule, "--fault", "next:share=0.5=EINTR", "--", "true")))
}

func TestRunBPFFS(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	cmd := bpfsimCommand(t, "run", "--bpffs", "here", "--", "sh", "-c",
		`bpftool map create here/x type array key 4 value 4 entries 1 name x && ls here && bpftool -j map dump pinned here/x &&
		stat -f -c %T "$BPFSIM_BPFFS"`)
	cmd.Dir = homeOf(cmd.Env)
	require.Equal(t, "x\n[{\"key\":[\"0x00\",\"0x00\",\"0x00\",\"0x00\"],\"value\":[\"0x00\",\"0x00\",\"0x00\",\"0x00\"]}]\nbpf_fs",
		output(t, 0, cmd))
	require.NoFileExists(t, filepath.Join(cmd.Dir, "here", "x"))
}

func homeOf(env []string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if home, ok := strings.CutPrefix(env[i], "HOME="); ok {
			return home
		}
	}
	return ""
}

func TestRunTrace(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	const script = `m=/sys/fs/bpf/x
		bpftool map create $m type hash key 4 value 4 entries 1 name traced
		bpftool map update pinned $m key 1 0 0 0 value 49 0 50 7
		bpftool map lookup pinned $m key 1 0 0 0
		bpftool map delete pinned $m key 2 0 0 0`
	cmd := bpfsimCommand(t, "run", "--trace", "trace", "--", "sh", "-c", script)
	cmd.Dir = homeOf(cmd.Env)
	_, _ = cmd.CombinedOutput()
	require.Equal(t, 254, cmd.ProcessState.ExitCode())
	text, err := os.ReadFile(filepath.Join(cmd.Dir, "trace"))
	require.NoError(t, err)
	lines := regexp.MustCompile(`(?m)^\[pid \d+\] `).ReplaceAllString(string(text), "[pid] ")
	require.NotEqual(t, string(text), lines, "several processes are told apart")
	for _, want := range []string{
		`bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_HASH, key_size=4, value_size=4, max_entries=1, map_flags=0x0, ` +
			`inner_map_fd=0, numa_node=0, map_name="traced", map_ifindex=0, btf_fd=0, btf_key_type_id=0, btf_value_type_id=0, ` +
			`btf_vmlinux_value_type_id=0, map_extra=0x0}, 72) = 3`,
		`bpf(BPF_OBJ_PIN, {pathname="/sys/fs/bpf/x", bpf_fd=3, file_flags=0x0}, 16) = 0`,
		`[pid] bpf(BPF_MAP_UPDATE_ELEM, {map_fd=3, key="\1\0\0\0", value="1\0002\7", flags=BPF_ANY}, 32) = 0`,
		`[pid] bpf(BPF_MAP_LOOKUP_ELEM, {map_fd=3, key="\1\0\0\0", value="1\0002\7", flags=BPF_ANY}, 32) = 0`,
		`[pid] bpf(BPF_MAP_DELETE_ELEM, {map_fd=3, key="\2\0\0\0"}, 32) = -1 ENOENT (No such file or directory)`,
	} {
		require.Contains(t, lines, want+"\n")
	}
}

// As for strace, - is standard error.
func TestRunTraceToStandardError(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	cmd := bpfsimCommand(t, "run", "--trace", "-", "--", "bpftool", "-j", "map", "show")
	cmd.Dir = homeOf(cmd.Env)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), stderr.String())
	require.Equal(t, "[]\n", stdout.String())
	require.Contains(t, stderr.String(), "bpf(BPF_MAP_GET_NEXT_ID, ")
	require.NoFileExists(t, filepath.Join(cmd.Dir, "-"))
}

// A trace that nobody reads any more must hold up neither the program nor bpfsim: through a named pipe, and through
// standard error, where the default is to die of SIGPIPE.
func TestRunTraceWithoutReader(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	const script = "bpftool map create $BPFSIM_BPFFS/x type array key 4 value 4 entries 1500 name x && " +
		"bpftool map dump pinned $BPFSIM_BPFFS/x | tail -1"
	for name, shell := range map[string]string{
		"named pipe":     `mkfifo pipe; head -1 pipe >first & exec timeout -s KILL 30 "$0" run --trace pipe -- sh -c "$1"`,
		"standard error": `{ timeout -s KILL 30 "$0" run --trace - -- sh -c "$1"; echo $? >status; } 2>&1 >out | head -1 >first; cat out; exit $(cat status)`,
	} {
		t.Run(name, func(t *testing.T) {
			ours := bpfsimCommand(t)
			cmd := exec.Command("sh", "-c", shell, binary, script)
			cmd.Env, cmd.SysProcAttr, cmd.Dir = ours.Env, ours.SysProcAttr, homeOf(ours.Env)
			require.Equal(t, "Found 1500 elements", output(t, 0, cmd))
			first, err := os.ReadFile(filepath.Join(cmd.Dir, "first"))
			require.NoError(t, err)
			require.Contains(t, string(first), "bpf(")
		})
	}
}

// A reader that has stopped reading holds up the program, but a signal ends it, and bpfsim with it.
func TestRunTraceStalled(t *testing.T) {
	skipIfRefused(t)
	bpftool(t)
	ours := bpfsimCommand(t)
	cmd := exec.Command("sh", "-c", `mkfifo pipe; sleep 60 <pipe & reader=$!
		timeout -s KILL 30 "$0" run --trace pipe -- sh -c 'echo $PPID >pid; m=$BPFSIM_BPFFS/x
			bpftool map create $m type array key 4 value 4 entries 9999 name x; bpftool map dump pinned $m >/dev/null' & run=$!
		until [ -s pid ]; do sleep 0.1; done
		sleep 1 # a pipe holds some hundred lines
		kill "$(cat pid)"; wait $run; status=$?; kill $reader; exit $status`, binary)
	cmd.Env, cmd.SysProcAttr, cmd.Dir = ours.Env, ours.SysProcAttr, homeOf(ours.Env)
	const lost = "bpfsim: the end of the trace is lost: its reader has stopped reading"
	require.Equal(t, lost, output(t, 128+int(unix.SIGTERM), cmd))
}
