//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// ringing are the scenarios of rings.
var ringing = map[string]func(client){
	"ringReader": ringReader, "ringProducer": ringProducer, "ringWaits": ringWaits, "ringKilled": ringKilled,
	"ringSilent": ringSilent, "ringMaps": ringMaps, "ringPolled": ringPolled,
}

const (
	ringSize    = 8192
	ringRecords = 20_000
	page        = 4096
	someData    = uint32(abi.PollIn)
	someRoom    = uint32(abi.PollOut)
)

// playKernel runs a scenario while the test plays the kernel's side of the map "ring" that it makes.
func playKernel(t *testing.T, scenario string, play func(*bpfsys.Map)) {
	o := options()
	var playing sync.WaitGroup
	stop := make(chan struct{})
	playing.Go(func() {
		for {
			if m := o.Kernel.HoldNamed("ring"); m != nil {
				play(m)
				m.Release()
				return
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	runScenario(t, scenario, o)
	close(stop)
	playing.Wait()
	require.Empty(t, o.Kernel.Maps())
}

func (c client) ring(typ abi.MapType) int {
	return c.check(bpf(bpfsys.MapCreate{Type: typ, MaxEntries: ringSize, Name: bpfsys.NameOf("ring")}))
}

// mapRing maps both parts of a ring as libbpf does.
func (c client) mapRing(fd int, consProt, prodProt int) (cons, prod []byte) {
	cons, err := unix.Mmap(fd, 0, page, consProt, shared)
	require.NoError(c, err)
	prod, err = unix.Mmap(fd, page, page+2*ringSize, prodProt, shared)
	require.NoError(c, err)
	return cons, prod
}

// wait is epoll_wait for one event, 0 when there was none.
func (c client) wait(queue, milliseconds int) uint32 {
	events := make([]unix.EpollEvent, 4)
	for {
		n, err := unix.EpollWait(queue, events, milliseconds)
		if err == unix.EINTR {
			continue
		}
		require.NoError(c, err)
		if n == 0 {
			return 0
		}
		return events[0].Events
	}
}

// queue is an epoll instance that waits for events of fd.
func (c client) queue(fd int, events uint32) int {
	queue, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	require.NoError(c, err)
	require.NoError(c, unix.EpollCtl(queue, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events}))
	return queue
}

// record number i has 8 to 107 bytes.
func record(i int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(i))
	for n := i % 100; n > 0; n-- {
		data = append(data, byte(i+n))
	}
	return data
}

// A reader that waits before each few records gets all of them, in order.
func TestRingReader(t *testing.T) {
	playKernel(t, "ringReader", func(m *bpfsys.Map) {
		ring, task := m.Elements().(maps.Ring), new(maps.Task)
		for i := range ringRecords {
			for ring.Output(task, record(i), 0) == abi.EAGAIN {
				time.Sleep(10 * time.Microsecond)
			}
		}
	})
}

func ringReader(c client) {
	fd := c.ring(abi.RingBuf)
	cons, prod := c.mapRing(fd, protRW, protR)
	queue := c.queue(fd, unix.EPOLLIN)
	next := 0
	for next < ringRecords {
		require.EqualValues(c, unix.EPOLLIN, c.wait(queue, -1))
		for some := 1 + next%7; some > 0 && next < ringRecords; some-- {
			data := c.readRecord(cons, prod)
			if data == nil {
				break
			}
			require.Equal(c, record(next), data)
			next++
		}
	}
	require.Zero(c, c.wait(queue, 0), "everything is consumed")
}

// readRecord is the next record, nil when there is none.
func (c client) readRecord(cons, prod []byte) []byte {
	at := word(cons, 0).Load()
	if at == word(prod, 0).Load() {
		return nil
	}
	data := prod[page+at%ringSize:]
	header := word(data, 0).Load()
	if header&abi.RingBusy != 0 {
		return nil
	}
	length := uint32(header)
	data = bytes.Clone(data[abi.RingHeader:][:length])
	word(cons, 0).Store(at + uint64(length+abi.RingHeader+7)&^7)
	return data
}

// What a process produces arrives in order, across the end of the data, and it is woken up when there is room again.
func TestRingProducer(t *testing.T) {
	playKernel(t, "ringProducer", func(m *bpfsys.Map) {
		ring, task := m.Elements().(maps.UserRing), new(maps.Task)
		for next := 0; next < ringRecords; {
			n, errno := ring.Drain(task, func(sample []byte) bool {
				require.Equal(t, record(next), sample)
				next++
				return next%50 == 0
			}, 0)
			require.Equal(t, abi.OK, errno)
			if n == 0 {
				time.Sleep(10 * time.Microsecond)
			}
		}
	})
}

func ringProducer(c client) {
	fd := c.ring(abi.UserRingBuf)
	cons, prod := c.mapRing(fd, protR, protRW)
	queue := c.queue(fd, unix.EPOLLOUT)
	for i := range ringRecords {
		data, at := record(i), word(prod, 0).Load()
		total := uint64(len(data)+abi.RingHeader+7) &^ 7
		for ringSize-(at-word(cons, 0).Load()) < total {
			require.EqualValues(c, unix.EPOLLOUT, c.wait(queue, -1))
		}
		place := prod[page+at%ringSize:]
		word(place, 0).Store(uint64(len(data)))
		copy(place[abi.RingHeader:], data)
		word(prod, 0).Store(at + total)
	}
	for word(cons, 0).Load() != word(prod, 0).Load() {
		time.Sleep(time.Millisecond)
	}
}

// epoll(7) of rings and other maps, call by call. The kernel's side puts a record into the ring for every one that is
// consumed.
func TestRingWaits(t *testing.T) {
	playKernel(t, "ringWaits", func(m *bpfsys.Map) {
		ring, task := m.Elements().(maps.Ring), new(maps.Task)
		for i := range 3 {
			for ring.Query(task, abi.RingConsPos) != uint64(16*i) {
				time.Sleep(time.Millisecond)
			}
			require.Equal(t, abi.OK, ring.Output(task, []byte("12345678"), 0))
		}
	})
}

func ringWaits(c client) {
	table, user := c.create(abi.Hash, 4, 1), c.check(bpf(bpfsys.MapCreate{Type: abi.UserRingBuf, MaxEntries: ringSize}))
	require.EqualValues(c, unix.EPOLLERR, c.wait(c.queue(table, someData|someRoom), 0), "a map that nobody can wait for")
	require.EqualValues(c, someRoom, c.wait(c.queue(user, someData|someRoom), 0), "an empty ring has room")

	fd := c.ring(abi.RingBuf)
	cons, prod := c.mapRing(fd, protRW, protR)
	queue := c.queue(fd, someData|someRoom)
	require.Equal(c, someData, c.wait(queue, -1))
	require.Equal(c, someData, c.wait(queue, 0), "it stays readable")
	late := c.queue(fd, someData)
	require.Equal(c, someData, c.wait(late, 0), "it was readable before")
	require.NotNil(c, c.readRecord(cons, prod))
	require.Equal(c, someData, c.wait(queue, -1), "the second record")
	edges := c.queue(fd, someData|unix.EPOLLET)
	require.Equal(c, someData, c.wait(edges, 0))
	require.Zero(c, c.wait(edges, 0), "it is told once")

	ctl := func(queue, op, fd int, event *unix.EpollEvent) error { return unix.EpollCtl(queue, op, fd, event) }
	data := &unix.EpollEvent{Events: unix.EPOLLIN}
	require.Equal(c, unix.EEXIST, ctl(queue, unix.EPOLL_CTL_ADD, fd, data))
	require.Equal(c, unix.EFAULT, ctl(queue, unix.EPOLL_CTL_MOD, fd, nil))
	require.Equal(c, unix.EBADF, ctl(-1, unix.EPOLL_CTL_ADD, fd, data))
	require.Equal(c, unix.EINVAL, ctl(0, unix.EPOLL_CTL_ADD, fd, data))
	require.Equal(c, unix.EINVAL, ctl(fd, unix.EPOLL_CTL_ADD, fd, data))
	require.Equal(c, unix.EINVAL, ctl(queue, 4, fd, data))
	require.NoError(c, ctl(queue, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: unix.EPOLLRDNORM}))
	require.EqualValues(c, unix.EPOLLRDNORM, c.wait(queue, 0))
	require.NoError(c, ctl(queue, unix.EPOLL_CTL_DEL, fd, nil))
	require.Equal(c, unix.ENOENT, ctl(queue, unix.EPOLL_CTL_DEL, fd, nil))
	require.Zero(c, c.wait(queue, 0))

	both := c.queue(fd, someData)
	twin, err := unix.Dup(fd)
	require.NoError(c, err)
	require.Equal(c, unix.ENOENT, ctl(both, unix.EPOLL_CTL_MOD, twin, data))
	require.NoError(c, ctl(both, unix.EPOLL_CTL_ADD, twin, data))
	require.Equal(c, unix.EEXIST, ctl(both, unix.EPOLL_CTL_ADD, twin, data))
	n, err := unix.EpollWait(both, make([]unix.EpollEvent, 4), 0)
	require.NoError(c, err)
	require.Equal(c, 2, n, "both fds of the ring are readable")
	require.NoError(c, ctl(both, unix.EPOLL_CTL_DEL, fd, nil))
	require.EqualValues(c, unix.EPOLLIN, c.wait(both, 0))
	require.NoError(c, ctl(both, unix.EPOLL_CTL_DEL, twin, nil))
	require.Zero(c, c.wait(both, 0))

	require.NotNil(c, c.readRecord(cons, prod))
	require.Equal(c, someData, c.wait(edges, -1), "the third record")
	require.NotNil(c, c.readRecord(cons, prod))
	require.Zero(c, c.wait(late, 0))
}

// An epoll instance that a program waits for with poll(2), which is not intercepted, ceases to be readable when the ring is
// empty.
func TestRingPolled(t *testing.T) {
	playKernel(t, "ringPolled", func(m *bpfsys.Map) {
		require.Equal(t, abi.OK, m.Elements().(maps.Ring).Output(new(maps.Task), record(3), 0))
	})
}

func ringPolled(c client) {
	fd := c.ring(abi.RingBuf)
	cons, prod := c.mapRing(fd, protRW, protR)
	readable := func(queue int) bool {
		polled := []unix.PollFd{{Fd: int32(queue), Events: unix.POLLIN}}
		_, err := unix.Poll(polled, 1)
		require.True(c, err == nil || err == unix.EINTR)
		return polled[0].Revents != 0
	}
	queue := c.queue(fd, unix.EPOLLIN)
	for !readable(queue) {
	}
	require.Equal(c, record(3), c.readRecord(cons, prod))
	for readable(queue) {
	}
}

// A ring whose reader was killed in the midst of reading fills up, and goes with its last reference.
func TestRingReaderKilled(t *testing.T) {
	playKernel(t, "ringKilled", func(m *bpfsys.Map) {
		ring, task := m.Elements().(maps.Ring), new(maps.Task)
		for i := range 10_000 {
			if ring.Output(task, record(i), 0) == abi.EAGAIN {
				time.Sleep(time.Microsecond)
			}
		}
		require.Equal(t, abi.EAGAIN, ring.Output(task, make([]byte, ringSize/2), 0))
	})
}

// ringKilled has a child read a little of the ring and kills it.
func ringKilled(c client) {
	fd := c.ring(abi.RingBuf)
	child := exec.Command("/proc/self/exe")
	child.Env = append(os.Environ(), scenarioVar+"=ringSilent")
	child.ExtraFiles = []*os.File{os.NewFile(uintptr(fd), "ring")}
	out, err := child.StdoutPipe()
	require.NoError(c, err)
	require.NoError(c, child.Start())
	var word string
	_, err = fmt.Fscan(out, &word)
	require.NoError(c, err)
	require.NoError(c, child.Process.Kill())
	require.Error(c, child.Wait())
}

func ringSilent(c client) {
	cons, prod := c.mapRing(3, protRW, protR)
	queue := c.queue(3, unix.EPOLLIN)
	for range 5 {
		c.wait(queue, -1)
		c.readRecord(cons, prod)
	}
	fmt.Println("read")
	select {}
}

// Mappings that Linux refuses; TestMayMapRings of bpfsys has all of them.
func TestRingMappings(t *testing.T) { runScenario(t, "ringMaps", options()) }

func ringMaps(c client) {
	ring, user := c.ring(abi.RingBuf), c.ring(abi.UserRingBuf)
	for _, m := range []struct {
		fd           int
		offset, size int
		prot         int
		want         unix.Errno
	}{
		{ring, 0, page, protRW, 0}, {ring, 0, 2 * page, protRW, unix.EPERM}, {ring, page, page, protRW, unix.EPERM},
		{ring, page, page + 2*ringSize, protR, 0}, {ring, page, 2*page + 2*ringSize, protR, unix.EINVAL},
		{ring, 0, 2*page + 2*ringSize, protR, 0}, {ring, 2*page + 2*ringSize, page, protR, unix.EINVAL},
		{user, 0, page, protR, 0}, {user, 0, page, protRW, unix.EPERM}, {user, page, page + 2*ringSize, protRW, 0},
		{user, page, 2*page + 2*ringSize, protRW, unix.EINVAL},
	} {
		require.Equal(c, m.want, tryMap(m.fd, int64(m.offset), m.size, m.prot, shared), "%+v", m)
	}
	cons, prod := c.mapRing(ring, protRW, protR)
	require.Equal(c, unix.EACCES, unix.Mprotect(prod, protRW))
	require.Equal(c, unix.EBUSY, c.freeze(ring))
	require.NoError(c, unix.Munmap(cons))
	require.Zero(c, c.freeze(ring))
	require.Equal(c, unix.EPERM, tryMap(ring, 0, page, protRW, shared))
	require.Zero(c, tryMap(ring, 0, page, protR, shared))
}
