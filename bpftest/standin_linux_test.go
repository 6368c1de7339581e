//go:build linux && (amd64 || arm64)

package bpftest_test

import (
	"encoding/binary"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// load loads a program that returns 0 and, where maps are given, loads their addresses before.
func load(t testing.TB, name string, kind abi.ProgType, maps ...int) int {
	t.Helper()
	var code []byte
	for _, fd := range maps {
		code = binary.LittleEndian.AppendUint64(code, uint64(fd)<<32|1<<12|0x118)
		code = binary.LittleEndian.AppendUint64(code, 0)
	}
	code = binary.LittleEndian.AppendUint64(code, 0xb7)
	code = binary.LittleEndian.AppendUint64(code, 0x95)
	args := bpfsys.ProgLoad{Type: kind, InsnCnt: uint32(len(code) / 8), Insns: bytesAt(code), License: path("GPL"), Name: bpfsys.NameOf(name)}
	if kind == abi.ProgSyscall {
		args.Flags = 1 << 4 // sleepable
	}
	fd, err := bpf(args)
	require.NoError(t, err)
	return fd
}

// testRun is what cilium/ebpf's Program.Test does: it returns the result and the packet as the program left it.
func testRun(fd int, packet []byte, repeat uint32) (ret uint32, out []byte, err error) {
	out = make([]byte, 256)
	attr, err := bpfAttr(bpfsys.ProgTestRun{ProgFD: int32(fd), DataIn: bytesAt(packet), DataSizeIn: uint32(len(packet)),
		DataOut: bytesAt(out), DataSizeOut: uint32(len(out)), Repeat: repeat})
	var after bpfsys.ProgTestRun
	after.Decode(attr[:])
	return after.RetVal, out[:after.DataSizeOut], err
}

func TestProg(t *testing.T) {
	k := bpftest.Kernel(t)
	m := create(t, "counts", abi.Hash)
	defer unix.Close(m)
	fd := load(t, "count_packets", abi.ProgXDP, m)
	p := k.Prog("count_packets")
	require.Equal(t, "count_packets", p.Name())
	require.Equal(t, abi.ProgXDP, p.Type())
	require.Equal(t, []string{"counts"}, p.Maps())
	require.Len(t, p.Tag(), 16)
	require.EqualValues(t, 1, p.ID())
	require.Zero(t, p.AttachType())
	require.Empty(t, p.Attached())
	require.Contains(t, record(t, func(t testing.TB) { k.For(t).Prog("absent") })[0], `no program is named "absent"; there are: "count_packets"`)
	again := load(t, "count_packets", abi.ProgXDP, m)
	require.Contains(t, record(t, func(t testing.TB) { k.For(t).Prog("count_packets") })[0], `two programs are named "count_packets", ids 1 and 2`)
	require.NoError(t, unix.Close(again))
	require.NoError(t, unix.Close(fd))
}

// What stands for a program sees its packet and its maps, on its CPU.
func TestFire(t *testing.T) {
	k := bpftest.Kernel(t)
	m := create(t, "sizes", abi.PerCPUArray)
	defer unix.Close(m)
	defer unix.Close(load(t, "measure", abi.ProgXDP, m))
	k.StandIn("measure", func(c *bpftest.Context) int {
		if err := c.Map("sizes").Put(uint32(0), uint64(len(c.Data))); err != nil {
			return 0
		}
		return 2
	})
	require.Equal(t, 2, k.Prog("measure").OnCPU(3).Fire(make([]byte, 99)))
	var n uint64
	require.NoError(t, k.Map("sizes").OnCPU(3).Lookup(uint32(0), &n))
	require.EqualValues(t, 99, n)
	require.NoError(t, k.Map("sizes").Lookup(uint32(0), &n))
	require.Zero(t, n)
	require.Contains(t, record(t, func(t testing.TB) { k.For(t).Prog("measure").OnCPU(4) })[0], `CPU 4 of program "measure": there are 4`)
}

func TestFireAContext(t *testing.T) {
	k := bpftest.Kernel(t)
	defer unix.Close(load(t, "handle_exec", abi.ProgTracepoint))
	type exec struct{ PID, Old uint32 }
	var seen exec
	k.StandIn("handle_exec", func(c *bpftest.Context) int { c.Read(&seen); return c.CPU() })
	p := k.Prog("handle_exec")
	require.Equal(t, 1, p.OnCPU(1).Fire(exec{42, 41}))
	require.Equal(t, exec{42, 41}, seen)
	require.Zero(t, p.Fire(append([]byte{7, 0, 0, 0}, make([]byte, 60)...)))
	require.Equal(t, exec{PID: 7}, seen)
	require.Contains(t, record(t, func(t testing.TB) { k.For(t).Prog("handle_exec").Fire("text") })[0], `fire program "handle_exec": input:`)
}

func TestFireNeedsAStandIn(t *testing.T) {
	k := bpftest.Kernel(t)
	fd := load(t, "alone", abi.ProgXDP)
	defer unix.Close(fd)
	said := record(t, func(t testing.TB) { k.For(t).Prog("alone").Fire([]byte{}) })
	require.Contains(t, said[0], `fire program "alone": nothing stands for it: give it a function with StandIn`)
	_, _, err := testRun(fd, make([]byte, 64), 1)
	require.ErrorIs(t, err, unix.Errno(abi.ENOTSUPP))

	require.Empty(t, record(t, func(t testing.TB) { // to the end of its test
		k.For(t).StandIn("alone", func(*bpftest.Context) int { return 2 })
		_, _, err = testRun(fd, make([]byte, 64), 1)
	}))
	require.NoError(t, err)
	_, _, err = testRun(fd, make([]byte, 64), 1)
	require.ErrorIs(t, err, unix.Errno(abi.ENOTSUPP))
}

// PROG_TEST_RUN runs the same function, which may make calls and ask the kernel meanwhile.
func TestTestRun(t *testing.T) {
	k := bpftest.Kernel(t)
	m := create(t, "counts", abi.Hash)
	defer unix.Close(m)
	fd := load(t, "count_packets", abi.ProgXDP, m)
	defer unix.Close(fd)
	key, value := new(uint64), new(uint64)
	k.StandIn("count_packets", func(c *bpftest.Context) int {
		var n uint64
		_ = c.Map("counts").Lookup(uint32(0), &n)
		if c.Map("counts").Put(uint32(0), n+1) != nil {
			return 0
		}
		if _, err := bpf(bpfsys.MapLookupElem{FD: int32(m), Key: pointer(key), Value: pointer(value)}); err != nil {
			return 0
		}
		c.Data[0]++
		c.Data = append(c.Data, 'x')
		return int(*value)
	})
	ret, out, err := testRun(fd, make([]byte, 14), 3)
	require.NoError(t, err)
	require.EqualValues(t, 3, ret)
	require.Equal(t, append(append([]byte{3}, make([]byte, 13)...), "xxx"...), out)
	_, _, err = testRun(fd, make([]byte, 13), 1)
	require.ErrorIs(t, err, unix.EINVAL)
}

// A program may leave nothing of a packet.
func TestTestRunThatLeavesNoPacket(t *testing.T) {
	k := bpftest.Kernel(t)
	fd := load(t, "swallow", abi.ProgXDP)
	defer unix.Close(fd)
	k.StandIn("swallow", func(c *bpftest.Context) int { c.Data = nil; return 1 })
	_, out, err := testRun(fd, make([]byte, 64), 1)
	require.NoError(t, err)
	require.Empty(t, out)
}

func TestTestRunsAtTheSameTime(t *testing.T) {
	const many = 20
	k := bpftest.Kernel(t)
	fd := load(t, "meet", abi.ProgXDP)
	defer unix.Close(fd)
	var all sync.WaitGroup
	all.Add(many)
	k.StandIn("meet", func(*bpftest.Context) int { all.Done(); all.Wait(); return 1 })
	var calls sync.WaitGroup
	for range many {
		calls.Go(func() {
			ret, _, err := testRun(fd, make([]byte, 64), 1)
			if err != nil || ret != 1 {
				t.Errorf("%d, %v", ret, err)
			}
		})
	}
	calls.Wait()
}

func TestStandInThatFails(t *testing.T) {
	defer bpftest.SetLongest(50 * time.Millisecond)()
	k := bpftest.Kernel(t)
	fd := load(t, "broken", abi.ProgXDP)
	defer unix.Close(fd)
	stay := make(chan struct{})
	for name, tt := range map[string]struct {
		program func(testing.TB) func(*bpftest.Context) int
		want    string
	}{
		"panic": {func(testing.TB) func(*bpftest.Context) int { return func(*bpftest.Context) int { panic("oh") } }, `program "broken" panicked: oh`},
		"FailNow": {func(t testing.TB) func(*bpftest.Context) int {
			return func(*bpftest.Context) int { t.Fatal("no"); return 0 }
		}, "no"},
		"forever": {func(testing.TB) func(*bpftest.Context) int { return func(*bpftest.Context) int { <-stay; return 0 } }, `program "broken" has not returned for 50ms`},
		"Goexit": {func(testing.TB) func(*bpftest.Context) int {
			return func(*bpftest.Context) int { runtime.Goexit(); return 0 }
		}, `program "broken" ended its goroutine (runtime.Goexit) and returned nothing`},
		"context": {func(testing.TB) func(*bpftest.Context) int {
			return func(c *bpftest.Context) int { c.Ctx = nil; return 0 }
		}, `left a context of 0 bytes: it has 24`},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			said := record(t, func(t testing.TB) {
				k.For(t).StandIn("broken", tt.program(t))
				_, _, err = testRun(fd, make([]byte, 64), 1)
			})
			require.ErrorIs(t, err, unix.ECANCELED)
			require.Contains(t, strings.Join(said, "\n"), tt.want)
			if name == "FailNow" {
				require.Equal(t, []string{"no"}, said)
			}
			if name == "forever" {
				require.Contains(t, strings.Join(said, "\n"), "still runs at the end of the test")
			}
		})
	}
	close(stay)
}

// A test that a stand-in skips is skipped, and nothing else is said of it.
func TestStandInThatSkips(t *testing.T) {
	k := bpftest.Kernel(t)
	fd := load(t, "broken", abi.ProgXDP)
	defer unix.Close(fd)
	t.Run("skipped", func(t *testing.T) {
		k.For(t).StandIn("broken", func(*bpftest.Context) int { t.SkipNow(); return 0 })
		_, _, err := testRun(fd, make([]byte, 64), 1)
		require.ErrorIs(t, err, unix.ECANCELED)
	})
}

// What a subtest has stand for a program stands back at its end.
func TestStandInOfASubtest(t *testing.T) {
	k := bpftest.Kernel(t)
	fd := load(t, "count", abi.ProgXDP)
	defer unix.Close(fd)
	returns := func(want uint32) {
		got, _, err := testRun(fd, make([]byte, 64), 1)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	k.StandIn("count", func(*bpftest.Context) int { return 1 })
	t.Run("other", func(t *testing.T) {
		k.For(t).StandIn("count", func(*bpftest.Context) int { return 2 })
		returns(2)
	})
	returns(1)
}

// tcx programs run in the order in which they are attached, until one has a verdict.
func TestFireAtTCX(t *testing.T) {
	k := bpftest.Kernel(t)
	var ran []string
	for i, name := range []string{"first", "second", "third"} {
		prog := load(t, name, abi.ProgSchedCLS)
		link, err := bpf(bpfsys.LinkCreate{ProgFD: int32(prog), Target: 1, At: abi.AttachTCXIngress})
		require.NoError(t, err)
		defer unix.Close(prog)
		defer unix.Close(link)
		k.StandIn(name, func(c *bpftest.Context) int {
			ran = append(ran, name)
			c.Data[0]++
			return []int{-1, int(c.Data[1]), 2}[i]
		})
	}
	require.Equal(t, []string{"tcx/ingress/lo"}, k.Attached())
	place := k.At("tcx/ingress/lo")
	require.Equal(t, []string{"first", "second", "third"}, place.Programs())
	require.Equal(t, []string{"tcx/ingress/lo"}, k.Prog("second").Attached())
	packet := []byte{0, 7, 0}
	require.Equal(t, 7, place.OnCPU(2).Fire(packet))
	require.Equal(t, []string{"first", "second"}, ran)
	require.EqualValues(t, 2, packet[0])
	require.Equal(t, -1, place.Fire([]byte{0, 9}), "not a verdict")
	said := record(t, func(t testing.TB) { k.For(t).At("xdp/lo") })
	require.Contains(t, said[0], `nothing is attached at "xdp/lo"; programs are at: "tcx/ingress/lo"`)
}

func TestFireAtARawTracepoint(t *testing.T) {
	k := bpftest.Kernel(t)
	prog := load(t, "switched", abi.ProgRawTracepoint)
	defer unix.Close(prog)
	link, err := bpf(bpfsys.RawTracepointOpen{Name: path("sched_switch"), ProgFD: int32(prog), Cookie: 5})
	require.NoError(t, err)
	defer unix.Close(link)
	said := record(t, func(t testing.TB) { k.For(t).At("raw_tp/sched_switch").Fire([]byte{1}) })
	require.Contains(t, said[0], `nothing stands for program "switched", which is attached there`)
	k.StandIn("switched", func(c *bpftest.Context) int { return int(c.Ctx[0]) })
	require.Equal(t, 9, k.At("raw_tracepoint/sched_switch").Fire([]byte{9}))
}

// Nil is an empty context or packet.
func TestFireNil(t *testing.T) {
	k := bpftest.Kernel(t)
	defer unix.Close(load(t, "alone", abi.ProgTracepoint))
	k.StandIn("alone", func(c *bpftest.Context) int { return 5 + len(c.Ctx) })
	require.Equal(t, 5, k.Prog("alone").Fire(nil))
}

func TestFireWhatPanics(t *testing.T) {
	k := bpftest.Kernel(t)
	defer unix.Close(load(t, "alone", abi.ProgTracepoint))
	said := record(t, func(t testing.TB) {
		k.For(t).StandIn("alone", func(*bpftest.Context) int { panic("oh") })
		k.For(t).Prog("alone").Fire(nil)
	})
	require.Contains(t, said[0], `bpftest: what stands for program "alone" panicked: oh`)
}

func TestWrongArguments(t *testing.T) {
	k := bpftest.Kernel(t)
	require.Contains(t, record(t, func(t testing.TB) { k.For(t).Map("flows") })[0], `there are: none`)
	defer unix.Close(create(t, "flows", abi.Hash))
	m := k.Map("flows")
	require.ErrorContains(t, m.Put(uint32(1), nil), `update map "flows": value: <nil> has 0 bytes, the map wants 8`)
	require.ErrorContains(t, m.Put(nil, uint64(1)), `update map "flows": key: <nil> has 0 bytes, the map wants 4`)
	require.ErrorContains(t, m.Put(1, 1), `update map "flows": key: int is not of the same size everywhere: use uint32`)
	err := m.Output(nil, 0)
	require.ErrorIs(t, err, unix.Errno(abi.ENOTSUPP))
	require.ErrorContains(t, err, "a program cannot do this with a map of type HASH")
}

func TestStandInForNobody(t *testing.T) {
	k := bpftest.Kernel(t)
	defer unix.Close(load(t, "alone", abi.ProgTracepoint))
	said := record(t, func(t testing.TB) { k.For(t).StandIn("alnoe", func(*bpftest.Context) int { return 0 }) })
	require.Equal(t, []string{`bpftest: a function stands for program "alnoe", which was never loaded: loaded were: "alone"`}, said)
}
