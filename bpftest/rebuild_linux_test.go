//go:build linux && (amd64 || arm64)

package bpftest

import (
	"os"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPatienceOf(t *testing.T) {
	require.Equal(t, 450*time.Second, patienceOf([]string{"x.test", "-test.v", "-test.timeout=10m0s"}))
	require.Equal(t, time.Hour, patienceOf([]string{"x.test", "-test.timeout=0s"}))
	require.Equal(t, time.Hour, patienceOf([]string{"x.test"}))
}

func TestBuildFlags(t *testing.T) {
	require.Equal(t, []string{"-race=true", "-tags=a,b"}, buildFlags([]debug.BuildSetting{
		{Key: "-buildmode", Value: "exe"}, {Key: "-race", Value: "true"}, {Key: "-tags", Value: "a,b"}, {Key: "GOOS", Value: "linux"},
	}))
}

func TestIsFuzzing(t *testing.T) {
	require.True(t, isFuzzing([]string{"x.test", "-test.paniconexit0", "-test.fuzz=FuzzX"}))
	require.False(t, isFuzzing([]string{"x.test", "-test.fuzz=", "-test.fuzztime=3s", "-test.fuzzcachedir=x"}))
}

func TestNoKernelForFuzzWorkers(t *testing.T) {
	require.NotContains(t, noKernel(), "-fuzz")
	args := os.Args
	defer func() { os.Args = args }()
	os.Args = append(slices.Clone(args), "-test.fuzzworker")
	require.Contains(t, noKernel(), "run bpfsim test -fuzz")
}

func TestIsHere(t *testing.T) {
	require.NoError(t, isHere("github.com/bpfsim/bpfsim/bpftest"))
	require.ErrorContains(t, isHere("example.com/agent"), "the working directory is that of github.com/bpfsim/bpfsim/bpftest and not of example.com/agent: ")
	t.Run("no package", func(t *testing.T) {
		t.Chdir(t.TempDir())
		require.ErrorContains(t, isHere("example.com/agent"), "go.mod file not found")
	})
	t.Setenv("PATH", "")
	require.ErrorContains(t, isHere("example.com/agent"), "it must be in PATH, or use bpfsim test -c")
}
