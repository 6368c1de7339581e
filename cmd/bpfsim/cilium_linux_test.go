package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// buildModule builds a nested module: clients' dependencies stay out of this one's go.mod.
func buildModule(t *testing.T, dir string, args ...string) (program string) {
	t.Helper()
	program = filepath.Join(filepath.Dir(binary), filepath.Base(dir))
	if out, err := goIn(dir, "mod", "download").CombinedOutput(); err != nil {
		skip(t, "cannot download the modules of "+dir+": "+string(out))
	}
	output(t, 0, goIn(dir, append(args, "-buildvcs=false", "-o", program, ".")...))
	require.NoError(t, os.Chmod(program, 0o755))
	return program
}

func goIn(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return cmd
}

func TestCilium(t *testing.T) {
	skipIfRefused(t)
	program := buildModule(t, filepath.Join("testdata", "ciliumprog"), "build")
	ours := output(t, 0, bpfsimCommand(t, "run", "--", program, "/sys/fs/bpf"))
	require.Contains(t, ours, "by name: [2]")
	require.Equal(t, onLinux(t, "exec "+program+" /sys/fs/bpf"), ours)
}

// talkers is an example of a user's package.
var talkers = filepath.Join("..", "..", "examples", "talkers")

// The tests of talkers ask bpfsim for nothing but the name of the bpffs; this is what README's first command runs. A
// test binary takes the place of go test, which would build everything anew in nobody's empty cache.
func TestTestBinaryOfAUser(t *testing.T) {
	skipIfRefused(t)
	program := buildModule(t, talkers, "test", "-c")
	require.Contains(t, output(t, 0, bpfsimCommand(t, "run", "--", program)), "PASS")
}

// The tool chain itself runs under the filter; as the user whose build cache is warm.
func TestGoTest(t *testing.T) {
	skipIfRefused(t)
	cmd := exec.Command(binary, "run", "--", "go", "test", "-count=1", ".")
	cmd.Dir = talkers
	cmd.Env = append(os.Environ(), asMainVar+"=1")
	require.Contains(t, output(t, 0, cmd), "ok")
}
