//go:build linux && (amd64 || arm64)

package bpftest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/recording/replay"
	"github.com/bpfsim/bpfsim/syscall"
)

// replayed makes the calls of a recording again.
func replayed(file string, side replay.Side) *replay.Report {
	r, end, err := recording.Open(file)
	check(err)
	defer end.Close()
	report, err := replay.Run(context.Background(), r, side)
	check(err)
	return report
}

// What the test does in the place of a program is recorded, too, and made again.
func ExampleRecordTo() {
	dir, err := os.MkdirTemp("", "recording-")
	check(err)
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "test.rec") // in your test: t.TempDir(), or a file that you keep
	inTest(func(t testing.TB) {
		k := bpftest.Kernel(t, bpftest.RecordTo(file))
		fd := create(t, "flows", abi.Hash)
		defer unix.Close(fd)
		check(k.Map("flows").Put(uint32(1), uint64(10)))
		key, value := new(uint64), new(uint64)
		*key = 1
		_, err := bpf(bpfsys.MapLookupElem{FD: int32(fd), Key: pointer(key), Value: pointer(value)})
		fmt.Println(*value, err)
	})
	report := replayed(file, new(replay.Bpfsim))
	fmt.Println(report.Difference == nil, report.CutOff == "")
	// Output:
	// 10 <nil>
	// true true
}
