package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakes has tests that take a kernel by themselves (package bpftest): a plain test binary, as an ordinary user.
var fakes = filepath.Join("..", "..", "examples", "fakes")

func TestPlainTestBinary(t *testing.T) {
	skipIfRefused(t)
	cmd := bpfsimCommand(t)
	cmd.Path = buildModule(t, fakes, "test", "-c")
	cmd.Args = []string{"fakes", "-test.v"}
	out := output(t, 0, cmd)
	require.Contains(t, out, "--- PASS: TestThirdUpdateFails")
	require.Contains(t, out, "--- PASS: TestPerCPU")
}

// traps has what users of maps tripped over, in the same way.
func TestTraps(t *testing.T) {
	skipIfRefused(t)
	cmd := bpfsimCommand(t)
	cmd.Path = buildModule(t, filepath.Join("..", "..", "examples", "traps"), "test", "-c")
	cmd.Args = []string{"traps", "-test.v", "-test.skip=TestIssuesAreNamed"} // which reads the source
	out := output(t, 0, cmd)
	require.GreaterOrEqual(t, strings.Count(out, "\n--- PASS: "), 20)
}

// A test binary reaches the host's kernel when that is asked for, and nobody's otherwise, with bpftest.Main or without.
func TestHostRoad(t *testing.T) {
	program := buildModule(t, filepath.Join("..", "..", "bpftest", "early"), "test", "-c")
	freeze := func(env ...string) string {
		cmd := bpfsimCommand(t)
		cmd.Path, cmd.Args = program, []string{"early"}
		cmd.Env = append(append(cmd.Env, "BPFSIM_TEST_NO_MAIN=1"), env...)
		return output(t, 0, cmd)
	}
	require.Contains(t, freeze(), "freeze: function not implemented")
	require.Regexp(t, `^freeze: (operation not permitted|bad file descriptor)$`, freeze("BPFSIM_ROAD=host"))
}

// Under bpfsim run the kernel belongs to that, and the tests cannot have one each.
func TestPlainTestBinaryUnderRun(t *testing.T) {
	skipIfRefused(t)
	out := output(t, 1, bpfsimCommand(t, "run", "--", buildModule(t, fakes, "test", "-c")))
	require.Contains(t, out, "bpftest: there is no simulated kernel to take: call bpftest.Main in TestMain, and run go test without bpfsim run")
}

// agent is an example of a program with an ELF of its own: loaded, attached, and read.
var agent = filepath.Join("..", "..", "examples", "agent")

func TestAgent(t *testing.T) {
	skipIfRefused(t)
	program := buildModule(t, agent, "test", "-c")
	t.Run("plain", func(t *testing.T) {
		cmd := bpfsimCommand(t)
		cmd.Path, cmd.Args = program, []string{"agent", "-test.v"}
		out := output(t, 0, cmd)
		require.Contains(t, out, "--- PASS: TestAttach")
		require.Contains(t, out, "--- PASS: TestReadEvents")
	})
	t.Run("under run", func(t *testing.T) {
		out := output(t, 0, bpfsimCommand(t, "run", "--", program, "-test.v"))
		require.Contains(t, out, "--- PASS: TestAttach")
		require.Contains(t, out, "--- SKIP: TestReadEvents")
	})
}
