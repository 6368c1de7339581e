//go:build linux && (amd64 || arm64)

package bpftest_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/fault"
	"github.com/bpfsim/bpfsim/syscall"
	"golang.org/x/sys/unix"
)

// inTest runs a test as go test does, and prints what it says when it fails. The agents of these examples make their calls by hand (create, load,
// bpf); yours has its library.
func inTest(test func(t testing.TB)) {
	for _, said := range said(test) {
		fmt.Println(regexp.MustCompile(`\S+/(\w+\.go):\d+`).ReplaceAllString(said, "$1"))
	}
}

func said(test func(t testing.TB)) []string { return recordOf(nil, test) }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// The agent makes a map; the test does what its BPF program would, and looks at what the agent finds.
func ExampleHandle_Map() {
	inTest(func(t testing.TB) {
		k := bpftest.Kernel(t, bpftest.Seed(1))
		fd := create(t, "flows", abi.Hash)
		defer unix.Close(fd)

		flows := k.Map("flows")
		check(flows.Put(uint32(1), uint64(10)))
		check(flows.Update(uint32(2), uint64(20), uint64(abi.NoExist)))
		fmt.Println("no room:", errors.Is(flows.Put(uint32(3), uint64(30)), unix.E2BIG))
		var value uint64
		check(flows.Lookup(uint32(2), &value))
		check(flows.Delete(uint32(1)))
		fmt.Println("flow 2:", value, "map", flows.ID())
	})
	// Output:
	// no room: true
	// flow 2: 20 map 1
}

// An agent that wants an ARENA has to do without on the kernels of last year.
func ExampleLinux() {
	inTest(func(t testing.TB) {
		bpftest.Kernel(t, bpftest.Linux("6.1"))
		_, err := bpf(bpfsys.MapCreate{Type: abi.Arena, MaxEntries: 1, Flags: abi.FlagMmapable})
		fmt.Println(err)
	})
	// Output:
	// invalid argument
}

// The program counts what it has lost in a global variable, in the section .bss of its object file, and the agent pauses it by another one.
func ExampleHandle_Var() {
	inTest(func(t testing.TB) {
		k := bpftest.Kernel(t)
		defer unix.Close(section(t, ".bss", 0, 12, inSection{"lost", 0, 8}, inSection{"paused", 8, 1}))
		lost := k.Var("lost")
		check(lost.Set(uint64(3)))
		fmt.Println(lost.Size(), "bytes in", lost.Section())
		var paused bool
		check(k.Var("paused").Get(&paused))
		fmt.Println(paused, k.Var("paused").Set(uint32(1)))
	})
	// Output:
	// 8 bytes in .bss
	// false set variable "paused": uint32 has 4 bytes, the variable has 1, in .bss
}

// A queue and a Bloom filter, as programs use them.
func ExampleMap_Push() {
	inTest(func(t testing.TB) {
		k := bpftest.Kernel(t)
		defer unix.Close(create(t, "jobs", abi.Queue))
		defer unix.Close(create(t, "seen", abi.BloomFilter))
		var next, taken uint64
		jobs, seen := k.Map("jobs"), k.Map("seen")
		check(jobs.Push(uint64(7), 0))
		check(jobs.Peek(&next))
		check(jobs.Pop(&taken))
		fmt.Println(next, taken, jobs.Pop(&taken))
		check(seen.Push(uint64(7), 0))
		fmt.Println(seen.Contains(uint64(7)), seen.Contains(uint64(8)))
	})
	// Output:
	// 7 7 pop from map "jobs": no such file or directory
	// <nil> look for value in map "seen": no such file or directory
}

// Each CPU has a value of its own.
func ExampleMap_OnCPU() {
	inTest(func(t testing.TB) {
		k := bpftest.Kernel(t)
		defer unix.Close(create(t, "packets", abi.PerCPUArray))
		check(k.Map("packets").OnCPU(3).Put(uint32(0), uint64(5)))
		var here, there uint64
		check(k.Map("packets").Lookup(uint32(0), &here))
		check(k.Map("packets").OnCPU(3).Lookup(uint32(0), &there))
		fmt.Println(here, there)
	})
	// Output: 0 5
}

// Records of a ring buffer: as a whole, or reserved first. The next one may be lost.
func ExampleMap_Reserve() {
	inTest(func(t testing.TB) {
		k := bpftest.Kernel(t)
		fd, err := bpf(bpfsys.MapCreate{Type: abi.RingBuf, MaxEntries: 4096, Name: bpfsys.NameOf("events")})
		check(err)
		defer unix.Close(fd)
		events := k.Map("events")
		check(events.Output([]byte("a record"), 0))
		event, err := events.Reserve(8)
		check(err)
		check(event.Submit(uint64(1), abi.RingNoWakeup))
		event, err = events.Reserve(8)
		check(err)
		check(event.Discard(0))
		events.Lose(1)
		fmt.Println(events.Output([]byte("another"), 0))
	})
	// Output: output to map "events": resource temporarily unavailable
}

// Nobody has opened a perf buffer for this CPU yet.
func ExampleMap_PerfOutput() {
	inTest(func(t testing.TB) {
		k := bpftest.Kernel(t)
		fd, err := bpf(bpfsys.MapCreate{Type: abi.PerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 4, Name: bpfsys.NameOf("events")})
		check(err)
		defer unix.Close(fd)
		fmt.Println(k.Map("events").OnCPU(1).PerfOutput([]byte("a sample")))
	})
	// Output: output to map "events": no such file or directory
}

// A Go function stands for a program: the test fires it with a packet.
func ExampleHandle_StandIn() {
	inTest(func(t testing.TB) {
		k := bpftest.Kernel(t)
		sizes := create(t, "sizes", abi.Hash)
		defer unix.Close(sizes)
		defer unix.Close(load(t, "measure", abi.ProgXDP, sizes))

		k.StandIn("measure", func(c *bpftest.Context) int {
			const drop, pass = 1, 2
			if c.Map("sizes").Put(uint32(c.CPU()), uint64(len(c.Data))) != nil {
				return drop
			}
			return pass
		})
		program := k.Prog("measure")
		fmt.Println(program.Name(), program.Type(), program.Maps(), program.ID(), program.Tag(), program.AttachType(), program.Attached())
		fmt.Println("result:", program.OnCPU(1).Fire(make([]byte, 60)))
		fmt.Println("result:", program.Fire(bpftest.Packet{Data: make([]byte, 61), Ctx: make([]byte, 24)}))
		var size uint64
		check(k.Map("sizes").Lookup(uint32(1), &size))
		fmt.Println("size:", size)
	})
	// Output:
	// measure XDP [sizes] 1 0bd0168676c7c779 CGROUP_INET_INGRESS []
	// result: 2
	// result: 2
	// size: 60
}

// A program at a tracepoint reads its context, a record.
func ExampleContext_Read() {
	inTest(func(t testing.TB) {
		k := bpftest.Kernel(t)
		defer unix.Close(load(t, "handle_exec", abi.ProgTracepoint))
		type exec struct{ PID, OldPID uint32 }
		k.StandIn("handle_exec", func(c *bpftest.Context) int {
			var event exec
			c.Read(&event)
			fmt.Println(c.Prog().Name(), "ran for", event.PID, "with cookie", c.Cookie())
			return 0
		})
		k.Prog("handle_exec").Fire(exec{PID: 42, OldPID: 41})
	})
	// Output: handle_exec ran for 42 with cookie 0
}

// Programs at a place run in order, as long as Linux would go on.
func ExampleHandle_At() {
	inTest(func(t testing.TB) {
		k := bpftest.Kernel(t)
		for _, name := range []string{"count", "decide", "never"} {
			prog := load(t, name, abi.ProgSchedCLS)
			link, err := bpf(bpfsys.LinkCreate{ProgFD: int32(prog), Target: 1, At: abi.AttachTCXIngress})
			check(err)
			defer unix.Close(prog)
			defer unix.Close(link)
			verdict := map[string]int{"count": -1, "decide": 2}[name]
			k.StandIn(name, func(*bpftest.Context) int { fmt.Println(name); return verdict })
		}
		fmt.Println(k.Attached())
		ingress := k.At("tcx/ingress/lo")
		fmt.Println(ingress.Programs())
		fmt.Println("verdict:", ingress.OnCPU(0).Fire(make([]byte, 60)))
	})
	// Output:
	// [tcx/ingress/lo]
	// [count decide never]
	// count
	// decide
	// verdict: 2
}

// The second update fails; the trace shows that it was made to.
func ExampleHandle_Trace() {
	inTest(func(t testing.TB) {
		runtime.LockOSThread() // a trace of two threads would say whose each call is
		defer runtime.UnlockOSThread()
		k := bpftest.Kernel(t)
		fd := create(t, "ct", abi.Hash)
		defer unix.Close(fd)
		calls := k.Trace()
		full := k.Fail(fault.Rule{Cmd: abi.MapUpdateElem, Name: "ct", Nth: 2, Errno: abi.ENOMEM})
		key, value := new(uint64), new(uint64)
		for range 2 {
			_, _ = bpf(bpfsys.MapUpdateElem{FD: int32(fd), Key: pointer(key), Value: pointer(value)})
		}
		fmt.Println("failed:", full.Hits())
		full.End()
		fmt.Print(strings.ReplaceAll(calls.String(), fmt.Sprintf("map_fd=%d", fd), "map_fd=FD"))
		check(calls.WriteText(discard{}))
		check(calls.WriteChrome(discard{})) // for ui.perfetto.dev
	})
	// Output:
	// failed: 1
	// bpf(BPF_MAP_UPDATE_ELEM, {map_fd=FD, key="\0\0\0\0", value="\0\0\0\0\0\0\0\0", flags=BPF_ANY}, 168) = 0
	// bpf(BPF_MAP_UPDATE_ELEM, {map_fd=FD, key="\0\0\0\0", value="\0\0\0\0\0\0\0\0", flags=BPF_ANY}, 168) = -1 ENOMEM (Cannot allocate memory) (injected)
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// What happens to calls: a signal, a full map, a share of them, something that comes late, a batch that stops half way.
func ExampleHandle_Fail() {
	inTest(func(t testing.TB) {
		k := bpftest.Kernel(t)
		fd := create(t, "ct", abi.LRUHash)
		defer unix.Close(fd)
		key, value := new(uint64), new(uint64)
		update := func() error {
			_, err := bpf(bpfsys.MapUpdateElem{FD: int32(fd), Key: pointer(key), Value: pointer(value)})
			return err
		}
		for _, rule := range []string{"update@ct=EINTR", "update@ct=EAGAIN", "update@ct=E2BIG", "update@ct:share=1,seed=7=ENOMEM", "update@ct:delay=1ms=OK"} {
			r, err := fault.Parse(rule)
			check(err)
			f := k.Fail(r)
			fmt.Println(rule, "->", update())
			f.End()
		}
		k.Fail(fault.Rule{Cmd: abi.MapUpdateBatch, Name: "ct", After: 1, Errno: abi.EINTR})
		keys := new([2]uint64)
		batch, err := bpfAttr(bpfsys.MapUpdateBatch{FD: int32(fd), Keys: pointer(&keys[0]), Values: pointer(&keys[0]), Count: 2})
		var after bpfsys.MapUpdateBatch
		after.Decode(batch[:])
		fmt.Println("a batch of 2 ->", err, "after", after.Count)
	})
	// Output:
	// update@ct=EINTR -> interrupted system call
	// update@ct=EAGAIN -> resource temporarily unavailable
	// update@ct=E2BIG -> argument list too long
	// update@ct:share=1,seed=7=ENOMEM -> cannot allocate memory
	// update@ct:delay=1ms=OK -> <nil>
	// a batch of 2 -> interrupted system call after 1
}

// A test that ends with something open says what, and where it was made.
func ExampleAllowLeaks() {
	var fd int
	inTest(func(t testing.TB) {
		bpftest.Kernel(t)
		fd = create(t, "leaked", abi.Hash)
	})
	check(unix.Close(fd))
	inTest(func(t testing.TB) {
		bpftest.Kernel(t, bpftest.AllowLeaks())
		fd = create(t, "allowed", abi.Hash)
	})
	check(unix.Close(fd))
	// Output: bpftest: map "leaked" (HASH, id 1), made at client_unsafe_test.go, was not closed: Close it, or pass bpftest.AllowLeaks()
}

// A subtest has the kernel of its test, and its own word for what goes wrong.
func ExampleHandle_For() {
	inTest(func(t testing.TB) {
		k := bpftest.Kernel(t)
		sub := func(t testing.TB) { k.For(t).Map("absent") }
		fmt.Println(len(said(sub)), "failure of the subtest")
	})
	// Output: 1 failure of the subtest
}

// TestMain of a package whose tests want 8 CPUs and the types of another kernel.
func ExampleCPUs() {
	testMain := func(m *testing.M) { bpftest.Main(m, bpftest.CPUs(8), bpftest.BTF("testdata/vmlinux")) }
	fmt.Println(testMain != nil, os.Getenv("BPFSIM_BPFFS") != "")
	// Output: true true
}
