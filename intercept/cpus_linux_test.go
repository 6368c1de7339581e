//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// manyCPUs is more than any machine has that runs these tests.
const manyCPUs = 1000

// countCPUs reads the number of possible CPUs as libbpf does, and finds values with so many parts.
func countCPUs(c client) {
	cpus, err := intercept.PossibleCPUs()
	require.NoError(c, err)
	require.Equal(c, manyCPUs, cpus)
	fd := int32(c.check(bpf(bpfsys.MapCreate{Type: abi.PerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})))
	key, value := new(uint32), new([manyCPUs + 1]uint64)
	for i := range value {
		value[i] = uint64(i)
	}
	c.check(bpf(bpfsys.MapUpdateElem{FD: fd, Key: addr(key), Value: addr(value)}))
	clear(value[:])
	c.check(bpf(bpfsys.MapLookupElem{FD: fd, Key: addr(key), Value: addr(value)}))
	require.Equal(c, uint64(manyCPUs-1), value[manyCPUs-1])
	require.Zero(c, value[manyCPUs])

	for _, path := range []string{"possible", "../cpu/possible", "/proc/self/cwd/possible"} {
		cat := exec.Command("cat", path)
		cat.Dir = "/sys/devices/system/cpu"
		text, err := cat.CombinedOutput()
		require.NoError(c, err, path)
		require.Equal(c, fmt.Sprintf("0-%d\n", manyCPUs-1), string(text), path)
	}
	dir, err := os.Open("/sys/devices/system/cpu")
	require.NoError(c, err)
	file, err := unix.Openat(int(dir.Fd()), "possible", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(c, err)
	var text [16]byte
	n, err := unix.Read(file, text[:])
	require.NoError(c, err)
	require.Equal(c, "0-999\n", string(text[:n]))
}

// ownLists fills the lists of two CPUs, each of which has room for one element and takes none of the other's.
func ownLists(c client) {
	runtime.LockOSThread()
	fd := c.make(abi.LRUHash, 4, 1, abi.FlagNoCommonLRU)
	cpus := c.allowed()
	if len(cpus) < 2 { // nothing to tell apart
		return
	}
	insert := func(key uint32) {
		c.moveTo(cpus[key%2])
		require.Zero(c, c.update(fd, key, key))
	}
	for key := range uint32(6) {
		insert(key)
		for earlier := range key {
			_, errno := c.lookup(fd, earlier)
			require.Equal(c, earlier+2 <= key, errno == unix.ENOENT, "%d behind %d", earlier, key)
		}
	}
}

// allowed are the CPUs that this thread may run on, of those below 2, which a run has.
func (c client) allowed() (cpus []int) {
	var set unix.CPUSet
	require.NoError(c, unix.SchedGetaffinity(0, &set))
	for cpu := range 2 {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

func (c client) moveTo(cpu int) {
	var set unix.CPUSet
	set.Set(cpu)
	require.NoError(c, unix.SchedSetaffinity(0, &set))
}

// An element goes into the list of the CPU that its program runs on.
func TestCPUOfTheCaller(t *testing.T) {
	t.Run("linux", func(t *testing.T) { runOnLinux(t, "ownLists") })
	t.Run("run", func(t *testing.T) { runScenario(t, "ownLists", options()) })
}

// A program sees the CPUs that it was given, and its own kernel's where nothing was asked for.
func TestCPUs(t *testing.T) {
	o := options()
	o.Kernel, o.CPUs = bpfsys.NewKernel(bpfsys.Options{CPUs: manyCPUs}), manyCPUs
	runScenario(t, "cpus", o)
}
