package recording

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
)

// Programs change the elements of an array with BPF_F_MMAPABLE without a call, through a mapping. What they changed is found when the next call on the
// map begins.

// stores are the contents of such arrays as the last call left them.
type stores struct {
	mu   sync.Mutex
	last map[*bpfsys.Map][]uint64
}

// mostLookedAt bounds the arrays that are looked at, in words.
const mostLookedAt = 1 << 17

// lookedAt are the words of an array that programs may change.
func lookedAt(m *bpfsys.Map) bool {
	return m != nil && m.Backing() != nil && m.Spec().Type == abi.Array && len(m.Backing().Words()) <= mostLookedAt
}

// changed notes what was stored in m since the last call.
func (s *stores) changed(m *bpfsys.Map, note func(index int, value []byte)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	words, size := m.Backing().Words(), int(m.Spec().ValueSize)
	last := s.last[m]
	if last == nil {
		last = make([]uint64, len(words))
	}
	stride := (size + 7) / 8
	for at := 0; stride > 0 && at+stride <= len(words); at += stride {
		value, differs := make([]byte, 8*stride), false
		for i := range stride {
			word := words[at+i].Load()
			binary.LittleEndian.PutUint64(value[8*i:], word)
			differs = differs || word != last[at+i]
		}
		if differs {
			note(at/stride, value[:size])
		}
	}
	s.keep(m, last)
}

// keep remembers what m has now. The lock is held.
func (s *stores) keep(m *bpfsys.Map, last []uint64) {
	words := m.Backing().Words()
	for i := range last {
		last[i] = words[i].Load()
	}
	if s.last == nil {
		s.last = map[*bpfsys.Map][]uint64{}
	}
	s.last[m] = last
}

// left remembers what a call has left in m.
func (s *stores) left(m *bpfsys.Map) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(m, s.last[m])
}

func (s *stores) forget(o bpfsys.Object) {
	if m, ok := o.(*bpfsys.Map); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.last, m)
	}
}

// Store is what a program stored in an array through a mapping.
type Store struct {
	Map   string
	Index int
	Value []byte
}

// Event is the store's event.
func (s Store) Event() Event {
	return Event{Stored, fmt.Sprintf("%s,%d,%s", s.Map, s.Index, hex.EncodeToString(s.Value))}
}

// ParseStore reads what an event says.
func ParseStore(e Event) (s Store, err error) {
	parts := strings.Split(e.What, ",")
	if e.Verb != Stored || len(parts) != 3 {
		return s, fmt.Errorf("%s: want a map, an index and a value", e)
	}
	s.Map = parts[0]
	if s.Index, err = strconv.Atoi(parts[1]); err != nil || s.Index < 0 {
		return s, fmt.Errorf("%s: %q is no index", e, parts[1])
	}
	s.Value, err = hex.DecodeString(parts[2])
	return s, err
}
