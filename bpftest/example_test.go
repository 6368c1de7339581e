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

func ExamplePatched() {
	// Calls are answered in the tests' own process, as Explore needs it, with plain go test too.
	_ = func(m *testing.M) { bpftest.Main(m, bpftest.Patched()) }
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

func ExampleExplore() {
	_ = func(t *testing.T) {
		bpftest.Explore(t, bpftest.ExploreOptions{}, func(t *bpftest.T) {
			k := bpftest.Kernel(t)
			// ... the agent under test makes its map "ct" and begins to collect what is idle ...
			t.Go("packet", func() { _ = k.Map("ct").Put([4]byte{10, 0, 0, 1}, uint64(1)) })
			// ... is the entry there in the end, whenever the packet came? ...
		})
	}
}

func ExampleSearch() {
	_ = func(t *testing.T) {
		found := bpftest.Search(t, bpftest.ExploreOptions{Strategy: bpftest.PCT, Seed: 1}, func(t *bpftest.T) { /* ... */ })
		if found.Failure == nil {
			t.Fatal("the fault is to be found")
		}
		t.Log(found) // the story, and how to run it again
	}
}

func ExampleT_Go() {
	_ = func(t *bpftest.T) {
		k := bpftest.Kernel(t)
		for cpu := range 2 {
			t.Go("counter", func() { _ = k.Map("packets").OnCPU(cpu).Put(uint32(0), uint64(1)) })
		}
	}
}

// Tests that run in parallel have a kernel each where calls are answered in their own process, as under bpfsim test.
func ExampleKernel_parallel() {
	_ = func(t *testing.T) {
		t.Parallel()
		k := bpftest.Kernel(t) // of this goroutine and of those that it starts from now on
		k.Fail(fault.Rule{Cmd: abi.MapUpdateElem, Name: "flows", Errno: abi.ENOMEM})
		// ... the agent, whose map "flows" has nothing to do with those of other tests ...
	}
}
