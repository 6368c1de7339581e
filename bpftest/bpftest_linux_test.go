//go:build linux && (amd64 || arm64)

package bpftest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/bpftest"
	"github.com/bpfsim/bpfsim/fault"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { bpftest.Main(m, bpftest.CPUs(4)) }

// create makes a map of two entries, of the LRU types 64, with keys of 4 and values of 8 bytes.
func create(t testing.TB, name string, kind abi.MapType) int {
	t.Helper()
	spec := bpfsys.MapCreate{Type: kind, KeySize: 4, ValueSize: 8, MaxEntries: 2, Name: bpfsys.NameOf(name)}
	if kind == abi.LRUHash || kind == abi.LRUPerCPUHash {
		spec.MaxEntries = 64 // with fewer an update may evict the key that it is for
	}
	if kind == abi.Queue || kind == abi.BloomFilter {
		spec.KeySize = 0
	}
	fd, err := bpf(spec)
	require.NoError(t, err)
	return fd
}

// recorder is a test that notes what is said of it, in the place of the real one.
type recorder struct {
	testing.TB
	said     []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); runtime.Goexit() }
func (r *recorder) Fatal(args ...any)                 { r.Fatalf("%s", fmt.Sprint(args...)) }

// record runs a test with its cleanups and returns what was said of it.
func (r *recorder) Failed() bool { return len(r.said) > 0 }

func record(t *testing.T, test func(testing.TB)) []string { return recordOf(t, test) }

func recordOf(t testing.TB, test func(testing.TB)) []string {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for i := range r.cleanups {
				r.cleanups[len(r.cleanups)-1-i]()
			}
		}()
		test(r)
	}()
	<-done
	return r.said
}

func TestHelpers(t *testing.T) {
	k := bpftest.Kernel(t)
	fd := create(t, "flows", abi.Hash)
	defer unix.Close(fd)
	m := k.Map("flows")
	require.NoError(t, m.Put(uint32(1), uint64(10)))
	require.ErrorIs(t, m.Update(uint32(1), uint64(11), uint64(abi.NoExist)), unix.EEXIST)
	require.ErrorIs(t, m.Update(uint32(2), uint64(11), uint64(abi.Exist)), unix.ENOENT)

	key, value := new(uint64), new(uint64)
	*key = 1
	_, err := bpf(bpfsys.MapLookupElem{FD: int32(fd), Key: pointer(key), Value: pointer(value)})
	require.NoError(t, err)
	require.EqualValues(t, 10, *value, "what the program wrote, read through the fd")

	var bytes []byte
	require.NoError(t, m.Lookup([]byte{1, 0, 0, 0}, &bytes))
	require.Equal(t, []byte{10, 0, 0, 0, 0, 0, 0, 0}, bytes)
	require.NoError(t, m.Delete(uint32(1)))
	require.ErrorIs(t, m.Delete(uint32(1)), syscall.ENOENT)
	require.ErrorIs(t, m.Push(uint64(1), 0), syscall.Errno(abi.ENOTSUPP))
	require.EqualError(t, m.Delete(uint32(1)), `delete key of map "flows": no such file or directory`)
}

// A test binary that a test starts shares that test's kernel, and hears so when it wants one.
func TestKernelInAChild(t *testing.T) {
	const childName = "BPFTEST_WANTS_A_KERNEL"
	bpftest.Kernel(t, bpftest.AllowLeaks())
	if os.Getenv(childName) != "" {
		return
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestKernelInAChild$")
	cmd.Env = append(os.Environ(), childName+"=1")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "call Kernel in the test that starts it, or run bpfsim test")
}

func TestQueueAndFilter(t *testing.T) {
	k := bpftest.Kernel(t)
	for _, fd := range []int{create(t, "queue", abi.Queue), create(t, "filter", abi.BloomFilter)} {
		defer unix.Close(fd)
	}
	q, f := k.Map("queue"), k.Map("filter")
	require.NoError(t, q.Push(uint64(1), 0))
	require.NoError(t, q.Push(uint64(2), 0))
	require.ErrorIs(t, q.Push(uint64(3), 0), unix.E2BIG)
	var value uint64
	require.NoError(t, q.Peek(&value))
	require.EqualValues(t, 1, value)
	require.NoError(t, q.Pop(&value))
	require.NoError(t, q.Pop(&value))
	require.EqualValues(t, 2, value)
	require.ErrorIs(t, q.Pop(&value), unix.ENOENT)

	require.ErrorIs(t, f.Contains(uint64(7)), unix.ENOENT)
	require.NoError(t, f.Push(uint64(7), 0))
	require.NoError(t, f.Contains(uint64(7)))
}

// A full ring buffer loses what comes; no other map takes records.
func TestOutput(t *testing.T) {
	k := bpftest.Kernel(t)
	fd, err := bpf(bpfsys.MapCreate{Type: abi.RingBuf, MaxEntries: 4096, Name: bpfsys.NameOf("ring")})
	require.NoError(t, err)
	defer unix.Close(fd)
	defer unix.Close(create(t, "hash", abi.Hash))
	ring := k.Map("ring")
	require.NoError(t, ring.Output([]byte("a record of any size"), 0))
	require.NoError(t, ring.Output(make([]byte, 2048), abi.RingNoWakeup))
	require.ErrorIs(t, ring.Output(make([]byte, 2048), 0), unix.EAGAIN)
	require.ErrorIs(t, ring.Output(uint64(1), 1<<9), unix.EINVAL)
	require.ErrorContains(t, ring.Output("no bytes", 0), "record")
	require.ErrorIs(t, k.Map("hash").Output(uint64(1), 0), syscall.Errno(abi.ENOTSUPP))
}

func TestPerCPU(t *testing.T) {
	k := bpftest.Kernel(t)
	for name, kind := range map[string]abi.MapType{"array": abi.PerCPUArray, "hash": abi.PerCPUHash, "lru": abi.LRUPerCPUHash} {
		fd := create(t, name, kind)
		defer unix.Close(fd)
		m := k.Map(name)
		for cpu := range 4 {
			require.NoError(t, m.OnCPU(cpu).Put(uint32(0), uint64(100+cpu)), name)
		}
		for cpu := range 4 {
			var value uint64
			require.NoError(t, m.OnCPU(cpu).Lookup(uint32(0), &value), name)
			require.EqualValues(t, 100+cpu, value, name)
		}
		said := record(t, func(t testing.TB) { k.For(t).Map(name).OnCPU(4) })
		require.Equal(t, []string{`bpftest: CPU 4 of map "` + name + `": there are 4`}, said)
	}
}

// A program's lookup is a use, which bpf(2)'s is not: key 0 is evicted unless a program looks at it.
func TestLookupMarksLRU(t *testing.T) {
	evicted := func(lookAt uint32) (n int) {
		require.Empty(t, record(t, func(t testing.TB) {
			k := bpftest.Kernel(t)
			fd := create(t, "lru", abi.LRUHash)
			defer unix.Close(fd)
			key, value := new(uint64), new(uint64)
			for m := k.Map("lru"); n < 500; n++ {
				require.NoError(t, m.Put(uint32(n), uint64(n)))
				_ = m.Lookup(lookAt, value)
				if _, err := bpf(bpfsys.MapLookupElem{FD: int32(fd), Key: pointer(key), Value: pointer(value)}); err != nil {
					return
				}
			}
		}))
		return n
	}
	require.Less(t, evicted(1), 200)
	require.Equal(t, 500, evicted(0))
}

func TestLeaksFailATest(t *testing.T) {
	var fd int
	said := record(t, func(t testing.TB) {
		bpftest.Kernel(t)
		fd = create(t, "leaked", abi.Hash)
		_, err := bpf(bpfsys.ObjPin{Pathname: path("/sys/fs/bpf/kept"), FD: int32(fd)})
		if err != nil {
			t.Errorf("%v", err)
		}
	})
	require.Len(t, said, 2)
	require.Equal(t, filepath.Join(os.Getenv("BPFSIM_BPFFS"), "kept")+" is still pinned", strings.TrimPrefix(said[0], "bpftest: "))
	require.Regexp(t, `^bpftest: map "leaked" \(HASH, id \d+\), made at \S+/client_unsafe_test.go:\d+, was not closed`, said[1])
	require.NoFileExists(t, filepath.Join(os.Getenv("BPFSIM_BPFFS"), "kept"), "the next test finds nothing of it")
	require.NoError(t, unix.Close(fd))

	require.Empty(t, record(t, func(t testing.TB) {
		bpftest.Kernel(t)
		_ = unix.Close(create(t, "closed", abi.Hash))
	}))
	require.Empty(t, record(t, func(t testing.TB) {
		bpftest.Kernel(t, bpftest.AllowLeaks())
		fd = create(t, "leaked", abi.Hash)
	}))
	_ = unix.Close(fd)
}

func TestEachKernelIsNew(t *testing.T) {
	for range 2 {
		require.Empty(t, record(t, func(t testing.TB) {
			k := bpftest.Kernel(t)
			fd := create(t, "one", abi.Hash)
			defer unix.Close(fd)
			if id := k.Map("one").ID(); id != 1 {
				t.Errorf("the first map has id %d", id)
			}
		}))
	}
}

// The order of a walk repeats with the seed, and is another with another one.
func TestSeed(t *testing.T) {
	walk := func(options ...bpftest.KernelOption) (keys []uint64) {
		require.Empty(t, record(t, func(t testing.TB) {
			bpftest.Kernel(t, options...)
			fd, err := bpf(bpfsys.MapCreate{Type: abi.Hash, KeySize: 8, ValueSize: 8, MaxEntries: 64})
			require.NoError(t, err)
			defer unix.Close(fd)
			key, next, value := new(uint64), new(uint64), new(uint64)
			for range 32 {
				*key++
				_, err := bpf(bpfsys.MapUpdateElem{FD: int32(fd), Key: pointer(key), Value: pointer(value)})
				require.NoError(t, err)
			}
			for *key = 0; ; *key = *next {
				if _, err := bpf(bpfsys.MapGetNextKey{FD: int32(fd), Key: pointer(key), NextKey: pointer(next)}); err != nil {
					return
				}
				keys = append(keys, *next)
			}
		}))
		return keys
	}
	first := walk()
	require.Len(t, first, 32)
	require.Equal(t, first, walk(bpftest.Seed(0)))
	require.Equal(t, walk(bpftest.Seed(7)), walk(bpftest.Seed(7)))
	require.NotEqual(t, first, walk(bpftest.Seed(7)))
}

func TestOneKernelAtATime(t *testing.T) {
	bpftest.Kernel(t)
	require.Contains(t, record(t, func(t testing.TB) { bpftest.Kernel(t) })[0], "TestOneKernelAtATime has a kernel now")
}

// On the notified road all tests have the same way to their kernels, each in its turn.
func TestHandleOfAnEndedTest(t *testing.T) {
	var k *bpftest.Handle
	var m *bpftest.Map
	record(t, func(t testing.TB) {
		k = bpftest.Kernel(t)
		defer unix.Close(create(t, "flows", abi.Hash))
		m = k.Map("flows")
	})
	bpftest.Kernel(t)
	defer unix.Close(create(t, "flows", abi.Hash))
	const ended = " has ended, and this handle with it: call bpftest.Kernel in each test"
	require.ErrorContains(t, m.Put(uint32(1), uint64(2)), ended)
	for _, use := range []func(){
		func() { k.Map("flows") },
		func() { k.Prog("count") },
		func() { k.Trace() },
		func() { k.StandIn("count", func(*bpftest.Context) int { return 0 }) },
		func() { k.Fail(fault.Rule{Cmd: abi.MapUpdateElem, Errno: abi.EPERM}) },
	} {
		said := func() (said any) {
			defer func() { said = recover() }()
			use()
			return nil
		}()
		require.Contains(t, said, ended)
	}
}

func TestMapIsFoundByName(t *testing.T) {
	k := bpftest.Kernel(t)
	first := create(t, "twice", abi.Hash)
	defer unix.Close(first)
	require.Contains(t, record(t, func(t testing.TB) { k.For(t).Map("absent") })[0], `no map is named "absent"; there are: "twice"`)
	second := create(t, "twice", abi.Hash)
	require.Contains(t, record(t, func(t testing.TB) { k.For(t).Map("twice") })[0], `two maps are named "twice", ids 1 and 2`)
	require.NoError(t, unix.Close(second))
	require.EqualValues(t, 1, k.Map("twice").ID())
}

func TestWrongSizes(t *testing.T) {
	k := bpftest.Kernel(t)
	fd := create(t, "flows", abi.Hash)
	m := k.Map("flows")
	require.EqualError(t, m.Put(uint64(1), uint64(1)), `update map "flows": key: uint64 has 8 bytes, the map wants 4`)
	require.EqualError(t, m.Put(uint32(1), []byte{1}), `update map "flows": value: []uint8 has 1 bytes, the map wants 8`)
	require.ErrorContains(t, m.Put(1, uint64(1)), "key: int is not of the same size everywhere")
	require.NoError(t, m.Put(uint32(1), uint64(1)))
	require.ErrorContains(t, m.Lookup(uint32(1), new(uint16)), "uint16 takes 2 bytes, the map has 8")
	require.ErrorContains(t, m.Lookup(nil, new(uint64)), "key: <nil> has 0 bytes, the map wants 4")
	require.NoError(t, unix.Close(fd))
}

func TestFaults(t *testing.T) {
	k := bpftest.Kernel(t)
	fd := create(t, "flows", abi.Hash)
	defer unix.Close(fd)
	freeze := func() error { _, err := bpf(bpfsys.MapFreeze{FD: int32(fd)}); return err }
	f := k.Fail(fault.Rule{Cmd: abi.MapFreeze, Name: "flows", Errno: abi.EINTR})
	require.ErrorIs(t, freeze(), unix.EINTR)
	require.ErrorIs(t, freeze(), unix.EINTR)
	require.EqualValues(t, 2, f.Hits())
	f.End()
	require.NoError(t, freeze())

	said := record(t, func(t testing.TB) { k.For(t).Fail(fault.Rule{Cmd: abi.MapFreeze, Name: "other", Errno: abi.EINTR}) })
	require.Contains(t, said[0], `the fault freeze@other=EINTR`)
	require.Contains(t, said[0], `never happened: maps and programs were: "flows"`)
	require.Empty(t, record(t, func(t testing.TB) {
		k.For(t).Fail(fault.Rule{Cmd: abi.MapFreeze, Name: "other", Share: 0.5, Errno: abi.EINTR})
	}), "chance may have it that nothing happens")
	said = record(t, func(t testing.TB) { k.For(t).Fail(fault.Rule{Cmd: abi.MapFreeze}) })
	require.Contains(t, said[0], "OK without a delay changes nothing: give it an Errno or a Delay")
}
