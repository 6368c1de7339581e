package model_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// accepted makes a call of which nothing is known, so that every result is legal; the last one is what came of it.
func (s *session) accepted(cmd abi.Cmd, size uint32, ret int32, errnos ...abi.Errno) {
	s.t.Helper()
	var next *model.State
	for _, errno := range errnos {
		states, why := s.next(cmd, size, ret, errno, poke{inAt, []byte("anything")})
		next = one(s.t, states, why)
	}
	s.state = next
}

// Map types and commands that have no rules here allow every result, and so does a map of such a type.
func TestWithoutRules(t *testing.T) {
	s := newSession(t, root)
	s.put(attr(92, shape{abi.StructOps, 4, 8, 1, 0}.attr()))
	s.put(poke{attrAt + abi.CreateBTFVmlinuxValueTID, u32(77)})
	s.accepted(abi.MapCreate, 92, 9, abi.EINVAL, abi.ENOMEM, abi.OK)
	s.elem(9, u32(1), 0)
	s.accepted(abi.MapLookupElem, 32, 0, abi.EINVAL, abi.OK)
	s.accepted(abi.MapDeleteElem, 16, 0, abi.EINVAL, abi.OK)
	s.accepted(abi.ProgTestRun, 32, 11, abi.EPERM, abi.OK)
	s.legal(abi.Cmd(38), 32, 0, abi.EINVAL) // no such command
}

// Nobody can tell which key a fault kept from view; a fault where everything is writable is none.
func TestUnknownOrderFault(t *testing.T) {
	s := newSession(t, root)
	fd := s.unseeded(abi.Hash)
	s.elem(fd, nil, 0)
	s.illegal(abi.MapGetNextKey, 24, 0, abi.EFAULT)
	s.put(poke{attrAt + abi.ElemValue, u64(endOfRW - 2)})
	states, why := s.next(abi.MapGetNextKey, 24, 0, abi.EFAULT, poke{endOfRW - 2, []byte{3, 0}})
	one(t, states, why)
	s.batch(fd, 0, 8)
	s.put(poke{attrAt + abi.BatchKeys, u64(nowhere)})
	s.illegal(abi.MapLookupAndDeleteBatch, 56, 0, abi.EINVAL)
	states, why = s.next(abi.MapLookupAndDeleteBatch, 56, 0, abi.ENOSPC)
	one(t, states, why) // nothing is gone
	states, why = s.next(abi.MapLookupAndDeleteBatch, 56, 0, abi.EFAULT)
	require.Empty(t, why)
	require.Len(t, states, 8) // any of three elements may be gone
}

// Of the elements that a fault may have lost each is as it was or gone, and stays so.
func TestLostByAFault(t *testing.T) {
	s := newSession(t, root)
	fd := s.unseeded(abi.Hash)
	s.batch(fd, 0, 8)
	s.put(poke{attrAt + abi.BatchKeys, u64(nowhere)})
	after := func() *model.Possible {
		p := model.NewPossible(s.state)
		r := model.Result{Errno: abi.EFAULT, After: with(s.memory)}
		require.Empty(t, p.Next(model.Call{Cmd: abi.MapLookupAndDeleteBatch, Attr: attrAt, Size: 56, Before: s.memory}, r))
		return p
	}
	look := func(p *model.Possible, key, value uint32, errno abi.Errno) string {
		s.elem(fd, u32(key), 0)
		s.put(poke{valueAt, u64(0)})
		r := model.Result{Errno: errno, After: s.memory}
		if errno == abi.OK {
			r.After = with(s.memory, poke{valueAt, u64(uint64(value))})
		}
		return p.Next(model.Call{Cmd: abi.MapLookupElem, Attr: attrAt, Size: 32, Before: s.memory}, r)
	}
	before := s.memory
	for gone := range 8 {
		s.memory = before
		p := after()
		for round := range 2 {
			for key := uint32(1); key <= 3; key++ {
				is, isNot := abi.OK, abi.ENOENT
				if gone>>(key-1)&1 != 0 {
					is, isNot = isNot, is
				}
				require.NotEmpty(t, look(p, key, key*10+1, abi.OK), "another value")
				if round > 0 {
					require.NotEmpty(t, look(p, key, key*10, isNot), "not so any more")
				}
				require.Empty(t, look(p, key, key*10, is), "%d of %03b", key, gone)
			}
			require.NotEmpty(t, look(p, 4, 40, abi.OK), "a key that was never there")
		}
	}
}

// Where outputs overlap, the later write stays: info_len after the info, count after the token.
func TestOverlap(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(smallHash)
	s.put(attr(16, map[int][]byte{0: u32(uint32(fd)), 4: u32(16), 8: u64(lengthAt - 8)}))
	s.put(poke{lengthAt - 8, make([]byte, 8)}, poke{lengthAt, u32(16)})
	s.legal(abi.ObjGetInfoByFD, 16, 0, abi.EBADFD) // for attr itself was overwritten above
	fd = s.filled()
	s.batch(fd, 0, 2)
	s.put(poke{attrAt + abi.BatchOut, u64(attrAt + abi.BatchCount)})
	s.legal(abi.MapLookupBatch, 56, 0, abi.OK, counted(2), keyOf(0, 10), keyOf(1, 4), valueOf(0, 100), valueOf(1, 40))
	s.batch(fd, attrAt+abi.BatchCount, 2) // the token is read after count became 0
	s.legal(abi.MapLookupBatch, 56, 0, abi.OK, counted(2), token(3), keyOf(0, 10), keyOf(1, 4), valueOf(0, 100), valueOf(1, 40))
}

// put_user writes all four bytes or none; copy_to_user writes those in front of the fault.
func TestHalfWritableCount(t *testing.T) {
	s := newSession(t, root)
	fd := s.filled()
	const at = endOfRO - abi.BatchCount - 2 // two bytes of count are on the read-only page
	s.memory = with(s.memory, poke{at, make([]byte, abi.BatchCount+2)}, poke{at + abi.BatchCount, []byte{2, 0, 0, 0}},
		poke{at + abi.BatchMapFD, u32(uint32(fd))})
	call := model.Call{Cmd: abi.MapLookupBatch, Attr: at, Size: 56, Before: s.memory}
	states, why := s.state.Next(call, model.Result{Errno: abi.EFAULT, After: with(s.memory)})
	one(t, states, why)
}

// A machine without CAP_SYS_ADMIN refuses device maps before it looks at the type (measured).
func TestCreateForDevice(t *testing.T) {
	s := newSession(t, model.Config{CPUs: 2, BPF: true})
	s.put(attr(92, smallArray.attr()), poke{attrAt + abi.CreateMapIfindex, u32(1)})
	s.legal(abi.MapCreate, 92, 0, abi.EPERM)
	s.put(attr(92, smallQueue.attr()), poke{attrAt + abi.CreateMapIfindex, u32(1)})
	s.legal(abi.MapCreate, 92, 0, abi.EPERM)
}
