package bpfsys_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// prefix draws a key: long ones that are close to each other, and some short ones.
func (s *session) prefix(r *rand.Rand) {
	length, data := 16+r.Uint32N(17), r.Uint32()
	switch r.IntN(10) {
	case 0:
		length = r.Uint32N(34)
	case 1, 2, 3, 4:
		data &= 0xffff00ff
	}
	binary.LittleEndian.PutUint32(s.linuxMem[keysAt:], length)
	binary.BigEndian.PutUint32(s.linuxMem[keysAt+4:], data)
	binary.LittleEndian.PutUint64(s.linuxMem[valuesAt:], r.Uint64())
}

// Tries of thousands of prefixes, in which ways begin behind the first levels, answer what Linux's do while they grow and
// shrink, and are walked and read in the same order.
func TestLargeTriesLikeLinux(t *testing.T) {
	p := newPair(t)
	s := p.open(bpfsys.MapCreate{Type: abi.LPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 4000, Flags: abi.FlagNoPrealloc}, 0, 0)
	r := rand.New(rand.NewPCG(11, 1))
	elem := func(fd int32, at uint64) bpfsys.MapLookupElem {
		return bpfsys.MapLookupElem{FD: fd, Key: at + keysAt, Value: at + valuesAt}
	}
	update := func(fd int32, at uint64) bpfsys.Args { return bpfsys.MapUpdateElem(elem(fd, at)) }
	lookup := func(fd int32, at uint64) bpfsys.Args { return elem(fd, at) }
	next := func(fd int32, at uint64) bpfsys.Args {
		return bpfsys.MapGetNextKey{FD: fd, Key: at + keysAt, NextKey: at + keysAt}
	}
	remove := func(fd int32, at uint64) bpfsys.Args { return bpfsys.MapDeleteElem{FD: fd, Key: at + keysAt} }
	batch := func(fd int32, at uint64) bpfsys.Args {
		return bpfsys.MapLookupBatch{FD: fd, In: at + cursorAt, Out: at + cursorAt, Keys: at + keysAt, Values: at + valuesAt + 256, Count: 64}
	}
	for i := range 8_000 {
		s.prefix(r)
		s.do(lookup)
		s.prefix(r)
		if growing := i%4_000 < 2_500; growing {
			s.do(update)
		} else if s.do(next); i%3 > 0 {
			s.do(remove)
		}
		if i%1_000 == 0 {
			binary.LittleEndian.PutUint32(s.linuxMem[cursorAt:], 99) // no prefix
			for s.do(batch) == abi.OK {
			}
		}
	}
}
