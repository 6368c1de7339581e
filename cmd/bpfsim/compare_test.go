package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/vm"
	"github.com/stretchr/testify/require"
)

func TestCompareLeavesOutWhatAReleaseLacks(t *testing.T) {
	lacks := []program.Feature{program.ExclusiveProgram, program.MapHash, program.ProgramSignature}
	more := append(lacks[:len(lacks):len(lacks)], program.InnerInPlace, program.TakeStack, program.BTF, program.Programs)
	for release, want := range map[string][]program.Feature{
		"6.12.117+deb12-cloud-amd64": more, "6.1.0-50-cloud-amd64": more, "5.19.0": more, "6.15.1": lacks, "6.17.1\n": lacks,
		"6.18.0": nil, "6.18.44-fc": nil, "6.20.1": nil, "7.0.0": nil, "unheard of": nil,
	} {
		require.Equal(t, want, compareFlags{}.features(release), "%q", release)
	}
	named := compareFlags{without: []string{"map_hash"}}
	require.Equal(t, []program.Feature{program.MapHash}, named.features("6.12.0"))
	none := compareFlags{without: []string{}}
	require.Empty(t, none.features("6.12.0"))
}

// The guest is asked for what its caller was asked for.
func TestCompareGuestArgs(t *testing.T) {
	f := compareFlags{seed: 1 << 63, ops: 7, most: 3, without: []string{"map_hash", "signature"}}
	require.Equal(t, []string{
		"compare", "--seed", "9223372036854775808", "--ops", "7", "--most", "3", "--without", "map_hash,signature",
	}, f.guestArgs())
	f.without = nil
	require.NotContains(t, f.guestArgs(), "--without")
}

// Flags about the kernel in qemu mean nothing without it.
func TestCompareRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"--cpus 2": "--cpus is about the kernel in qemu", "--memory 512": "--memory is", "--tcg": "--tcg is",
		"--image x": "--image is", "--package x": "--package is",
		"--qemu --image x --package y": "--image and --package both name a kernel",
		"--qemu --kernel x":            "unknown flag: --kernel",
	} {
		cmd := newRoot()
		cmd.SetArgs(append([]string{"compare"}, strings.Fields(args)...))
		var exit *exitError
		require.ErrorAs(t, cmd.Execute(), &exit)
		require.Equal(t, exitTrouble, exit.code)
		require.ErrorContains(t, exit.err, want)
	}
}

func TestCompareHere(t *testing.T) {
	kerneltest.Need(t, kernel.Available())
	var out strings.Builder
	require.NoError(t, compareFlags{seed: 1, ops: 500, most: 1}.compareHere(context.Background(), &out))
	require.Contains(t, out.String(), " 0 mismatches\n")
}

// A Linux 6.12 with as many CPUs as LRU lists need to tell their owners apart, compared by a program that has no source
// tree and no Go.
func TestCompareInVM(t *testing.T) {
	kernel, err := vm.FindKernel(context.Background(), vm.KernelOptions{Path: os.Getenv("BPFSIM_KERNEL"), Offline: true})
	if err != nil {
		require.Empty(t, os.Getenv("BPFSIM_REQUIRE_TOOLS"), err)
		t.Skipf("%v; or run `bpfsim compare --qemu` once, which downloads Debian's; or set BPFSIM_KERNEL", err)
	}
	qemu, err := exec.LookPath("qemu-system-x86_64")
	if errors.Is(err, exec.ErrNotFound) {
		require.Empty(t, os.Getenv("BPFSIM_REQUIRE_TOOLS"), err)
		t.Skip(vm.ErrNoQEMU)
	}
	build := exec.Command("go", "build", "-pgo=off", "-o", filepath.Join(t.TempDir(), "bpfsim"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	cmd := exec.Command(build.Args[4], "compare", "--qemu", "--tcg", "--cpus", "4", "--image", kernel, "--ops", "2000")
	cmd.Dir, cmd.Env = "/", []string{"PATH=" + filepath.Dir(qemu)}
	out, err = cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), ", 4 possible CPUs, seed 1,")
	require.Contains(t, string(out), " 0 mismatches\n")
}
