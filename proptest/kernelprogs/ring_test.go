package kernelprogs_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// rings is a ring buffer on Linux, mapped and waited for as a process does it, and the same one here.
type rings struct {
	t     *testing.T
	linux *ebpf.Map
	cons  []byte // pages on Linux: the consumer's, and the producer's with the data twice
	prod  []byte
	queue int

	ours   maps.Map
	memory []atomic.Uint64
	bytes  []byte // the same
	wakes  int
}

func newRings(t *testing.T, typ abi.MapType, size int) *rings {
	t.Helper()
	r := &rings{t: t}
	var err error
	r.linux, err = ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.MapType(typ), MaxEntries: uint32(size)})
	require.NoError(t, err)
	t.Cleanup(func() { r.linux.Close() })
	r.cons, r.prod = r.mmap(0, page, typ == abi.RingBuf), r.mmap(page, page+2*size, typ == abi.UserRingBuf)
	r.queue, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(r.queue) })
	require.NoError(t, unix.EpollCtl(r.queue, unix.EPOLL_CTL_ADD, r.linux.FD(),
		&unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLET}))
	spec := maps.Spec{Type: typ, MaxEntries: uint32(size), CPUs: 1}
	words, errno := maps.MappableWords(spec)
	require.Equal(t, abi.OK, errno)
	r.memory = make([]atomic.Uint64, words)
	r.bytes = bytesOf(r.memory)
	r.ours = maps.NewMappable(spec, r.memory)
	r.ours.(maps.Waited).OnWake(func() { r.wakes++ })
	r.woken("a new ring")
	return r
}

const page = 4096

func (r *rings) mmap(offset int64, length int, write bool) []byte {
	prot := unix.PROT_READ
	if write {
		prot |= unix.PROT_WRITE
	}
	memory, err := unix.Mmap(r.linux.FD(), offset, length, prot, unix.MAP_SHARED)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { require.NoError(r.t, unix.Munmap(memory)) })
	return memory
}

// position is one that both have.
func (r *rings) position(at int) uint64 {
	linux := binary.LittleEndian.Uint64(r.all(at))
	require.Equal(r.t, linux, r.memory[at/8].Load())
	return linux
}

// all is Linux's memory from a place in a mapping of everything on.
func (r *rings) all(at int) []byte {
	if at < page {
		return r.cons[at:]
	}
	return r.prod[at-page:]
}

// write sets bytes on both, through the memory of the process.
func (r *rings) write(at int, p []byte) {
	copy(r.all(at), p)
	copy(r.bytes[at:], p)
}

func (r *rings) writeWord(at int, v uint64) { r.write(at, binary.LittleEndian.AppendUint64(nil, v)) }

// same requires all pages to be the same.
func (r *rings) same(what string) {
	r.t.Helper()
	require.Equal(r.t, r.cons, r.bytes[:page], what)
	require.Equal(r.t, r.prod, r.bytes[page:], what)
}

// woken requires both to have woken up who waits, or neither, and to be ready or not.
func (r *rings) woken(what string) {
	r.t.Helper()
	waited := r.ours.(maps.Waited)
	events := make([]unix.EpollEvent, 1)
	n, err := unix.EpollWait(r.queue, events, 0)
	require.NoError(r.t, err)
	poll := []unix.PollFd{{Fd: int32(r.linux.FD()), Events: int16(abi.PollIn | abi.PollOut)}}
	_, err = unix.Poll(poll, 0)
	require.NoError(r.t, err)
	require.Equal(r.t, poll[0].Revents == int16(waited.Polls()), waited.Ready(), "%s: ready", what)
	if what != "a new ring" { // where an epoll instance is ready at once
		require.Equal(r.t, n == 1, r.wakes > 0 && waited.Ready(), "%s: woken", what)
	}
	r.wakes = 0
}

// Programs reserve, submit, discard and put out records of a ring whose consumer keeps up, does not, and lies.
func TestRingBufLikePrograms(t *testing.T) {
	requireRoot(t)
	for seed := range uint64(programs(t)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 12))
			r := newRings(t, abi.RingBuf, page<<random.IntN(2))
			for step := range 25 {
				r.consume(random)
				ops := drawRingOps(random, r.linux.MaxEntries())
				want := r.runRingOps(ops)
				require.Equal(t, want, r.doRingOps(ops), "step %d: %v", step, ops)
				r.same(fmt.Sprintf("step %d: %v", step, ops))
				r.woken(fmt.Sprintf("step %d: %v", step, ops))
			}
		})
	}
}

// consume moves the consumer's position: to the end, over a record, or to where it has nothing to do.
func (r *rings) consume(random *rand.Rand) {
	const consumer, producer = 0, page
	cons, prod := r.position(consumer), r.position(producer)
	switch random.IntN(8) {
	case 0, 1, 2:
		r.writeWord(consumer, prod)
	case 3, 4:
		if cons < prod && cons%8 == 0 && prod-cons <= uint64(r.linux.MaxEntries()) {
			header := binary.LittleEndian.Uint32(r.all(2*page + int(cons)%int(r.linux.MaxEntries())))
			r.writeWord(consumer, cons+uint64(header&^(abi.RingBusy|abi.RingDiscard)+abi.RingHeader+7)&^7)
		}
	case 5:
		if random.IntN(4) == 0 {
			lies := []uint64{prod + 8, prod + uint64(r.linux.MaxEntries()), prod - 1, 0, ^uint64(0), random.Uint64(), prod + 1<<32}
			r.writeWord(consumer, lies[random.IntN(len(lies))])
		}
	}
}

func requireRoot(t *testing.T) {
	t.Helper()
	if unix.Geteuid() != 0 {
		t.Skip("needs root for bpf(2)")
	}
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
}

func programs(t *testing.T) int {
	t.Helper()
	if testing.Short() {
		return 8
	}
	return 60
}
