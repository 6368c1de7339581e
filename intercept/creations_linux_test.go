//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// creationsVar is how many fds TestCreations opens; .ci/run asks for many.
const creationsVar = "BPFSIM_CREATIONS"

// Every call that opens a fd returns one that is open, whatever signals the supervisor gets meanwhile.
func TestCreations(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	o := options("env", scenarioVar+"=creations", countVar+"="+number(creationsVar, "6000"),
		supervisorVar+"="+fmt.Sprint(os.Getpid()), exe)
	require.Equal(t, result{}, run(t, o))
}

// number is a variable's text, other where there is none or little shall be done.
func number(variable, other string) string {
	if text := os.Getenv(variable); text != "" && !testing.Short() {
		return text
	}
	return other
}

// supervisorVar names the process that the scenario "creations" sends signals to.
const supervisorVar = "BPFSIM_TEST_SUPERVISOR"

const creators = 2

// creations opens fds in several processes while it interrupts the supervisor.
func creations(c client) {
	ended := make(chan error)
	for range creators {
		child := exec.Command("/proc/self/exe")
		child.Env = append(os.Environ(), scenarioVar+"=creator")
		child.Stdout = os.Stdout
		require.NoError(c, child.Start())
		go func() { ended <- child.Wait() }()
	}
	supervisor := c.number(supervisorVar)
	for left := creators; left > 0; {
		select {
		case err := <-ended:
			require.NoError(c, err)
			left--
		case <-time.After(100 * time.Microsecond):
			for _, s := range []unix.Signal{unix.SIGURG, unix.SIGURG, unix.SIGSTOP, unix.SIGCONT} {
				require.NoError(c, unix.Kill(supervisor, s))
			}
		}
	}
}

func (c client) number(variable string) (n int) {
	_, err := fmt.Sscan(os.Getenv(variable), &n)
	require.NoError(c, err, variable)
	return n
}

// creator opens its share of fds, in turn in each of the ways there are.
func creator(c client) {
	path := fmt.Sprintf("%s/%d", os.Getenv("BPFSIM_BPFFS"), os.Getpid())
	fd := c.create(abi.Array, 4, 1)
	require.Equal(c, unix.Errno(0), c.pin(fd, path))
	id := c.ids()[0]
	for opened := 0; opened < c.number(countVar)/creators; opened += 3 {
		c.opened(bpf(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1}))
		c.opened(bpf(bpfsys.MapGetFDByID{ID: id}))
		c.opened(c.get(path, 0))
	}
}

// opened requires a result that is an open fd of our own, and closes it.
func (c client) opened(fd int, errno unix.Errno) {
	require.Equal(c, unix.Errno(0), errno)
	require.Greater(c, fd, 2)
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	require.NoError(c, err)
	require.Equal(c, unix.FD_CLOEXEC, flags)
	c.close(fd)
}
