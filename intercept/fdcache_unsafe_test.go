//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"os"
	"os/exec"
	"testing"
	"unsafe"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// ownOperands are a key and a value, where no stack that grows moves them.
var ownOperands [2]uint64

// inOwnProcess runs the test once more in a process that it has alone, and is true there: NewOwn puts the whole process under a filter.
func inOwnProcess(t *testing.T) bool {
	const alone = "BPFSIM_TEST_ALONE"
	if os.Getenv(alone) != "" {
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), alone+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return false
}

// A goroutine makes a map that gets the number of one which another goroutine has just closed, and has not counted yet: its calls are about its own map.
func TestOwnFDBeforeItsCloseIsCounted(t *testing.T) {
	if !inOwnProcess(t) {
		return
	}
	closes := &intercept.Closes{On: true}
	own, err := intercept.NewOwn(intercept.Options{Kernel: bpfsys.NewKernel(bpfsys.Options{CPUs: 1}), Caps: bpfsys.Root, CPUs: 1, BPFFS: t.TempDir()}, closes)
	require.NoError(t, err)
	defer own.Close()
	do := func(args bpfsys.Args) (int32, abi.Errno) {
		attr := args.Encode()
		return own.Bpf(uint32(args.Cmd()), unsafe.Pointer(&attr), uintptr(len(attr)))
	}
	lookup := func(fd int32) abi.Errno {
		_, errno := do(bpfsys.MapLookupElem{FD: fd, Key: uint64(uintptr(unsafe.Pointer(&ownOperands[0]))), Value: uint64(uintptr(unsafe.Pointer(&ownOperands[1])))})
		return errno
	}
	array, errno := do(bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	require.Equal(t, abi.OK, errno)
	require.Equal(t, abi.OK, lookup(array))
	require.NoError(t, unix.Close(int(array)))
	hash, errno := do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	require.Equal(t, abi.OK, errno)
	require.Equal(t, array, hash)
	require.Equal(t, abi.ENOENT, lookup(hash))
	require.NoError(t, unix.Close(int(hash)))
}
