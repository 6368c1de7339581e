package model_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
)

// unseeded is a hash with a seed that nobody knows, holding 1, 2 and 3.
func (s *session) unseeded(kind abi.MapType) int32 {
	fd := s.create(shape{kind, 4, 8, 8, 0})
	for key := uint32(1); key <= 3; key++ {
		s.update(fd, key, key*10, abi.Any, abi.OK)
	}
	return fd
}

// ask judges GET_NEXT_KEY without holding it against other results: several keys may be legal.
func (s *session) ask(fd int32, key []byte, next uint32) bool {
	s.elem(fd, key, 0)
	states, _ := s.next(abi.MapGetNextKey, 24, 0, abi.OK, poke{valueAt, u32(next)})
	if len(states) == 1 {
		s.state = states[0]
	}
	return len(states) == 1
}

// Any order is legal, but it must be one: the same key follows the same key, none comes twice, none is left out.
func TestUnknownOrder(t *testing.T) {
	for _, order := range [][]uint32{{1, 2, 3}, {3, 1, 2}, {2, 3, 1}} {
		s := newSession(t, root)
		fd := s.unseeded(abi.Hash)
		yes := func(key []byte, next uint32) {
			if !s.ask(fd, key, next) {
				t.Fatalf("refused: %d behind % x", next, key)
			}
		}
		no := func(key []byte, next uint32) {
			if s.ask(fd, key, next) {
				t.Fatalf("accepted: %d behind % x", next, key)
			}
		}
		no(nil, 9) // an invented key
		yes(nil, order[0])
		no(nil, order[1])
		no(u32(order[0]), order[0])
		yes(u32(order[0]), order[1])
		no(u32(order[1]), order[0])
		s.elem(fd, u32(order[1]), 0)
		s.illegal(abi.MapGetNextKey, 24, 0, abi.ENOENT) // one is missing
		yes(u32(order[1]), order[2])
		s.elem(fd, u32(order[2]), 0)
		s.legal(abi.MapGetNextKey, 24, 0, abi.ENOENT)
		s.update(fd, order[1], 1, abi.Any, abi.OK) // moves, so all may be different now
		yes(nil, order[1])
	}
}

func TestUnknownOrderBatch(t *testing.T) {
	s := newSession(t, root)
	fd := s.unseeded(abi.LRUHash)
	s.batch(fd, 0, 8)
	s.illegal(abi.MapLookupAndDeleteBatch, 56, 0, abi.ENOENT, counted(2), token(8),
		keyOf(0, 3), keyOf(1, 1), valueOf(0, 30), valueOf(1, 10)) // one is missing
	s.illegal(abi.MapLookupAndDeleteBatch, 56, 0, abi.ENOENT, counted(3), token(8),
		keyOf(0, 3), keyOf(1, 1), keyOf(2, 1), valueOf(0, 30), valueOf(1, 10), valueOf(2, 10)) // one twice
	s.illegal(abi.MapLookupAndDeleteBatch, 56, 0, abi.ENOENT, counted(3), token(8),
		keyOf(0, 3), keyOf(1, 1), keyOf(2, 2), valueOf(0, 30), valueOf(1, 20), valueOf(2, 10)) // values exchanged
	s.legal(abi.MapLookupAndDeleteBatch, 56, 0, abi.ENOENT, counted(3), token(8),
		keyOf(0, 3), keyOf(1, 1), keyOf(2, 2), valueOf(0, 30), valueOf(1, 10), valueOf(2, 20))
	s.absent(fd, 3)
}
