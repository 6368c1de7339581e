//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/intercept"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// scenarioVar names what the test binary does when it runs as the command.
const scenarioVar = "BPFSIM_TEST_SCENARIO"

var refused error

func TestMain(m *testing.M) {
	if run, ok := scenarios[os.Getenv(scenarioVar)]; ok {
		run(client{})
		os.Exit(0)
	}
	flag.Parse()
	if _, refused = intercept.Run(context.Background(), options("true")); refused != nil {
		fmt.Println("interception is refused here:", refused)
		_ = flag.Set("test.skip", "^Example")
	}
	os.Exit(m.Run())
}

func options(args ...string) intercept.Options {
	return intercept.Options{
		Kernel: bpfsys.NewKernel(bpfsys.Options{CPUs: 2}), CPUs: 2, Caps: bpfsys.Root, Args: args,
	}
}

// result is what a command left behind.
type result struct {
	code           int
	stdout, stderr string
}

// skipIfRefused skips where the host forbids what interception needs, except where that must not happen.
func skipIfRefused(t *testing.T) {
	t.Helper()
	if refused != nil {
		require.Empty(t, os.Getenv("BPFSIM_REQUIRE_TOOLS"), "interception is refused: %v", refused)
		t.Skip("interception is refused here:", refused)
	}
}

// run runs a command on a kernel of its own.
func run(t *testing.T, o intercept.Options) result {
	t.Helper()
	skipIfRefused(t)
	var stdout, stderr strings.Builder
	o.Stdin, o.Stdout, o.Stderr = strings.NewReader(""), &stdout, &stderr
	code, err := intercept.Run(t.Context(), o)
	require.NoError(t, err)
	return result{code, stdout.String(), stderr.String()}
}

// runScenario runs this test binary as the command, which must go well.
func runScenario(t *testing.T, name string, o intercept.Options) {
	t.Helper()
	require.Equal(t, result{stdout: "", code: 0}, runProgram(t, name, o))
}

// runProgram runs this test binary as the command.
func runProgram(t *testing.T, name string, o intercept.Options) result {
	t.Helper()
	require.Contains(t, scenarios, name)
	exe, err := os.Executable()
	require.NoError(t, err)
	o.Args = []string{"env", scenarioVar + "=" + name, "GORACE=atexit_sleep_ms=0", exe}
	return run(t, o)
}
