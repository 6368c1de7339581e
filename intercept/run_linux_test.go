//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bpfsim/bpfsim/intercept"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestExitStatus(t *testing.T) {
	for script, want := range map[string]int{
		"exit 0": 0, "exit 7": 7, "kill -TERM $$": 128 + 15, "kill -KILL $$": 128 + 9, "sh -c 'sh -c \"exit 5\"'": 5,
	} {
		t.Run(script, func(t *testing.T) {
			require.Equal(t, result{code: want}, run(t, options("sh", "-c", script)))
		})
	}
}

func TestCommandCannotRun(t *testing.T) {
	skipIfRefused(t)
	noInterpreter := filepath.Join(t.TempDir(), "script")
	require.NoError(t, os.WriteFile(noInterpreter, []byte("#!/does/not/exist\n"), 0o755))
	noPermission := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.WriteFile(noPermission, nil, 0o644))
	for _, c := range []struct {
		name, path string
		want       int
	}{
		{"absent", "bpfsim-does-not-exist", intercept.ExitNotFound},
		{"no permission", noPermission, intercept.ExitNotExecutable},
		{"a directory", "/etc", intercept.ExitNotExecutable},
		{"absent interpreter", noInterpreter, intercept.ExitNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, err := intercept.Run(context.Background(), options(c.path))
			require.Error(t, err)
			require.Equal(t, c.want, code)
		})
	}
	code, err := intercept.Run(context.Background(), options())
	require.Error(t, err)
	require.Equal(t, intercept.ExitFailed, code)
}

// A script without an interpreter in its first line is the shell's, as execvp(3) has it.
func TestPlainScript(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	require.NoError(t, os.WriteFile(script, []byte("echo \"$1\"; exit 3\n"), 0o755))
	require.Equal(t, result{code: 3, stdout: "word\n"}, run(t, options(script, "word")))
}

func TestOutputAndIdentity(t *testing.T) {
	got := run(t, options("sh", "-c", "echo out; echo err >&2; id -u; id -g"))
	require.Equal(t, result{stdout: fmt.Sprintf("out\n%d\n%d\n", os.Geteuid(), os.Getegid()), stderr: "err\n"}, got)
}

// ready is a command's output that tells when its first line came.
type ready struct {
	strings.Builder
	first chan struct{}
	once  sync.Once
}

func (r *ready) Write(p []byte) (int, error) {
	defer r.once.Do(func() { close(r.first) })
	return r.Builder.Write(p)
}

func TestSignalsPassOn(t *testing.T) {
	skipIfRefused(t)
	for _, number := range []unix.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGUSR1} {
		t.Run(number.String(), func(t *testing.T) {
			if signal.Ignored(number) {
				t.Skip("this process was started to ignore it, as by nohup, and no shell can trap it then")
			}
			script := fmt.Sprintf("trap 'echo caught; exit 4' %d; echo ready; while :; do sleep 0.05; done", number)
			out := &ready{first: make(chan struct{})}
			o := options("sh", "-c", script)
			o.Stdout = out
			go func() {
				<-out.first
				_ = unix.Kill(os.Getpid(), number)
			}()
			code, err := intercept.Run(t.Context(), o)
			require.NoError(t, err)
			require.Equal(t, 4, code)
			require.Equal(t, "ready\ncaught\n", out.String())
		})
	}
}

// What the kernel tells us of our own limits is nothing to the command.
func TestLimitSignalsStay(t *testing.T) {
	skipIfRefused(t)
	script := "trap 'exit 3' XFSZ XCPU; trap 'exit 4' IO; echo ready; while :; do sleep 0.05; done"
	out := &ready{first: make(chan struct{})}
	o := options("sh", "-c", script)
	o.Stdout = out
	go func() {
		<-out.first
		for _, signal := range []unix.Signal{unix.SIGXCPU, unix.SIGXFSZ, unix.SIGIO} {
			_ = unix.Kill(os.Getpid(), signal)
		}
	}()
	code, err := intercept.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 4, code)
}

func TestCancelKills(t *testing.T) {
	skipIfRefused(t)
	ctx, cancel := context.WithCancel(t.Context())
	out := &ready{first: make(chan struct{})}
	o := options("sh", "-c", "echo ready; exec sleep 1000")
	o.Stdout = out
	go func() {
		<-out.first
		cancel()
	}()
	code, err := intercept.Run(ctx, o)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 128+int(unix.SIGKILL), code)
}

// A second supervisor cannot serve what the first one does: the kernel allows one listener.
func TestNested(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	got := run(t, options("env", scenarioVar+"=nested", exe))
	require.Equal(t, 0, got.code, got.stdout)
	require.Contains(t, got.stdout, "already under bpfsim")
}

// Daemons of a command must not keep it from ending.
func TestDaemonStaysBehind(t *testing.T) {
	got := run(t, options("sh", "-c", "sleep 1 >/dev/null 2>&1 & echo done"))
	require.Equal(t, result{stdout: "done\n"}, got)
}

// An orphan that nobody reaps stays in /proc.
func TestReapsOrphans(t *testing.T) {
	const script = `
		orphan=$(sh -c 'sh -c "echo \$\$" &')
		for i in $(seq 200); do
			[ -e /proc/$orphan ] || exit 0
			sleep 0.05
		done
		exit 1`
	o := options("sh", "-c", script)
	o.Reap = true
	require.Equal(t, result{}, run(t, o))
}
