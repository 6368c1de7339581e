package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/kernel/kerneltest"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/vm"
	"github.com/stretchr/testify/require"
)

func TestCompareLeavesOutWhatAReleaseLacks(t *testing.T) {
	for release, want := range map[string]abi.Release{
		"6.12.117+deb12-cloud-amd64": abi.Linux612, "6.1.0-50-cloud-amd64": abi.Linux61, "5.19.0": abi.Linux61, "6.17.1\n": abi.Linux612,
		"6.18.0": abi.Linux618, "6.18.44-fc": abi.Linux618, "7.0.0": abi.Linux618, "unheard of": abi.Linux618,
	} {
		require.Equal(t, want, seriesOf(release), "%q", release)
	}
	require.NotEmpty(t, compareFlags{}.features(abi.Linux612))
	require.Empty(t, compareFlags{}.features(abi.Latest))
	named := compareFlags{without: []string{"btf"}}
	require.Equal(t, []program.Feature{program.BTF}, named.features(abi.Linux612))
	none := compareFlags{without: []string{}}
	require.Empty(t, none.features(abi.Linux612))
}

// The guest is asked for what its caller was asked for.
func TestCompareGuestArgs(t *testing.T) {
	f := compareFlags{seed: 1 << 63, ops: 7, most: 3, without: []string{"btf", "programs"}}
	require.Equal(t, []string{
		"compare", "--seed", "9223372036854775808", "--ops", "7", "--most", "3", "--without", "btf,programs",
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
		"--linux 6.1":                  "--linux is",
		"--qemu --linux 5.15":          `--linux: no profile of Linux "5.15"`,
		"--qemu --linux 6.1 --image x": "--image and --linux both name a kernel",
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
