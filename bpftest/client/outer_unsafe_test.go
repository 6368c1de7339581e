package client

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// outerName has this program put itself under a filter that refuses bpf(2) and further filters, as Docker's default profile does.
const outerName = "BPFSIM_TEST_OUTER"

func init() {
	if os.Getenv(outerName) == "" {
		return
	}
	if err := refuse(unix.SYS_BPF, unix.SYS_SECCOMP); err != nil && !errors.Is(err, unix.EPERM) { // refused already, in what it starts
		panic(err)
	}
}

// refuse has calls answered with EPERM from now on.
func refuse(numbers ...uint32) error {
	program := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}}
	for _, n := range numbers {
		program = append(program, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: n, Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)})
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	return errnoError(errno)
}

// In a container that refuses the calls the patched road is open, and tests built without it take it.
func TestUnderAnotherFilter(t *testing.T) {
	if os.Getenv(outerName) != "" {
		t.Skip("it is that test's")
	}
	cmd := exec.Command("/proc/self/exe", "-test.v", "-test.run", "^TestPins$|^TestRing$|^TestMappable$|^TestClosed")
	for _, v := range os.Environ() {
		if len(v) < 7 || v[:7] != "BPFSIM_" { // of the parent's kernel
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, outerName+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: TestRing")
	require.NotContains(t, string(out), "reach the host's kernel")
	require.Equal(t, !patched(), strings.Contains(string(out), "taking the road that needs no filter"), "%s", out)
}
