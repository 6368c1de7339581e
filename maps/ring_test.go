package maps_test

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

const ringSize = 4096

// ringOf makes a ring of a page in memory of the test's own: the consumer's position is word 0, the producer's word 512, the
// data begins at word 1024 and once more at word 1536.
func ringOf(t *testing.T, typ abi.MapType) (maps.Map, []atomic.Uint64) {
	spec := maps.Spec{Type: typ, MaxEntries: ringSize, CPUs: 1}
	words, errno := maps.MappableWords(spec)
	require.Equal(t, abi.OK, errno)
	require.EqualValues(t, 4*512, words)
	memory := make([]atomic.Uint64, words)
	return maps.NewMappable(spec, memory), memory
}

const (
	consWord  = 0
	prodWord  = 512
	dataWord  = 1024
	imageWord = 1536
)

func TestRingBufHeaders(t *testing.T) {
	m, memory := ringOf(t, abi.RingBuf)
	ring := m.(maps.Ring)
	first := ring.Reserve(on(0), 12, 0)
	first.Write(0, []byte("abcdefgh"))
	first.Write(8, []byte("ijkl"))
	require.EqualValues(t, abi.RingBusy|12|3<<32, memory[dataWord].Load())
	second := ring.Reserve(on(0), 0, 0)
	second.Discard(on(0), 0)
	require.EqualValues(t, 32, memory[prodWord].Load())
	require.EqualValues(t, 32, ring.Query(on(0), abi.RingAvailData))
	require.Zero(t, ring.Consume(on(0), func([]byte) { t.Fatal("the first is not committed") }))
	first.Submit(on(0), 0)
	require.EqualValues(t, 12|3<<32, memory[dataWord].Load())
	require.EqualValues(t, abi.RingDiscard|3<<32, memory[dataWord+3].Load())
	for at := range ringSize / 8 {
		require.Equal(t, memory[dataWord+at].Load(), memory[imageWord+at].Load(), at)
	}
	var got []string
	require.Equal(t, 1, ring.Consume(on(0), func(data []byte) { got = append(got, string(data)) }))
	require.Equal(t, []string{"abcdefghijkl"}, got)
	require.EqualValues(t, 32, memory[consWord].Load())
	require.PanicsWithValue(t, "maps: a ring buffer's record is committed twice", func() { first.Submit(on(0), 0) })
	require.Panics(t, func() { ring.Reserve(on(0), 4, 0).Write(1, []byte("abcd")) })
}

// A record may take all of the ring but a word, and at the end goes on at the beginning.
func TestRingBufRoom(t *testing.T) {
	m, _ := ringOf(t, abi.RingBuf)
	ring := m.(maps.Ring)
	nothing := func([]byte) {}
	require.Nil(t, ring.Reserve(on(0), ringSize-8, 0), "the whole ring")
	require.Nil(t, ring.Reserve(on(0), 1<<30, 0), "too large for a header")
	require.Nil(t, ring.Reserve(on(0), 8, 1), "flags")
	require.Equal(t, abi.EINVAL, ring.Output(on(0), nil, 4))
	require.Equal(t, abi.OK, ring.Output(on(0), make([]byte, ringSize-16), 0))
	require.Equal(t, abi.EAGAIN, ring.Output(on(0), nil, 0))
	require.Equal(t, 1, ring.Consume(on(0), nothing))
	require.Equal(t, abi.OK, ring.Output(on(0), []byte("across the end"), 0))
	require.Equal(t, 1, ring.Consume(on(0), func(data []byte) { require.Equal(t, "across the end", string(data)) }))
}

// Who waits is woken up for the record that the consumer is at, and for others only by force.
func TestRingBufWakesUp(t *testing.T) {
	m, _ := ringOf(t, abi.RingBuf)
	ring, wakes := m.(maps.Ring), 0
	m.(maps.Waited).OnWake(func() { wakes++ })
	for i, c := range []struct {
		flags uint64
		wakes int
	}{{abi.RingNoWakeup, 0}, {0, 0}, {abi.RingForceWakeup, 1}, {abi.RingForceWakeup | abi.RingNoWakeup, 1}} {
		wakes = 0
		require.Equal(t, abi.OK, ring.Output(on(0), nil, c.flags))
		require.Equal(t, c.wakes, wakes, i)
		require.True(t, m.(maps.Waited).Ready())
	}
	require.Equal(t, 4, ring.Consume(on(0), func([]byte) {}))
	require.False(t, m.(maps.Waited).Ready())
	require.Equal(t, abi.OK, ring.Output(on(0), nil, 0))
	require.Equal(t, 2, wakes)
}

// A sample is what the process wrote, through the data, its image or both, whatever lay there before.
func TestUserRingImages(t *testing.T) {
	m, memory := ringOf(t, abi.UserRingBuf)
	ring := m.(maps.UserRing)
	for round := range uint64(5) {
		prod := memory[prodWord].Load()
		at := int(prod % ringSize / 8)
		header, word := []int{dataWord, imageWord}[round%2], []int{imageWord, imageWord, dataWord}[round%3]
		memory[header+at].Store(ringSize/2 + 8*round)
		memory[word+(at+1)%512].Store(7 * round)
		memory[prodWord].Store(prod + ringSize/2 + 8*round + 8)
		n, errno := ring.Drain(on(0), func(sample []byte) bool {
			require.Len(t, sample, int(ringSize/2+8*round))
			require.EqualValues(t, 7*round, sample[0])
			return false
		}, 0)
		require.Equal(t, abi.OK, errno)
		require.Equal(t, 1, n)
	}
}

func TestUserRingProduceAndDrain(t *testing.T) {
	m, errno := maps.New(maps.Spec{Type: abi.UserRingBuf, MaxEntries: ringSize, CPUs: 1})
	require.Equal(t, abi.OK, errno)
	ring, wakes := m.(maps.UserRing), 0
	m.(maps.Waited).OnWake(func() { wakes++ })
	require.Equal(t, abi.E2BIG, ring.Produce(on(0), make([]byte, ringSize)))
	next := 0
	for produced := 0; produced < 1000; {
		errno := ring.Produce(on(0), fmt.Appendf(nil, "sample %d", produced))
		if errno == abi.OK {
			produced++
			continue
		}
		require.Equal(t, abi.ENOSPC, errno)
		_, errno = ring.Drain(on(0), func(sample []byte) bool {
			require.Equal(t, fmt.Sprintf("sample %d", next), string(sample))
			next++
			_, errno := ring.Drain(on(0), nil, 0)
			require.Equal(t, abi.EBUSY, errno)
			return next%10 == 0
		}, 0)
		require.Equal(t, abi.OK, errno)
	}
	require.Greater(t, next, 500)
	require.Positive(t, wakes)
	_, errno = ring.Drain(on(0), nil, 4)
	require.Equal(t, abi.EINVAL, errno)
}

// Whatever others write into what they can map, the helpers come to an end and stay inside.
func TestRingsInHostileMemory(t *testing.T) {
	random := rand.New(rand.NewPCG(12, 3))
	ringMap, ringMemory := ringOf(t, abi.RingBuf)
	userMap, userMemory := ringOf(t, abi.UserRingBuf)
	ring, user := ringMap.(maps.Ring), userMap.(maps.UserRing)
	words := []uint64{0, 1, 8, ringSize - 1, ringSize, 1 << 30, 1 << 31, 1<<31 | 8, 1 << 32, 1<<63 - 8, ^uint64(0), ^uint64(7)}
	for range 20_000 {
		for range random.IntN(8) {
			at := []int{consWord, prodWord, prodWord + 1, dataWord + random.IntN(1024)}[random.IntN(4)]
			v := words[random.IntN(len(words))] + 8*uint64(random.IntN(3))
			ringMemory[at].Store(v)
			userMemory[at].Store(v)
		}
		_ = ring.Output(on(0), make([]byte, random.IntN(ringSize)), uint64(random.IntN(4)))
		if record := ring.Reserve(on(0), uint64(random.IntN(2*ringSize)), 0); record != nil {
			record.Write(0, make([]byte, record.Size()))
			record.Discard(on(0), 0)
		}
		n, errno := user.Drain(on(0), func(sample []byte) bool { return len(sample) > ringSize }, 0)
		require.Contains(t, []abi.Errno{abi.OK, abi.EINVAL, abi.E2BIG}, errno)
		require.LessOrEqual(t, n, 128<<10)
	}
}
