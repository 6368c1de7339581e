package kernel

import (
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
)

// A comparison that is killed leaves its cgroup; the next one takes it away.
func TestCgroupsOfTheKilledAreSwept(t *testing.T) {
	kerneltest.Need(t, Available())
	root, err := cgroupRoot()
	require.NoError(t, err)
	ended := exec.Command("/proc/self/exe", "-test.run=^$")
	require.NoError(t, ended.Run())
	left := root + cgroupPrefix + strconv.Itoa(ended.Process.Pid)
	others := root + cgroupPrefix + "1"
	for _, path := range []string{left, others} {
		require.NoError(t, unix.Mkdir(path, 0o700))
		defer unix.Rmdir(path)
	}
	g := cgroup{}
	fd, err := g.open()
	require.NoError(t, err)
	defer unix.Close(fd)
	defer g.remove()
	require.NoDirExists(t, left)
	require.DirExists(t, others)
}
