package model_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
	"github.com/stretchr/testify/require"
)

// enter begins a dump with room for that many records.
func (s *session) enter(fd int32, room uint32) {
	s.t.Helper()
	s.dump(fd, 0, room)
	state, why := s.state.EnterDump(model.Call{Cmd: abi.MapDump, Attr: attrAt, Size: 40, Before: s.memory})
	require.Empty(s.t, why)
	s.state = state
}

// loops makes one call of the loop, which writes what is given, and checks that it may write nothing else.
func (s *session) loops(writes ...poke) {
	s.t.Helper()
	after := with(s.memory, writes...)
	_, why := s.state.StepDump(s.memory, model.Result{After: with(after, poke{outAt, []byte{0x99}})})
	require.NotEmpty(s.t, why)
	_, why = s.state.LeaveDump(s.memory, model.Result{After: after})
	require.NotEmpty(s.t, why, "the loop goes on")
	state, why := s.state.StepDump(s.memory, model.Result{After: after})
	require.Empty(s.t, why)
	s.state = state
	s.put(writes...)
}

// leave makes the last call, and checks that other results are none.
func (s *session) leave(errno abi.Errno, writes ...poke) {
	s.t.Helper()
	after := with(s.memory, writes...)
	_, why := s.state.StepDump(s.memory, model.Result{After: after})
	require.NotEmpty(s.t, why, "the loop ends")
	_, why = s.state.LeaveDump(s.memory, model.Result{Errno: abi.EINTR, After: after})
	require.NotEmpty(s.t, why)
	_, why = s.state.LeaveDump(s.memory, model.Result{Errno: errno, After: with(after, poke{attrAt, []byte{0x99}})})
	require.NotEmpty(s.t, why)
	state, why := s.state.LeaveDump(s.memory, model.Result{Errno: errno, After: after})
	require.Empty(s.t, why)
	s.state = state
	s.put(writes...)
}

// What happens between the calls of the loop changes what they find: 10 vanishes before it is copied and is skipped; 1
// vanishes behind a record, so that the walk begins again.
func TestNestedDump(t *testing.T) {
	s := newSession(t, root)
	fd := s.filled() // 10 4 1 9
	s.enter(fd, 36)
	s.loops() // finds 10
	s.delete(fd, 10, abi.OK)
	s.loops() // which is gone
	s.loops() // finds 4
	s.loops(records(4))
	s.loops() // finds 1
	s.delete(fd, 1, abi.OK)
	s.loops() // which is gone and is the cursor now
	s.loops() // finds 4 again
	second := records(4)
	second.addr += 12
	s.loops(second)
	s.loops() // finds 9
	third := records(9)
	third.addr += 24
	s.leave(abi.OK, third)
	s.walk(fd, 4, 9)
}

// A dump holds the map that it was given, until it ends.
func TestNestedDumpHoldsItsMap(t *testing.T) {
	s := newSession(t, root)
	fd := s.create(smallHash)
	s.enter(fd, 36)
	s.state = s.state.Close(fd)
	next := func(errno abi.Errno, writes ...poke) {
		s.put(attr(12, nil))
		states, why := s.next(abi.MapGetNextID, 12, 0, errno, writes...)
		s.state = one(t, states, why)
	}
	next(abi.OK, poke{attrAt + abi.IDNext, u32(7)})
	s.leave(abi.ENOENT)
	next(abi.ENOENT)
}

func TestNestedDumpMustBegin(t *testing.T) {
	s := newSession(t, root)
	s.dump(s.create(smallQueue), 0, 36)
	_, why := s.state.EnterDump(model.Call{Cmd: abi.MapDump, Attr: attrAt, Size: 40, Before: s.memory})
	require.Contains(t, why, "ENOTSUPP")
}

// Of an unknown order the model does not say what a dump with others inside finds.
func TestNestedDumpUnknownOrder(t *testing.T) {
	s := newSession(t, root)
	fd := s.unseeded(abi.Hash)
	s.enter(fd, 36)
	for range 3 {
		state, why := s.state.StepDump(s.memory, model.Result{After: with(s.memory, records(2))})
		require.Empty(t, why)
		s.state = state
	}
	_, why := s.state.LeaveDump(s.memory, model.Result{Errno: abi.ENOENT, After: s.memory})
	require.Empty(t, why)
}
