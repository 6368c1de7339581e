package bpfsys

import (
	"encoding/binary"
	"sync"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// thread is another caller of the same process: its own task and arena, shared files and kernel.
func thread(d *desk, cpu int) *desk {
	arena := NewArena()
	process := *d.Process
	process.Mem = arena
	c := &Caller{
		Kernel: d.Kernel, Task: &maps.Task{CPU: cpu}, Process: &process, Arena: arena, attr: arena.Alloc(abi.AttrSize),
	}
	return &desk{Caller: c, t: d.t, fd: d.fd, key: arena.Alloc(4), val: arena.Alloc(8)}
}

// run starts n threads and waits for them.
func runThreads(d *desk, n int, body func(cpu int, d *desk)) {
	var wg sync.WaitGroup
	for cpu := range n {
		th := thread(d, cpu)
		wg.Go(func() { body(cpu, th) })
	}
	wg.Wait()
}

const (
	threads = 4
	rounds  = 200
)

// Every thread owns one key and must always find there what it wrote last.
func TestThreadsOnOneMap(t *testing.T) {
	for _, typ := range []abi.MapType{abi.Hash, abi.Array} {
		t.Run(typ.String(), func(t *testing.T) {
			d := newDesk(t, typ, 0)
			if typ == abi.Hash {
				d.must(MapDeleteElem{FD: d.fd, Key: d.key})
				d.must(MapDeleteElem{FD: d.fd, Key: d.Arena.Put(le32(0))})
			}
			bad := make(chan uint64, threads*rounds)
			runThreads(d, threads, func(cpu int, d *desk) {
				d.Arena.Write(d.key, le32(uint32(cpu)))
				for i := range uint64(rounds) {
					binary.LittleEndian.PutUint64(d.Arena.Bytes(d.val, 8), i)
					_, updated := d.Do(MapUpdateElem{FD: d.fd, Key: d.key, Value: d.val})
					clear(d.Arena.Bytes(d.val, 8))
					_, found := d.Do(MapLookupElem{FD: d.fd, Key: d.key, Value: d.val})
					if updated != abi.OK || found != abi.OK || binary.LittleEndian.Uint64(d.Arena.Bytes(d.val, 8)) != i {
						bad <- i
					}
				}
			})
			require.Empty(t, bad)
		})
	}
}

// What the threads pop is what they pushed.
func TestThreadsOnOneQueue(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	fd := d.must(MapCreate{Type: abi.Queue, ValueSize: 8, MaxEntries: threads * rounds})
	popped := make([]uint64, threads)
	runThreads(d, threads, func(cpu int, d *desk) {
		for i := range uint64(rounds) {
			binary.LittleEndian.PutUint64(d.Arena.Bytes(d.val, 8), i)
			d.Do(MapUpdateElem{FD: fd, Value: d.val})
			if _, errno := d.Do(MapLookupAndDeleteElem{FD: fd, Value: d.val}); errno == abi.OK {
				popped[cpu] += binary.LittleEndian.Uint64(d.Arena.Bytes(d.val, 8))
			}
		}
	})
	sum := uint64(0)
	for _, n := range popped {
		sum += n
	}
	require.Equal(t, uint64(threads*rounds*(rounds-1)/2), sum)
	d.want(abi.ENOENT, MapLookupElem{FD: fd, Value: d.val})
}

// Maps come and go on every thread; none is left over and no id is given out twice at a time.
func TestThreadsMakeAndCloseMaps(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	runThreads(d, threads, func(_ int, d *desk) {
		for range rounds {
			fd, errno := d.Do(validCreate())
			if errno != abi.OK {
				continue
			}
			d.Do(MapGetNextID{StartID: 1})
			if other, errno := d.Do(MapGetFDByID{ID: d.Attr().fields().u32(abi.IDNext)}); errno == abi.OK {
				d.Do(MapUpdateElem{FD: other, Key: d.key, Value: d.val})
				d.Process.Files.(*FDTable).Close(other)
			}
			d.Process.Files.(*FDTable).Close(fd)
		}
	})
	require.Equal(t, []uint32{1}, ids(d.Kernel))
}

// Calls that are in progress when the last fd is closed end as if it were open, and then the map is gone.
func TestCloseDuringCalls(t *testing.T) {
	for range 100 {
		d := newDesk(t, abi.Hash, 0)
		var group sync.WaitGroup
		for cpu := range 3 {
			caller := thread(d, cpu)
			group.Go(func() {
				for errno := abi.OK; errno != abi.EBADF; {
					_, errno = caller.Do(MapUpdateElem{FD: d.fd, Key: caller.key, Value: caller.val})
				}
			})
		}
		d.Process.Files.(*FDTable).CloseAll()
		group.Wait()
		require.Empty(t, d.Kernel.Maps())
	}
}

// closer is a machine on which another task closes every fd whenever a call touches user memory.
type closer struct{ *desk }

func (c closer) Step(_ *maps.Task, at maps.Point) {
	if at == maps.PointUser {
		c.Process.Files.(*FDTable).CloseAll()
	}
}

func (closer) Lock(*maps.Task, *maps.Lock)   {}
func (closer) Touch(*maps.Task, maps.Access) {}

// On a machine, where others can look in the middle of a call, a call keeps what its fd stood for when it began.
func TestScheduledCallHoldsItsFile(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	file, _ := d.Process.Files.Get(d.fd)
	c := call{task: &maps.Task{Scheduler: closer{d}}, proc: d.Process, arena: &nothing}
	held, errno := c.use(d.fd, reading)
	require.Equal(t, abi.OK, errno)
	_, errno = c.userKey(held.m, d.key)
	require.Equal(t, abi.OK, errno)
	require.Equal(t, []*Map{file.m}, d.Kernel.Maps())
	c.done(held, reading)
	require.Empty(t, d.Kernel.Maps())
	_, errno = c.use(d.fd, reading)
	require.Equal(t, abi.EBADF, errno)
}
