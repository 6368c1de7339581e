package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// command is bpfsim as a command of its own: the go command starts it for each of its tools.
var command = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(binary), "bpfsim-command")
	cmd := exec.Command("go", "build", "-pgo=off", "-buildvcs=false", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
})

// buildPatched builds the tests in dir with a patched client.
func buildPatched(t *testing.T, dir string, flags ...string) (program string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the standard library anew")
	}
	bpfsim, err := command()
	require.NoError(t, err)
	program = filepath.Join(filepath.Dir(binary), filepath.Base(dir)+".patched")
	cmd := exec.Command(bpfsim, append(append([]string{"test"}, flags...), "-c", "-buildvcs=false", "-o", program, ".")...)
	cmd.Dir = dir
	output(t, 0, cmd)
	require.NoError(t, os.Chmod(program, 0o755))
	return program
}

// patchedCommand runs patched tests as an ordinary user, on no other road.
func patchedCommand(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := bpfsimCommand(t)
	cmd.Path, cmd.Args = program, append([]string{program, "-test.v"}, args...)
	cmd.Env = append(cmd.Env, "BPFSIM_ROAD=patched")
	return cmd
}

// conntrack is an agent whose calls are explored in every order.
var conntrack = filepath.Join("..", "..", "examples", "conntrack")

// execs waits for the records of a ring buffer.
var execs = filepath.Join("..", "..", "examples", "execs")

func TestPatched(t *testing.T) {
	for dir, want := range map[string]string{fakes: "TestThirdUpdateFails", agent: "TestReadEvents",
		conntrack: "TestSweepLosesALiveConnection", filepath.Join("..", "..", "bpftest", "client", "initial"): "TestOptionsThatComeTooLate", execs: "TestNumbersAreUsedAgain", filepath.Join("..", "..", "bpftest", "client"): "TestExploreReplays"} {
		out := output(t, 0, patchedCommand(t, buildPatched(t, dir)))
		require.Contains(t, out, "--- PASS: "+want)
	}
}

// Without the patch the road that was asked for is not there: that is no reason to take another one.
func TestPatchedWithoutThePatch(t *testing.T) {
	out := output(t, 1, patchedCommand(t, buildModule(t, fakes, "test", "-c")))
	require.Contains(t, out, "BPFSIM_ROAD=patched, and this test was built without the patch: run bpfsim test")
}

// A program that is patched and has nobody to answer it must not reach the kernel, and says what is missing.
func TestPatchedWithoutMain(t *testing.T) {
	out := output(t, 1, patchedCommand(t, buildPatched(t, filepath.Join("..", "..", "examples", "talkers"))))
	require.Contains(t, out, "bpfsim: bpf(2) is answered with ENOSYS: ")
	require.Contains(t, out, "call bpftest.Main in TestMain")
	require.Regexp(t, `bpfsim: bpf\(2\) command \d+ of \S*talkers\.\S+ at \S+/talkers\S*\.go \d+ is answered with ENOSYS`, out)
	require.Contains(t, out, "function not implemented")
	require.NotContains(t, out, "--- PASS: TestDrain")
}
