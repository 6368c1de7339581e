package bpftest_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/fault"
)

func ExampleMain() {
	// In a package's tests: func TestMain(m *testing.M) { bpftest.Main(m) }
	_ = func(m *testing.M) { bpftest.Main(m, bpftest.CPUs(8)) }
}

func ExampleKernel() {
	_ = func(t *testing.T) {
		k := bpftest.Kernel(t)
		// ... the agent under test makes its map "ct" with its own library ...
		ct := k.Map("ct")
		if err := ct.Put([4]byte{10, 0, 0, 1}, uint64(1)); err != nil { // as its BPF program would
			t.Fatal(err)
		}
		k.Fail(fault.Rule{Cmd: abi.MapDeleteElem, Name: "ct", Nth: 2, Errno: abi.EINTR})
		// ... what does the agent do now? ...
	}
}
