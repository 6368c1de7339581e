//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/bpfsim/bpfsim/intercept"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var stopping = map[string]func(client){"stop": stop}

// stop is not run under the supervisor but is one, of a command that stops itself.
func stop(c client) {
	o := options("sh", "-c", "echo stops; kill -STOP $$; echo goes on")
	o.Reap = true
	code, err := intercept.Run(context.Background(), o)
	fmt.Println(code, err)
}

// A command that stops stops its supervisor, for a shell that waits for it, and goes on with it.
func TestStopsWithTheCommand(t *testing.T) {
	skipIfRefused(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), scenarioVar+"=stop")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var status unix.WaitStatus
	_, err = unix.Wait4(cmd.Process.Pid, &status, unix.WUNTRACED, nil)
	require.NoError(t, err)
	require.True(t, status.Stopped())
	require.NoError(t, cmd.Process.Signal(unix.SIGCONT))
	var lines []string
	for scan := bufio.NewScanner(out); scan.Scan(); {
		lines = append(lines, scan.Text())
	}
	require.NoError(t, cmd.Wait())
	require.Equal(t, []string{"stops", "goes on", "0 <nil>"}, lines)
}
