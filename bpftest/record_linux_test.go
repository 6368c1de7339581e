//go:build linux && (amd64 || arm64)

package bpftest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/recording/replay"
	"github.com/bpfsim/bpfsim/syscall"
)

// recordAll records a test that has a part of everything that programs do.
func recordAll(t *testing.T, options ...bpftest.KernelOption) {
	k := bpftest.Kernel(t, options...)
	sizes, jobs, lru := create(t, "sizes", abi.Hash), create(t, "jobs", abi.Queue), create(t, "lru", abi.LRUHash)
	prog := load(t, "measure", abi.ProgXDP, sizes)
	for _, fd := range []int{sizes, jobs, lru, prog} {
		defer unix.Close(fd)
	}
	k.StandIn("measure", func(c *bpftest.Context) int {
		require.NoError(t, c.Map("sizes").Put(uint32(7), uint64(len(c.Data))))
		require.NoError(t, c.Map("jobs").Push(uint64(3), 0))
		require.NoError(t, c.Map("jobs").Push(uint64(4), 0))
		c.Data = c.Data[:20]
		return 2
	})
	ret, out, err := testRun(prog, make([]byte, 60), 1)
	require.NoError(t, err)
	require.EqualValues(t, 2, ret)
	require.Len(t, out, 20)
	require.NoError(t, k.Map("jobs").Pop(new(uint64)))
	key, value := new(uint64), new(uint64)
	*key = 7
	_, err = bpf(bpfsys.MapLookupElem{FD: int32(sizes), Key: pointer(key), Value: pointer(value)})
	require.NoError(t, err)
	require.EqualValues(t, 60, *value)
	require.NoError(t, k.Map("sizes").Delete(uint32(7)))
	_, err = bpf(bpfsys.MapLookupElem{FD: int32(sizes), Key: pointer(key), Value: pointer(value)})
	require.ErrorIs(t, err, unix.ENOENT)
	_, err = bpf(bpfsys.MapLookupAndDeleteElem{FD: int32(jobs), Value: pointer(value)})
	require.NoError(t, err)
	require.EqualValues(t, 4, *value)
	section := section(t, ".bss", 0, 12, inSection{"lost", 0, 8}, inSection{"paused", 8, 1})
	defer unix.Close(section)
	require.NoError(t, k.Var("lost").Set(uint64(99)))
	var twelve [2]uint64
	*key = 0
	_, err = bpf(bpfsys.MapLookupElem{FD: int32(section), Key: pointer(key), Value: pointer(&twelve[0])})
	require.NoError(t, err)
	require.EqualValues(t, 99, twelve[0])
}

func TestRecordedTest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "test.rec")
	t.Run("recorded", func(t *testing.T) { recordAll(t, bpftest.RecordTo(file)) })
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, op := range []string{"sizes,update", "jobs,push", "jobs,pop", "sizes,delete"} {
		name, what, _ := strings.Cut(op, ",")
		id := map[string]string{"sizes": "map:1", "jobs": "map:2"}[name]
		require.Contains(t, string(text), "\nhelped "+id+","+what+",", op)
	}
	require.NotContains(t, string(text), " overlaps", "a call that has a program run keeps the program's work waiting")
	report := replayed(file, new(replay.Bpfsim))
	require.Nil(t, report.Difference, "%v", report.Difference)
	require.Empty(t, report.CutOff)
	require.Empty(t, report.NotMade)

	k, err := kernel.NewLinux()
	if err != nil {
		t.Skip(err)
	}
	defer k.Close()
	if kernel.PossibleCPUs() != replayedCPUs(t, file) {
		t.Skip("other CPUs than were recorded")
	}
	report = replayed(file, replay.NewKernel(k))
	require.Nil(t, report.Difference, "%v", report.Difference)
	require.NotContains(t, fmt.Sprint(report.NotMade), "played", "calls do the same here")
}

func replayedCPUs(t *testing.T, file string) int {
	t.Helper()
	r, end, err := recording.Open(file)
	require.NoError(t, err)
	require.NoError(t, end.Close())
	return r.Header.CPUs
}

// BPFSIM_RECORD names a directory; a test that has two kernels, one after the other, has two files in it.
func TestRecordedByEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("BPFSIM_RECORD", dir)
	for range 2 {
		said(func(t testing.TB) {
			bpftest.Kernel(t)
			check(unix.Close(create(t, "a", abi.Hash)))
		})
	}
	t.Run("a/b:c", func(t *testing.T) {
		bpftest.Kernel(t)
		check(unix.Close(create(t, "b", abi.Hash)))
	})
	var files []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if !d.IsDir() {
			files = append(files, path)
			report := replayed(path, new(replay.Bpfsim))
			require.Nil(t, report.Difference)
			require.Positive(t, report.Calls)
		}
		return err
	}))
	require.Len(t, files, 3)
	require.True(t, slices.ContainsFunc(files, func(f string) bool { return strings.HasSuffix(f, "#2.rec") }), "%v", files)
	for _, f := range files {
		require.Contains(t, f, filepath.FromSlash("/github.com/bpfsim/bpfsim/bpftest"), "the package's own directory")
	}
}

// A file that cannot be made, and what Explore runs, are told of before the test begins.
func TestRecordRefused(t *testing.T) {
	require.Contains(t, strings.Join(said(func(t testing.TB) { bpftest.Kernel(t, bpftest.RecordTo("/nowhere/x.rec")) }), " "), "no such file")
	require.Contains(t, strings.Join(said(func(t testing.TB) { bpftest.Kernel(t, bpftest.RecordTo(os.DevNull)) }), " "), "regular file")
	require.Empty(t, said(func(t testing.TB) { bpftest.Kernel(t) }), "the test that was refused has no kernel")
	t.Setenv("BPFSIM_RECORD", os.DevNull)
	require.Contains(t, strings.Join(said(func(t testing.TB) { bpftest.Kernel(t) }), " "), "BPFSIM_RECORD")
}
