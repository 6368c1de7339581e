package model

import (
	"bytes"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
)

// nested is a dump that has begun and not ended. Between the calls of its loop other calls run, which State.Next judges.
type nested struct {
	*begun
	loop *DumpLoop // nil when loose
}

// begun is what a dump has read before its loop.
type begun struct {
	call    Call
	dumping dumping
	loose   bool // the map's order or content, or an id in it, is unknown: nothing is known of the dump
}

// fork is n for another state. No dump is none.
func (n *nested) fork() *nested {
	if n == nil || n.loose {
		return n
	}
	loop := *n.loop
	loop.key, loop.record = bytes.Clone(loop.key), nil
	return &nested{n.begun, &loop}
}

// EnterDump is the state after c, a dump of the mails' loop (no BPF_F_DUMP_BUCKET, nothing removed), has come to the
// first call of its loop; nil, and why, when it had to fail before. Until LeaveDump the state is one in the middle of
// that dump, which holds its map.
func (s *State) EnterDump(c Call) (*State, string) {
	return s.moved(func(own *State) string { return own.enterDump(c) })
}

// StepDump is the state after one call of the loop, where another one follows; nil, and why, when none may follow, or
// when user memory is not what it must be. before is memory as it was right before that call.
func (s *State) StepDump(before Memory, r Result) (*State, string) {
	return s.moved(func(own *State) string { return own.stepDump(before, r) })
}

// LeaveDump is the state after the last call of the loop and what follows it; nil, and why, when the result is illegal.
func (s *State) LeaveDump(before Memory, r Result) (*State, string) {
	return s.moved(func(own *State) string { return own.leaveDump(before, r) })
}

// moved is s after move, nil when that says why not.
func (s *State) moved(move func(own *State) (why string)) (*State, string) {
	own := s.fork()
	if why := move(own); why != "" {
		return nil, why
	}
	return own, ""
}

// enterDump, stepDump and leaveDump move s, which nobody else has. When they say why not, it is of no use any more.
func (s *State) enterDump(c Call) (why string) {
	x := newRun(c, Result{}).on(s)
	defer x.end()
	errno := x.readAttr()
	n := &nested{begun: &begun{call: c}}
	if errno == abi.OK {
		n.dumping, errno = x.startDump()
	}
	if errno != abi.OK {
		return fmt.Sprintf("%v: want errno %v, saw its loop begin", c.Cmd, errno)
	}
	if n.loose = x.loose || n.dumping.shuffled(); !n.loose {
		n.loop = n.dumping.loop()
	}
	n.dumping.prev = bytes.Clone(n.dumping.prev) // which is in memory that the run uses again
	s.dump = n
	return ""
}

func (d dumping) shuffled() bool {
	h, ok := d.o.table.(*hash)
	return ok && h.order != nil
}

func (s *State) stepDump(before Memory, r Result) (why string) {
	n := s.dump
	if n.loose {
		return ""
	}
	x := n.resume(s, before, r)
	defer x.end()
	x.advance(n.dumping, n.loop)
	switch {
	case x.loose: // from here on
		n.begun = &begun{n.call, n.dumping, true}
		return ""
	case n.loop.Ask().Kind == AskDone:
		return fmt.Sprintf("%v: want its end, saw another call of its loop", n.call.Cmd)
	}
	if why := x.user.compare(r); why != "" {
		return fmt.Sprintf("%v, inside its loop: %s", n.call.Cmd, why)
	}
	return ""
}

func (s *State) leaveDump(before Memory, r Result) (why string) {
	n := s.dump
	s.dump = nil
	if n.dumping.o != nil {
		defer s.put(n.dumping.o.serial)
	}
	if n.loose {
		return ""
	}
	x := n.resume(s, before, r)
	defer x.end()
	x.advance(n.dumping, n.loop)
	switch {
	case x.loose:
		return ""
	case n.loop.Ask().Kind != AskDone:
		return fmt.Sprintf("%v: want another call of its loop, saw its end", n.call.Cmd)
	}
	if errno := x.endLoop(n.dumping, n.loop); errno != r.Errno || r.Ret != 0 {
		return fmt.Sprintf("%v: want errno %v, saw %v (result %d)", n.call.Cmd, errno, r.Errno, r.Ret)
	}
	if why := x.user.compare(r); why != "" {
		return fmt.Sprintf("%v (%v): %s", n.call.Cmd, r.Errno, why)
	}
	return ""
}

// resume goes on with the dump in s, on memory as it is now.
func (n *nested) resume(s *State, before Memory, r Result) *run {
	call := n.call
	call.Before = before
	return newRun(call, r).on(s)
}
