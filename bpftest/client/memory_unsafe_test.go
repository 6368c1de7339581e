package client

import (
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// at is a pointer to wherever a number says.
func at(addr uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) }

// Addresses at which there is nothing: a low one, the first behind user space, one that no processor takes for an address, and the last.
var nowhere = []uintptr{8, 1<<47 - 4096, 1 << 47, 1 << 62, 1<<64 - 4096, 1<<64 - 1}

func TestBadAddresses(t *testing.T) {
	m := flows(t, 10)
	key, value := new(uint32), new(uint64)
	for _, addr := range nowhere {
		require.ErrorIs(t, m.Lookup(at(addr), unsafe.Pointer(value)), unix.EFAULT, "key at %#x", addr)
		require.ErrorIs(t, m.Lookup(unsafe.Pointer(key), at(addr)), unix.EFAULT, "value at %#x", addr)
		require.ErrorIs(t, m.Update(unsafe.Pointer(key), at(addr), 0), unix.EFAULT, "value at %#x", addr)
		require.ErrorIs(t, m.NextKey(nil, at(addr)), unix.EFAULT, "next key at %#x", addr)
	}
	require.NoError(t, m.Lookup(key, value))
	require.Zero(t, *value)
}

// pages are two pages of which the second one cannot be accessed, and a slice up to the border.
func pages(t *testing.T, before int) unsafe.Pointer {
	t.Helper()
	size := unix.Getpagesize()
	mem, err := unix.Mmap(-1, 0, 2*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Munmap(mem) })
	require.NoError(t, unix.Mprotect(mem[size:], unix.PROT_NONE))
	return unsafe.Pointer(&mem[size-before])
}

// What comes before a fault is written, as on Linux.
func TestFaultHalfWay(t *testing.T) {
	m := newMap(t, ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 64, MaxEntries: 1})
	value := make([]byte, 64)
	for i := range value {
		value[i] = byte(i + 1)
	}
	require.NoError(t, m.Put(uint32(1), value))
	for _, room := range []int{0, 1, 7, 8, 33, 63} {
		to := pages(t, room)
		require.ErrorIs(t, m.Lookup(uint32(1), to), unix.EFAULT)
		require.Equal(t, value[:room], unsafe.Slice((*byte)(to), room), "%d bytes of room", room)
	}
	require.NoError(t, m.Lookup(uint32(1), pages(t, 64)))
	require.ErrorIs(t, m.Update(pages(t, 3), pages(t, 64), 0), unix.EFAULT)
}

// deep uses so much stack that it has to grow, calls f, and gives it back.
func deep(depth int, f func()) {
	var room [256]byte
	if depth > 0 {
		deep(depth-1, f)
	} else {
		f()
	}
	runtime.KeepAlive(&room)
}

// The attr lies on the stack of the goroutine that calls, which moves while it grows and while the collector shrinks it.
func TestMovingStacks(t *testing.T) {
	m := flows(t, 100)
	rounds := 300
	if testing.Short() {
		rounds = 50
	}
	stop := make(chan struct{})
	var collecting, callers sync.WaitGroup
	collecting.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	})
	for g := range 16 {
		callers.Go(func() {
			for i := 0; i < rounds && !t.Failed(); i++ {
				deep((i*7+g)%200, func() { walk(t, m, uint32(g)) })
			}
		})
	}
	callers.Wait()
	close(stop)
	collecting.Wait()
}

// walk makes calls whose results come by the attr and by memory of all kinds.
func walk(t *testing.T, m *ebpf.Map, key uint32) {
	var value uint64
	if err := m.Lookup(&key, &value); err != nil || value != uint64(10*key) {
		t.Errorf("lookup of %d: %d, %v", key, value, err)
	}
	if err := m.Update(&key, &value, ebpf.UpdateExist); err != nil {
		t.Errorf("update: %v", err)
	}
	var cursor ebpf.MapBatchCursor
	keys, values := make([]uint32, 40), make([]uint64, 40)
	n, err := m.BatchLookup(&cursor, keys, values, nil)
	if err != nil || n < 1 || n > 40 { // the count is written into the attr
		t.Errorf("batch: %d, %v", n, err)
	}
	for i, k := range keys[:min(max(n, 0), 40)] {
		if values[i] != uint64(10*k) {
			t.Errorf("batch: %d has %d", k, values[i])
		}
	}
}
