package maps_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// A queue and a stack against a slice, oldest first. A full map drops the oldest under Exist, a STACK too.
func TestSequenceAgainstSlice(t *testing.T) {
	for _, kind := range []abi.MapType{abi.Queue, abi.Stack} {
		t.Run(kind.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { sequence(t, kind) })
		})
	}
}

func sequence(t *rapid.T, kind abi.MapType) {
	limit := rapid.IntRange(1, 9).Draw(t, "entries")
	m, errno := maps.New(maps.Spec{Type: kind, ValueSize: 1, MaxEntries: uint32(limit), CPUs: 1})
	require.Equal(t, abi.OK, errno)
	q := m.(maps.Sequence)
	var held []byte
	for i, push := range rapid.SliceOfN(rapid.Bool(), 1, 60).Draw(t, "push") {
		if push {
			require.Equal(t, abi.OK, q.Push(on(0), []byte{byte(i)}, abi.Exist))
			held = append(held, byte(i))
			held = held[max(0, len(held)-limit):]
			continue
		}
		got, peeked := []byte{0}, []byte{0}
		if len(held) == 0 {
			require.Equal(t, abi.ENOENT, q.Pop(on(0), got))
			continue
		}
		at := 0
		if kind == abi.Stack {
			at = len(held) - 1
		}
		require.Equal(t, abi.OK, q.Peek(on(0), peeked))
		require.Equal(t, abi.OK, q.Pop(on(0), got))
		require.Equal(t, held[at:at+1], got)
		require.Equal(t, got, peeked)
		held = append(held[:at:at], held[at+1:]...)
	}
}

// A queue whose oldest value is in the middle of its memory keeps the order when it gets more.
func TestQueueGrowsInTheMiddle(t *testing.T) {
	spec := base(abi.Queue)
	spec.MaxEntries = 10
	q := must(t, spec).(maps.Sequence)
	value, pushed, popped := make([]byte, 8), byte(0), byte(0)
	push := func(n int) {
		for range n {
			require.Equal(t, abi.OK, q.Push(on(0), []byte{pushed, 0, 0, 0, 0, 0, 0, 0}, abi.Any))
			pushed++
		}
	}
	pop := func(n int) {
		for range n {
			require.Equal(t, abi.OK, q.Pop(on(0), value))
			require.Equal(t, popped, value[0])
			popped++
		}
	}
	push(4)
	pop(2)
	push(5)
	pop(7)
}
