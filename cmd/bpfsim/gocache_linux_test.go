package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// goTest runs a user's test as the user whose build cache is warm, and prints what is compiled; under is what runs it.
func goTest(t *testing.T, env string, under ...string) string {
	t.Helper()
	args := append(under, "sh", "-c", "go test -x -v ./...")
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = filepath.Join("testdata", "skips")
	cmd.Env = append(os.Environ(), asMainVar+"=1", "GOWORK=off", env)
	return output(t, 0, cmd)
}

// What the host answered must not be taken for what bpfsim answers, nor the other way round.
func TestGoTestCache(t *testing.T) {
	skipIfRefused(t)
	for _, env := range []string{"GOFLAGS=", "GOFLAGS=-short", "GODEBUG=gctrace=0"} {
		t.Run(env, func(t *testing.T) {
			_ = goTest(t, env)
			host := goTest(t, env)
			require.Contains(t, host, "--- SKIP: TestDump")
			require.Contains(t, host, "(cached)", "the host's result must lie in the cache for the rest to say anything")

			for range 2 {
				ours := goTest(t, env, binary, "run", "--")
				require.Contains(t, ours, "--- PASS: TestDump")
				require.NotContains(t, ours, "(cached)")
				require.NotContains(t, ours, "/compile", "what was built for the host is built again")
			}
			require.Contains(t, goTest(t, env), "--- SKIP: TestDump", "bpfsim left a result in the host's cache")
		})
	}
}

// Nor must what one road answered be taken for what another one would.
func TestGoTestCacheOfRoads(t *testing.T) {
	skipIfRefused(t)
	test := func(road string, status int) string {
		cmd := exec.Command("go", "test", "-run", "TestFull", ".")
		cmd.Dir = filepath.Join("..", "..", "examples", "fakes")
		cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "BPFSIM_ROAD="+road)
		return output(t, status, cmd)
	}
	_ = test("notified", 0)
	require.Contains(t, test("notified", 0), "(cached)", "the result must lie in the cache for the rest to say anything")
	require.Contains(t, test("nowhere", 1), "want patched or notified")
}
