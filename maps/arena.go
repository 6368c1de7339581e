package maps

import (
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
)

// sharedPages is ARENA (arena.c): pages that programs and processes share, without keys and values.
type sharedPages struct {
	oneByOne
	spec   Spec
	words  words
	memory []atomic.Uint64 // instead of words, where processes map it
}

func newArena(spec Spec) *sharedPages {
	return &sharedPages{spec: spec, words: newWords(arenaBytes(spec) / 8)}
}

func newMappedArena(spec Spec, memory []atomic.Uint64) *sharedPages {
	return &sharedPages{spec: spec, memory: memory}
}

// Memory is what a program reads and writes in an arena.
type Memory interface {
	// Word is a word of 8 bytes, counted from the arena's start; nil behind its end.
	Word(i uint64) *atomic.Uint64
}

// Word is a word of 8 bytes, whether or not its page was touched before.
func (a *sharedPages) Word(i uint64) *atomic.Uint64 {
	switch {
	case i >= arenaBytes(a.spec)/8:
		return nil
	case a.memory != nil:
		return &a.memory[i]
	}
	return a.words.touch(i)
}

// noBytes is what Linux takes for an arena when it makes one: pages come when they are touched.
func noBytes(Spec) uint64 { return 0 }

func arenaBytes(spec Spec) uint64 { return pageSize * uint64(spec.MaxEntries) }

func (a *sharedPages) Spec() Spec      { return a.spec }
func (a *sharedPages) ValueBytes() int { return 0 }

// Memlock is what fdinfo of 6.18 shows: pages are not counted.
func (a *sharedPages) Memlock() uint64 { return 0 }

// Lookup is no operation of an arena.
func (a *sharedPages) Lookup(*Task, []byte, []byte) abi.Errno { return abi.EINVAL }

// Update is no operation of an arena.
func (a *sharedPages) Update(*Task, []byte, []byte, uint64) abi.Errno { return abi.EOPNOTSUPP }

// Delete is no operation of an arena.
func (a *sharedPages) Delete(*Task, []byte) abi.Errno { return abi.EOPNOTSUPP }

// NextKey is no operation of an arena.
func (a *sharedPages) NextKey(*Task, []byte, []byte) abi.Errno { return abi.EOPNOTSUPP }
