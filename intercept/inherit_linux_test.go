//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var inheriting = map[string]func(client){"inherit": inherit}

// A command gets what it would get without us: fds, ignored and blocked signals, limits.
func TestCommandInherits(t *testing.T) {
	skipIfRefused(t)
	for command, contained := range map[string]string{
		"grep -E ^Sig(Blk|Ign) /proc/self/status":              "8008000200\n",
		"grep open /proc/self/limits":                          " 300 ",
		"find /proc/self/fd -lname /dev/null -printf %f,":      ",200,",
		"find /proc/self/fd -printf %f,":                       ",200,",
		"find /proc/self/fd -lname /dev/null -printf %f,%l,%m": "9,/dev/null,700",
	} {
		t.Run(command, func(t *testing.T) {
			want, got := inheritance(t, "native "+command), inheritance(t, "run "+command)
			require.Equal(t, want, got)
			require.Contains(t, got, contained)
		})
	}
}

func inheritance(t *testing.T, how string) string {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), scenarioVar+"=inherit", commandVar+"="+how)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.TrimSuffix(string(out), "0 <nil>\n")
}

// inherit is a program with fds, and with signals ignored and blocked, that becomes a command, or bpfsim which runs it.
func inherit(c client) {
	runtime.LockOSThread()
	for _, fd := range []int{3, 4, 6, 7, 9, 200} {
		null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
		require.NoError(c, err)
		if null == fd {
			_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0)
		} else {
			err = unix.Dup3(null, fd, 0)
		}
		require.NoError(c, err)
	}
	require.NoError(c, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 300, Max: 400}))
	signal.Ignore(unix.SIGHUP, unix.SIGINT)
	var blocked unix.Sigset_t
	for _, s := range []unix.Signal{unix.SIGUSR1, unix.SIGWINCH, 40} {
		blocked.Val[0] |= 1 << (s - 1)
	}
	require.NoError(c, unix.PthreadSigmask(unix.SIG_SETMASK, &blocked, nil))
	require.NoError(c, os.Setenv(scenarioVar, "supervise"))
	path, args := "/proc/self/exe", []string{"bpfsim"}
	if command, native := strings.CutPrefix(os.Getenv(commandVar), "native "); native {
		args = strings.Fields(command)
		found, err := exec.LookPath(args[0])
		require.NoError(c, err)
		path = found
	}
	panic(syscall.Exec(path, args, os.Environ()))
}
