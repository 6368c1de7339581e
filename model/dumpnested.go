package model

import (
	"bytes"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
)

// nested is a dump that has begun and not ended. Between the calls of its loop other calls run, which State.Next judges.
type nested struct {
	*begun
	loop *DumpLoop // replaced, never changed
}

// begun is what a dump has read before its loop.
type begun struct {
	call    Call
	dumping dumping
	loose   bool // the map's order or content is unknown: nothing is known of the dump
}

// EnterDump is the state after c, a dump of the mails' loop (no BPF_F_DUMP_BUCKET, nothing removed), has come to the
// first call of its loop; nil, and why, when it had to fail before. Until LeaveDump the state is one in the middle of
// that dump, which holds its map.
func (s *State) EnterDump(c Call) (*State, string) {
	own := *s
	x := newRun(c, Result{}).on(&own)
	defer x.end()
	errno := x.readAttr()
	n := &nested{begun: &begun{call: c}}
	if errno == abi.OK {
		n.dumping, errno = x.startDump()
	}
	if errno != abi.OK {
		return nil, fmt.Sprintf("%v: want errno %v, saw its loop begin", c.Cmd, errno)
	}
	if n.loose = x.loose || n.dumping.shuffled(); !n.loose {
		n.loop = n.dumping.loop()
	}
	n.dumping.prev = bytes.Clone(n.dumping.prev) // which is in memory that the run uses again
	own.dump = n
	return &own, ""
}

func (d dumping) shuffled() bool {
	h, ok := d.o.table.(*hash)
	return ok && h.order != nil
}

// StepDump is the state after one call of the loop, where another one follows; nil, and why, when none may follow, or
// when user memory is not what it must be. before is memory as it was right before that call.
func (s *State) StepDump(before Memory, r Result) (*State, string) {
	x, l := s.resume(before, r)
	defer x.end()
	if x.loose {
		return x.state, ""
	}
	if x.advance(s.dump.dumping, l); l.Ask().Kind == AskDone {
		return nil, fmt.Sprintf("%v: want its end, saw another call of its loop", s.dump.call.Cmd)
	}
	if why := x.user.compare(r); why != "" {
		return nil, fmt.Sprintf("%v, inside its loop: %s", s.dump.call.Cmd, why)
	}
	x.state.dump = &nested{s.dump.begun, l}
	return x.state, ""
}

// LeaveDump is the state after the last call of the loop and what follows it; nil, and why, when the result is illegal.
func (s *State) LeaveDump(before Memory, r Result) (*State, string) {
	x, l := s.resume(before, r)
	defer x.end()
	x.state.dump = nil
	if o := s.dump.dumping.o; o != nil {
		defer x.state.put(o.serial)
	}
	if x.loose {
		return x.state, ""
	}
	cmd := s.dump.call.Cmd
	if x.advance(s.dump.dumping, l); l.Ask().Kind != AskDone {
		return nil, fmt.Sprintf("%v: want another call of its loop, saw its end", cmd)
	}
	if errno := x.endLoop(s.dump.dumping, l); errno != r.Errno || r.Ret != 0 {
		return nil, fmt.Sprintf("%v: want errno %v, saw %v (result %d)", cmd, errno, r.Errno, r.Ret)
	}
	if why := x.user.compare(r); why != "" {
		return nil, fmt.Sprintf("%v (%v): %s", cmd, r.Errno, why)
	}
	return x.state, ""
}

// resume goes on with the dump, on memory as it is now.
func (s *State) resume(before Memory, r Result) (*run, *DumpLoop) {
	own := *s // the loop changes no map
	call := s.dump.call
	call.Before = before
	x := newRun(call, r).on(&own)
	x.loose = s.dump.loose
	if x.loose {
		return x, nil
	}
	l := *s.dump.loop
	l.key = bytes.Clone(l.key)
	return x, &l
}
