package main

import (
	"path/filepath"
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

// Under bpfsim run the kernel belongs to that, and the tests cannot have one each.
func TestPlainTestBinaryUnderRun(t *testing.T) {
	skipIfRefused(t)
	out := output(t, 1, bpfsimCommand(t, "run", "--", buildModule(t, fakes, "test", "-c")))
	require.Contains(t, out, "bpftest: there is no simulated kernel to take: call bpftest.Main in TestMain, and run go test without bpfsim run")
}
