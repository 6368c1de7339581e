//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var hiding = map[string]func(client){"notDumpable": notDumpable}

// nobody is a user without rights.
const nobody = 65534

// A program that is not dumpable hides its fds from its own user, and so from a supervisor that is not root. In a user
// namespace that the supervisor made they are found nevertheless.
func TestProgramThatIsNotDumpable(t *testing.T) {
	skipIfRefused(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), scenarioVar+"=supervise", commandVar+"=notDumpable")
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	if strings.Contains(string(out), "no private mount") {
		t.Skip(string(out))
	}
	require.Equal(t, "0 <nil>\n", string(out))
}

func notDumpable(c client) {
	require.NoError(c, unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
	fd := c.create(abi.Array, 4, 1)
	require.Equal(c, unix.Errno(0), c.update(fd, 0, 77))
	got, errno := c.lookup(fd, 0)
	require.Equal(c, unix.Errno(0), errno)
	require.Equal(c, uint32(77), got)
	_, errno = c.lookup(9999, 0)
	require.Equal(c, unix.EBADF, errno)
	dir := os.Getenv("BPFSIM_BPFFS")
	require.Equal(c, unix.Errno(0), c.pin(fd, dir+"/pin"))
	c.close(fd)
	c.alive(1, "the pin")
	require.NoError(c, os.Remove(dir+"/pin"))
	c.alive(0, "no pin")
}
