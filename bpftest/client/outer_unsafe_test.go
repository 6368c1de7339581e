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

// outerName has this program put itself under a filter that refuses bpf(2) and further filters ("bpf"), as Docker's default profile does, or filters
// alone ("seccomp").
const outerName = "BPFSIM_TEST_OUTER"

func init() {
	refused := map[string][]uint32{"bpf": {unix.SYS_BPF, unix.SYS_SECCOMP}, "seccomp": {unix.SYS_SECCOMP}}[os.Getenv(outerName)]
	if refused == nil {
		return
	}
	if err := refuse(refused...); err != nil && !errors.Is(err, unix.EPERM) { // refused already, in what it starts
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
	out, err := under(t, "bpf", "^TestPins$|^TestRing$|^TestMappable$|^TestClosed")
	require.NoError(t, err, "%s", out)
	require.Contains(t, out, "--- PASS: TestRing")
	require.Equal(t, !patched(), strings.Contains(out, "taking the road that needs no filter"), "%s", out)
}

// under runs tests anew under a filter, without this process's kernel.
func under(t *testing.T, filter, tests string) (out string, err error) {
	if os.Getenv(outerName) != "" {
		t.Skip("it is that test's")
	}
	cmd := exec.Command("/proc/self/exe", "-test.v", "-test.run", tests)
	for _, v := range os.Environ() {
		if len(v) < 7 || v[:7] != "BPFSIM_" { // of the parent's kernel
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, outerName+"="+filter)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// Where calls of others than the library would reach a kernel that takes them there is no road.
func TestBPFIsOpenAndFiltersAreRefused(t *testing.T) {
	if patched() {
		t.Skip("this process keeps bpf(2) from what it starts")
	}
	out, err := under(t, "seccomp", "^TestPins$")
	if os.Geteuid() != 0 { // whom kernels let make no maps, unless told to
		disabled, err := os.ReadFile("/proc/sys/kernel/unprivileged_bpf_disabled")
		require.NoError(t, err)
		if string(disabled) == "0\n" {
			t.Skip("this host lets everybody use bpf(2)")
		}
		require.Contains(t, out, "--- PASS: TestPins")
		return
	}
	require.Error(t, err)
	require.NotContains(t, out, "=== RUN")
	require.Contains(t, out, "bpftest: no kernel can be simulated here: keep bpf(2) calls that are not handed over from the host's kernel: install filter: ")
	require.Contains(t, out, "run where seccomp(2) is allowed")
}
